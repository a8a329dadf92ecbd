package dev.gatun.tools;

import dev.gatun.loader.hub.CachedModel;
import dev.gatun.loader.hub.HubCache;
import dev.gatun.loader.hub.HubEnvironment;
import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun cache}: what lies in the Hugging Face cache. */
@Command(
    name = "cache",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(ls | rm | verify)",
    description = {
      "Lists, removes and checks the models in the Hugging Face cache (HF_HUB_CACHE, HF_HOME).",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  gatun cache ls",
      "  gatun cache rm google-t5/t5-small",
      "  gatun cache verify",
    })
final class CacheCommand implements Runnable {
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ISO_LOCAL_DATE.withZone(ZoneId.systemDefault());

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Which of ls, rm and verify?");
  }

  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "Lists every model: id, size, and its revisions with files, size and day.")
  int ls() {
    var cache = new HubCache(HubEnvironment.system());
    PrintWriter out = spec.commandLine().getOut();
    long total = 0;
    List<CachedModel> models = cache.models();
    for (CachedModel model : models) {
      total += model.bytes();
      out.printf("%-52s %10s%n", model.id(), Sizes.of(model.bytes()));
      for (CachedModel.Revision revision : model.revisions()) {
        String refs = revision.refs().isEmpty() ? "" : " " + String.join(", ", revision.refs());
        out.printf(
            "  %-50s %10s  %d files  %s%n",
            revision.commit() + refs,
            Sizes.of(revision.bytes()),
            revision.files(),
            DAY.format(revision.downloaded()));
      }
    }
    out.printf("%d models, %s in %s%n", models.size(), Sizes.of(total), cache.directory());
    return Gatun.OK;
  }

  @Command(
      name = "rm",
      mixinStandardHelpOptions = true,
      description = {
        "Removes models, or with --revision one revision of a model and what only it uses. Content",
        "that Python shares between models (blobs in the cache's own folder) stays: hf cache prune."
      })
  int rm(
      @Parameters(paramLabel = "MODEL", arity = "1..*", description = "Ids, as cache ls shows.")
          List<String> models,
      @Option(
              names = "--revision",
              paramLabel = "REV",
              description = "Only this branch, tag or commit.")
          String revision) {
    var cache = new HubCache(HubEnvironment.system());
    PrintWriter out = spec.commandLine().getOut();
    for (String model : models) {
      long freed = revision == null ? cache.remove(model) : cache.remove(model, revision);
      out.println("removed " + model + ", " + Sizes.of(freed));
    }
    return Gatun.OK;
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Reads every file and compares it with the hash that the hub named it by. Exit status 1 if",
        "anything is wrong; changes nothing."
      })
  int verify(
      @Parameters(paramLabel = "MODEL", arity = "0..*", description = "Ids; all models if none.")
          List<String> models) {
    var cache = new HubCache(HubEnvironment.system());
    PrintWriter out = spec.commandLine().getOut();
    List<String> ids = models == null ? new ArrayList<>() : models;
    if (ids.isEmpty()) {
      ids = cache.models().stream().map(CachedModel::id).toList();
    }
    boolean good = true;
    for (String id : ids) {
      List<String> problems = cache.verify(id);
      out.println(id + (problems.isEmpty() ? ": good" : ":"));
      problems.forEach(problem -> out.println("  " + problem));
      good &= problems.isEmpty();
    }
    return good ? Gatun.OK : Gatun.FAILED;
  }
}
