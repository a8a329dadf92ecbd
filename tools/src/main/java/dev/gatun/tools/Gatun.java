package dev.gatun.tools;

import dev.gatun.loader.GatunException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The {@code gatun} command: parses arguments, runs a subcommand, turns exceptions into one line.
 */
@Command(
    name = "gatun",
    description = "Runs Hugging Face transformer checkpoints on this machine.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "MODEL is a directory with config.json and *.safetensors, or the id of a model, as",
      "sentence-transformers/all-MiniLM-L6-v2: downloaded once, into the Hugging Face cache.",
      "",
      "Examples:",
      "  gatun generate --chars 1000 --temperature 0.7",
      "  gatun inspect-config gpt2",
      "  gatun embed sentence-transformers/all-MiniLM-L6-v2 'A text.' 'Another.' --similarity",
      "  gatun devices",
      "  gatun logits bert-base-uncased --text 'Paris is the [MASK] of France.'",
      "  gatun verify conformance/fixtures/bert-model",
      "",
      "gatun COMMAND --help tells more about each.",
    })
final class Gatun implements Runnable {
  /** The run succeeded; what it found may still be bad news where the command says so. */
  static final int OK = 0;

  /** Something could not be done, or a verification failed. */
  static final int FAILED = 1;

  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "On an error, print the stack trace too.")
  private boolean debug;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Which command? See below.");
  }

  public static void main(String[] arguments) {
    var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int status = execute(new StandardOutput(), err, arguments);
    // System.exit would first set up logging for a line that says so, which takes a while. Nothing
    // here waits for the end of the process: commands close what they open.
    Runtime.getRuntime().halt(status);
  }

  /** Runs a command line; one whose output is lost has failed. */
  static int execute(StandardOutput output, PrintWriter err, String... arguments) {
    var out = new PrintWriter(output, false, StandardCharsets.UTF_8);
    int status = execute(out, err, arguments);
    out.flush();
    output.message().ifPresent(words -> err.println("gatun: " + words));
    return output.failed() ? Math.max(status, FAILED) : status;
  }

  /** Runs a command line, writing to {@code out} and {@code err}; gives the exit status. */
  static int execute(PrintWriter out, PrintWriter err, String... arguments) {
    var gatun = new Gatun();
    var commandLine = new CommandLine(gatun);
    addSubcommands(commandLine, arguments.length == 0 ? "" : arguments[0]);
    commandLine
        .setOut(out)
        .setErr(err)
        .setUsageHelpWidth(100)
        .setExecutionExceptionHandler(
            (exception, command, _) -> {
              command.getOut().flush();
              command.getErr().println("gatun: " + gatun.inWords(exception));
              if (gatun.debug) {
                exception.printStackTrace(command.getErr());
              }
              return FAILED;
            });
    try {
      return commandLine.execute(arguments);
    } catch (OutOfMemoryError e) {
      err.printf(
          "gatun: out of memory (%s); GATUN_JAVA_OPTS=-Xmx8g gives Java 8 GB%n", e.getMessage());
      return FAILED;
    }
  }

  /**
   * Adds the subcommand that is asked for, else all of them. Picocli looks through every class it
   * is given, which for all would take longer than many a command.
   */
  private static void addSubcommands(CommandLine commandLine, String asked) {
    var all = new LinkedHashMap<String, Supplier<Object>>();
    all.put("bench", BenchCommand::new);
    all.put("cache", CacheCommand::new);
    all.put("classify", ClassifyCommand::new);
    all.put("devices", DevicesCommand::new);
    all.put("download", DownloadCommand::new);
    all.put("embed", EmbedCommand::new);
    all.put("generate", GenerateCommand::new);
    all.put("inspect-config", InspectConfig::new);
    all.put("logits", LogitsCommand::new);
    all.put("rerank", RerankCommand::new);
    all.put("verify", VerifyCommand::new);
    if (all.containsKey(asked)) {
      all.keySet().retainAll(Set.of(asked));
    }
    all.forEach((name, command) -> commandLine.addSubcommand(name, command.get()));
  }

  private String inWords(Exception exception) {
    return switch (exception) {
      case GatunException e -> e.getMessage();
      case IllegalArgumentException e -> e.getMessage();
      case IllegalStateException e -> e.getMessage();
      case NoSuchFileException e -> e.getMessage() + ": no such file or directory";
      case UncheckedIOException e -> ioInWords(e.getCause());
      case IOException e -> ioInWords(e);
      default ->
          "unexpected "
              + exception
              + (debug ? "" : "; --debug prints where, which helps in a bug report");
    };
  }

  private static String ioInWords(IOException e) {
    return e.getClass() == IOException.class ? e.getMessage() : e.toString();
  }
}
