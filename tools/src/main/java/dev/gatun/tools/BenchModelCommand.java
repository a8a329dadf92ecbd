package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.Model;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun bench model}: how fast a model runs. */
@Command(
    name = "model",
    mixinStandardHelpOptions = true,
    description = {
      "Measures a model on random token ids.",
      "",
      "An encoder makes one forward pass of the batch for its last hidden state. A model that",
      "writes text reads the prompts and writes --generate tokens behind each, greedily and never",
      "stopping early; all sequences take each step together. Without --generate it writes one:",
      "the time is that of reading the prompts, with logits of each last token only.",
      "",
      UsefulWork.FORMULA + ",",
      "with the language-model head for tokens written only; nothing is padded, nothing of padding",
      "counted. tokens: those read, or with --generate above 1 those written.",
      "",
    },
    footer = {
      "",
      "--serve prints {\"ready\": true} and answers each line of standard input, as",
      "  {\"lengths\": \"8x128\", \"seconds\": 1} or {\"ids\": [[5, 6]], \"generate\": 8, \"values\": true}",
      "with one line: the object of --json, or with \"values\" what the model gave.",
      "",
      "Examples:",
      "  gatun bench model bert-base-uncased --lengths 8x128 --threads 2",
      "  gatun bench model bert-base-uncased --lengths 16,77,512 --json",
      "  gatun bench model gpt2 --lengths 512",
      "  gatun bench model gpt2 --lengths 16 --batch 16 --generate 64",
    })
final class BenchModelCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "Directory or id of a model.")
  private String model;

  @Option(
      names = "--lengths",
      paramLabel = "L",
      defaultValue = "8x128",
      description = "Tokens of each sequence: 8x128, or 16,77,512 (${DEFAULT-VALUE}).")
  private String lengths;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "1",
      description = "Repeat the sequences of --lengths B times in one batch (${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--generate",
      paramLabel = "N",
      description = "Write N tokens behind each sequence.")
  private Integer generate;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "3",
      description = "Measure for S seconds, at least 3 runs (${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of the token ids (${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--json", description = "Print one JSON object instead of the table.")
  private boolean json;

  @Option(names = "--serve", description = "Measure what standard input asks for; see below.")
  private boolean serve;

  @Mixin private RunOptions run;

  @Override
  public Integer call() throws IOException {
    int[] sequences = sequences();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    ObjectNode result;
    try (Model loaded = load(err)) {
      var bench = new ModelBench(loaded);
      if (serve) {
        new BenchServer(loaded, bench, seed).serve(LineServer.standardInput(), out);
        return Gatun.OK;
      }
      int newTokens = generate == null ? bench.defaultNewTokens() : generate;
      if (newTokens > 0 && !loaded.canGenerate()) {
        throw new IllegalArgumentException(
            loaded.architecture() + " does not generate text: drop --generate");
      }
      try (var _ = Progress.of(err, "measuring " + model)) {
        result = bench.measure(bench.random(sequences, newTokens, seed), seconds / 3, seconds);
      }
    }
    result.put("model", model).put("lengths", batch == 1 ? lengths : batch + " x " + lengths);
    if (json) {
      out.println(result);
    } else {
      result
          .properties()
          .forEach(
              e ->
                  out.printf(
                      "%-13s %s%n",
                      e.getKey(),
                      e.getValue().isDouble()
                          ? "%.3f".formatted(e.getValue().asDouble())
                          : e.getValue().asText()));
    }
    return Gatun.OK;
  }

  private Model load(PrintWriter err) {
    Path directory = run.locate(model, err);
    try (var _ = Progress.of(err, "loading " + model)) {
      return Model.load(directory, run.toLoadOptions());
    }
  }

  private int[] sequences() {
    if (batch < 1 || !(seconds > 0) || (generate != null && generate < 1)) {
      throw usage("--batch and --generate must be at least 1, --seconds above 0");
    }
    try {
      return Workload.parseLengths(lengths, batch);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }
}
