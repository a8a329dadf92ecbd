package dev.gatun.tools;

import dev.gatun.GenerationOptions;
import dev.gatun.Model;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun generate}: continues a text, printing it as it is written. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = {
      "Continues a text, printing it as it is written.",
      "",
      "Without MODEL the bundled one writes: a GPT-2 of 0.8 million parameters that read",
      "Shakespeare character by character.",
      "",
      "A text may grow beyond what the model can see at once. Then the model reads the last half",
      "of its window again and goes on from there: it has forgotten what came before.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun generate --chars 1000 --temperature 0.7",
      "  gatun generate --prompt 'ROMEO:' --chars 300 --seed 42",
      "  gatun generate gpt2 --prompt 'The meaning of life is' --max-new-tokens 30 --greedy",
    })
final class GenerateCommand implements Callable<Integer> {
  private static final double DEFAULT_TEMPERATURE = 0.7;
  private static final int DEFAULT_TOKENS = 100;

  @Spec private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "MODEL", description = "Directory or id of a model.")
  private String model;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "What the text begins with, or what an encoder-decoder model reads.")
  private String prompt = "";

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Stop after N tokens (" + DEFAULT_TOKENS + ", where --chars is not given).")
  private Integer maxNewTokens;

  @Option(names = "--chars", paramLabel = "N", description = "Stop after N characters of new text.")
  private Integer chars;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description =
          "Logits are divided by T before a token is drawn: below 1 safer, above 1 wilder ("
              + DEFAULT_TEMPERATURE
              + ").")
  private Double temperature;

  @Option(
      names = "--greedy",
      description = "Always take the most likely token; what encoder-decoder models do anyway.")
  private boolean greedy;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of the drawing; the same seed gives the same text. Printed when not given.")
  private Long seed;

  @Mixin private RunOptions run;

  @Override
  public Integer call() {
    requireSensible();
    PrintWriter err = spec.commandLine().getErr();
    Path directory = model == null ? BundledModel.directory() : run.locate(model, err);
    try (LoadedText loaded = LoadedText.open(directory, model, run.toLoadOptions(), err)) {
      Model network = loaded.model();
      if (!network.canGenerate()) {
        throw new IllegalArgumentException(
            network.architecture()
                + " does not generate text; 'gatun logits' shows what it predicts");
      }
      boolean draws = !greedy && (temperature != null || !loaded.isEncoderDecoder());
      GenerationOptions options = GenerationOptions.greedy(tokens());
      if (draws) {
        long chosen = seed == null ? RandomGenerator.getDefault().nextLong(1, 1L << 31) : seed;
        if (seed == null) {
          err.println("gatun: --seed " + chosen + " writes this text again");
        }
        options =
            options
                .withTemperature(temperature == null ? DEFAULT_TEMPERATURE : temperature)
                .withSeed(chosen);
      }
      new TextWriter(loaded, options, chars == null ? Integer.MAX_VALUE : chars)
          .write(prompt, spec.commandLine().getOut());
      return Gatun.OK;
    }
  }

  /** A character takes at most a few tokens; the count of characters stops the text. */
  private int tokens() {
    if (maxNewTokens != null) {
      return maxNewTokens;
    }
    return chars == null ? DEFAULT_TOKENS : Math.toIntExact(Math.min(4L * chars, 1 << 30));
  }

  private void requireSensible() {
    requireAtLeast("--max-new-tokens", maxNewTokens, 1);
    requireAtLeast("--chars", chars, 1);
    if (temperature != null && (!(temperature > 0) || temperature.isInfinite())) {
      throw usage(
          "--temperature is " + temperature + "; it must be above 0 (--greedy draws nothing)");
    }
    if (greedy && (temperature != null || seed != null)) {
      throw usage("--greedy draws nothing: drop it, or --temperature and --seed");
    }
  }

  private void requireAtLeast(String option, Integer value, int least) {
    if (value != null && value < least) {
      throw usage(option + " is " + value + "; it must be at least " + least);
    }
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }
}
