package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.LoadOptions;
import dev.gatun.TextClassifier;
import dev.gatun.TextClassifier.Classification;
import dev.gatun.tokenizers.TextPair;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun classify}: the labels of texts. */
@Command(
    name = "classify",
    mixinStandardHelpOptions = true,
    description = {
      "Labels texts with a sequence classification model: sentiment, topic, language, whether one",
      "text follows from another. Prints a line per text: its best labels with their scores, then",
      "the text.",
      "",
      "Scores are those of transformers' text-classification pipeline: labels that exclude each",
      "other add up to 1, labels that may hold together lie between 0 and 1 each, and a regression",
      "gives its number.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun classify distilbert-base-uncased-finetuned-sst-2-english 'What a journey!'",
      "  gatun classify MODEL --input reviews.txt --top-k 3",
      "  gatun classify my-nli-model 'A boat sails.' --pair-with 'Something moves.' --json",
    })
final class ClassifyCommand implements Callable<Integer> {
  private static final int LONGEST_TEXT = 80;

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "MODEL", description = "Directory or id of a model.")
  private String model;

  @Parameters(index = "1..*", paramLabel = "TEXT", description = "Texts to label.")
  private List<String> given = List.of();

  @Mixin private TextLines lines;

  @Option(
      names = "--pair-with",
      paramLabel = "TEXT",
      description = "A second text beside each, for models that judge pairs.")
  private String second;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "1",
      description = "How many labels of a text to print, best first (${DEFAULT-VALUE}).")
  private int topK;

  @Option(
      names = "--json",
      description = "Print a JSON object per text: text, labels with label and score.")
  private boolean json;

  @Mixin private RunOptions run;

  @Override
  public Integer call() throws IOException {
    if (topK < 1) {
      throw new ParameterException(
          spec.commandLine(), "--top-k is " + topK + "; at least 1 needed");
    }
    List<String> texts = lines.and(given);
    if (texts.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "no text: give some behind MODEL, or --input FILE");
    }
    PrintWriter err = spec.commandLine().getErr();
    try (TextClassifier classifier = load(run.toLoadOptions(), err)) {
      List<List<Classification>> labels =
          Batches.run(err, "labelling texts", texts, part -> classify(classifier, part));
      for (int i = 0; i < texts.size(); i++) {
        print(texts.get(i), labels.get(i));
      }
    }
    return Gatun.OK;
  }

  private TextClassifier load(LoadOptions options, PrintWriter err) {
    Path directory = run.locate(model, err);
    try (var _ = Progress.of(err, "loading " + model)) {
      return TextClassifier.load(directory, options);
    }
  }

  private List<List<Classification>> classify(TextClassifier classifier, List<String> texts) {
    return second == null
        ? classifier.classify(texts, topK)
        : classifier.classifyPairs(
            texts.stream().map(text -> new TextPair(text, second)).toList(), topK);
  }

  private void print(String text, List<Classification> labels) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      ObjectNode object = JsonNodeFactory.instance.objectNode().put("text", text);
      if (second != null) {
        object.put("pair", second);
      }
      ArrayNode array = object.putArray("labels");
      labels.forEach(
          label -> array.addObject().put("label", label.label()).put("score", label.score()));
      out.println(object);
      return;
    }
    String best =
        labels.stream()
            .map(label -> String.format(Locale.ROOT, "%s %.4f", label.label(), label.score()))
            .collect(Collectors.joining(", "));
    out.println(best + "  " + TextLines.shorten(text, LONGEST_TEXT));
  }
}
