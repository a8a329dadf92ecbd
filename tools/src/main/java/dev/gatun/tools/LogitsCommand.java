package dev.gatun.tools;

import dev.gatun.Inputs;
import dev.gatun.LoadOptions;
import dev.gatun.Model;
import dev.gatun.Outputs;
import dev.gatun.loader.config.GenerationConfig;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.T5Config;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.Tokenizer;
import dev.gatun.tokenizers.TokenizerException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun logits}: one forward pass, and what the model makes of its input. */
@Command(
    name = "logits",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a model once and shows its best predictions: the token behind each [MASK], the next",
      "token, the label of a text or of each token, or where an answer begins and ends.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun logits bert-base-uncased --text 'Paris is the [MASK] of France.'",
      "  gatun logits gpt2 --text 'Paris is the capital of' --top 10",
      "  gatun logits my-qa-model --text 'Who wrote it?' --pair 'Jane wrote it in 1813.'",
      "  gatun logits t5-small --ids 13959,1566,12,2968,10,1 --decoder-ids 0 --npy logits.npy",
    })
final class LogitsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "Directory or id of a model.")
  private String model;

  @ArgGroup(multiplicity = "1")
  private Input input;

  /** Text for the tokenizer, or its ids. */
  private static final class Input {
    @Option(names = "--text", paramLabel = "TEXT", description = "What the model reads.")
    private String text;

    @Option(
        names = "--ids",
        paramLabel = "ID,ID...",
        split = ",",
        description = "Token ids instead, special tokens included.")
    private int[] ids;
  }

  @Option(names = "--pair", paramLabel = "TEXT", description = "A second text beside --text.")
  private String pair;

  @Option(
      names = "--decoder-ids",
      paramLabel = "ID,ID...",
      split = ",",
      description =
          "What the decoder of an encoder-decoder model has written; without it, its first token.")
  private int[] decoderIds;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "5",
      description = "How many predictions to show (${DEFAULT-VALUE}).")
  private int top;

  @Option(
      names = "--npy",
      paramLabel = "FILE",
      description = "Write all logits, as float32 in NumPy's format, to FILE.")
  private Path npy;

  @Mixin private RunOptions run;

  @Override
  public Integer call() throws IOException {
    if (top < 1) {
      throw new ParameterException(spec.commandLine(), "--top is " + top + "; at least 1 needed");
    }
    if (pair != null && input.text == null) {
      throw new ParameterException(spec.commandLine(), "--pair goes with --text, not with --ids");
    }
    PrintWriter out = spec.commandLine().getOut();
    LoadOptions options = run.toLoadOptions();
    try (Model loaded = load(options)) {
      Set<String> wanted = logitsOf(loaded);
      try (Tokenizer tokenizer = tokenizerOf(loaded)) {
        Inputs inputs = inputs(loaded, tokenizer);
        Outputs outputs = loaded.forward(inputs, wanted);
        new Predictions(loaded, tokenizer, inputs, outputs, top).print(out);
        if (npy != null) {
          String first = wanted.iterator().next();
          NpyWriter.write(npy, outputs.values(first, 0), outputs.shape(first, 0));
          out.println(first + " " + Arrays.toString(outputs.shape(first, 0)) + " -> " + npy);
        }
      }
    }
    return Gatun.OK;
  }

  private Model load(LoadOptions options) {
    PrintWriter err = spec.commandLine().getErr();
    Path directory = run.locate(model, err);
    try (var _ = Progress.of(err, "loading " + model)) {
      return Model.load(directory, options);
    }
  }

  private static Set<String> logitsOf(Model loaded) {
    var names = new LinkedHashSet<String>();
    loaded.outputNames().stream().filter(name -> name.endsWith("logits")).forEach(names::add);
    if (names.isEmpty()) {
      throw new IllegalArgumentException(
          loaded.architecture()
              + " has no logits; --class loads the same file with a head, as --class"
              + " BertForMaskedLM");
    }
    return names;
  }

  /** The tokenizer; null where there are only ids and nothing to write them out with. */
  private Tokenizer tokenizerOf(Model loaded) {
    try {
      return Tokenizer.load(loaded.directory());
    } catch (TokenizerException e) {
      if (input.ids == null) {
        throw e;
      }
      return null;
    }
  }

  /** A tokenizer numbers the texts of a pair also for models that have no use for it. */
  private static boolean readsTokenTypes(ModelConfig config) {
    return !(config instanceof T5Config || config instanceof ModernBertConfig);
  }

  private Inputs inputs(Model loaded, Tokenizer tokenizer) {
    Inputs inputs;
    if (input.ids != null) {
      inputs = Inputs.of(input.ids);
    } else {
      Encoding encoding =
          pair == null ? tokenizer.encode(input.text) : tokenizer.encode(input.text, pair);
      inputs = Inputs.of(encoding.ids());
      if (pair != null && tokenizer.givesTypeIds() && readsTokenTypes(loaded.config())) {
        inputs = inputs.withTokenTypeIds(List.of(encoding.typeIds()));
      }
    }
    if (decoderIds != null) {
      return inputs.withDecoderInputIds(List.of(decoderIds));
    }
    return loaded.architecture().equals("T5ForConditionalGeneration")
        ? inputs.withDecoderInputIds(List.of(new int[] {decoderStart(loaded)}))
        : inputs;
  }

  private static int decoderStart(Model loaded) {
    return GenerationConfig.load(loaded.directory())
        .decoderStartTokenId()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the model does not say with which token its decoder starts: give --decoder-ids"));
  }
}
