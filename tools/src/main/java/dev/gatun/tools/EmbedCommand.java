package dev.gatun.tools;

import dev.gatun.EmbedOptions;
import dev.gatun.TextEmbedder;
import dev.gatun.TextEmbedderBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun embed}: texts to vectors, of any number of texts in bounded memory. */
@Command(
    name = "embed",
    mixinStandardHelpOptions = true,
    description = {
      "Turns texts into vectors, as Python's sentence-transformers does: with the model's own",
      "pooling, prompts, truncation and normalisation.",
      "",
      "Texts are the arguments behind MODEL, else the lines of --input, else those of standard",
      "input. Any number of lines goes through in bounded memory; an empty line is an empty text. A",
      "text that begins with a dash goes behind --.",
      "",
    },
    footer = {
      "",
      "Formats:",
      "  jsonl  a line per text: {\"index\":0,\"text\":\"...\",\"embedding\":[0.1,...]}",
      "  csv    a line per text: its numbers, separated by commas",
      "  npy    float32 [texts, dimensions] for numpy.load; needs --output",
      "Printed numbers are exact: read as float32 they are the model's. FILE appears only when all",
      "texts are done, unless it is a pipe or device.",
      "",
      "Examples:",
      "  gatun embed sentence-transformers/all-MiniLM-L6-v2 'A ferry left.' 'The boat sailed.'",
      "  gatun embed MODEL 'A ferry left.' 'The boat sailed.' 'It rains.' --similarity",
      "  gatun embed MODEL --input documents.txt --format npy --output documents.npy",
      "  jq .body articles.jsonl | gatun embed MODEL --json-lines --prompt-name document > out.jsonl",
      "  gatun embed MODEL 'When does it leave?' --prompt-name query --dimensions 256 \\",
      "    --normalize",
      "  gatun embed MODEL --explain",
    })
final class EmbedCommand implements Callable<Integer> {
  /** A matrix of this many texts is 4 million numbers, about 50 MB of text. */
  static final int MOST_COMPARED = 2_000;

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "Directory or id of an embedding model.")
  private String model;

  @Parameters(index = "1..*", paramLabel = "TEXT", description = "Texts to embed.")
  private List<String> texts = List.of();

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "Read a text from each line of FILE (UTF-8); - for standard input.")
  private Path input;

  @Option(
      names = "--json-lines",
      description = "Lines are JSON strings, which may hold line breaks: \"one\\ntext\".")
  private boolean jsonLines;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "Write to FILE instead of standard output.")
  private Path output;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "jsonl, csv or npy, see below (jsonl; with --similarity csv).")
  private VectorFormat format;

  @Option(
      names = "--similarity",
      description =
          "Give the similarity of each text to each instead, by the model's own measure; at most "
              + MOST_COMPARED
              + " texts.")
  private boolean similarity;

  @Option(
      names = "--prompt-name",
      paramLabel = "NAME",
      description =
          "Put the model's prompt NAME before each text, as query or document; without it, the"
              + " model's default prompt.")
  private String promptName;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "Put TEXT before each text; '' for no prompt at all.")
  private String prompt;

  @Option(
      names = "--dimensions",
      paramLabel = "N",
      description = "Keep the first N elements of each vector, for models trained so.")
  private Integer dimensions;

  @Option(
      names = "--normalize",
      negatable = true,
      description =
          "Scale every vector to length 1 at the end; --no-normalize leaves out the model's own"
              + " Normalize.")
  private Boolean normalize;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Cut texts to N tokens, special ones included, instead of the model's limit.")
  private Integer maxTokens;

  @Option(
      names = "--explain",
      description = "Say what is in force (modules, prompts, limits, kernels), and end.")
  private boolean explain;

  @Mixin private RunOptions run;

  /** Nobody reads the output any more, as of {@code gatun embed | head}. */
  private static final class OutputClosed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @Override
  public Integer call() throws IOException {
    requireSensible();
    try (TextEmbedder embedder = load()) {
      if (explain) {
        spec.commandLine().getOut().print(embedder.explain());
        return Gatun.OK;
      }
      if (!texts.isEmpty()) {
        return embed(embedder, texts.iterator(), new EmbedProgress(texts.size()));
      }
      try (LineTexts lines = LineTexts.open(input, jsonLines)) {
        return embed(embedder, lines, new EmbedProgress(lines));
      }
    } catch (OutputClosed e) {
      return Gatun.FAILED;
    }
  }

  private int embed(TextEmbedder embedder, Iterator<String> from, EmbedProgress progress)
      throws IOException {
    EmbedOptions options = options();
    PrintWriter out = spec.commandLine().getOut();
    try (var shown = shownProgress(progress);
        VectorWriter writer = writer(out, similarity ? 0 : embedder.dimension())) {
      LongConsumer step =
          done -> {
            shown.update(progress.line(done));
            if (output == null && out.checkError()) {
              throw new OutputClosed();
            }
          };
      if (similarity) {
        compare(embedder, from, options.withProgress(step), writer);
      } else {
        embedder.embed(from, options.withProgress(step), unchecked(writer));
      }
      writer.finish();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return Gatun.OK;
  }

  private static void compare(
      TextEmbedder embedder, Iterator<String> from, EmbedOptions options, VectorWriter writer)
      throws IOException {
    var compared = new ArrayList<String>();
    var vectors = new ArrayList<float[]>();
    embedder.embed(
        from,
        options,
        (_, text, vector) -> {
          if (compared.size() == MOST_COMPARED) {
            throw new InputException(
                "--similarity compares at most %d texts, and there are more: embed them to a file and"
                        .formatted(MOST_COMPARED)
                    + " compare them there");
          }
          compared.add(text);
          vectors.add(vector);
        });
    float[][] all = vectors.toArray(float[][]::new);
    for (int i = 0; i < all.length; i++) {
      writer.write(i, compared.get(i), embedder.similarity(new float[][] {all[i]}, all)[0]);
    }
  }

  private static TextEmbedder.VectorSink unchecked(VectorWriter writer) {
    return (index, text, vector) -> {
      try {
        writer.write(index, text, vector);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  private VectorWriter writer(PrintWriter out, int width) throws IOException {
    String name = similarity ? "similarity" : "embedding";
    return output == null
        ? formatOrDefault().toStream(out, name)
        : formatOrDefault().toFile(output, name, width);
  }

  private VectorFormat formatOrDefault() {
    if (format != null) {
      return format;
    }
    return similarity ? VectorFormat.csv : VectorFormat.jsonl;
  }

  /** Never between lines of output on the same terminal, which tell enough by themselves. */
  private Progress shownProgress(EmbedProgress progress) {
    boolean mixed = output == null && Boolean.getBoolean("gatun.output.terminal");
    PrintWriter err =
        mixed ? new PrintWriter(PrintWriter.nullWriter()) : spec.commandLine().getErr();
    return Progress.of(err, progress.line(0));
  }

  private TextEmbedder load() {
    Path directory = run.locate(model, spec.commandLine().getErr());
    try (var _ = Progress.of(spec.commandLine().getErr(), "loading " + model)) {
      TextEmbedderBuilder builder = TextEmbedder.builder(directory).options(run.toLoadOptions());
      if (dimensions != null) {
        builder.dimensions(dimensions);
      }
      if (maxTokens != null) {
        builder.maxTokens(maxTokens);
      }
      if (normalize != null) {
        builder.normalize(normalize);
      }
      return builder.build();
    }
  }

  private EmbedOptions options() {
    EmbedOptions options = EmbedOptions.defaults();
    if (promptName != null) {
      options = options.withPromptName(promptName);
    }
    return prompt == null ? options : options.withPrompt(prompt);
  }

  private void requireSensible() {
    if (prompt != null && promptName != null) {
      throw usage("--prompt and --prompt-name exclude each other");
    }
    if (!texts.isEmpty() && (input != null || jsonLines)) {
      throw usage("texts are given as arguments: drop them, or --input and --json-lines");
    }
    if (format == VectorFormat.npy && output == null && !explain) {
      throw usage("--format npy is binary and needs --output FILE");
    }
    requirePositive("--dimensions", dimensions);
    requirePositive("--max-tokens", maxTokens);
  }

  private void requirePositive(String option, Integer value) {
    if (value != null && value < 1) {
      throw usage(option + " is " + value + "; it must be at least 1");
    }
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }
}
