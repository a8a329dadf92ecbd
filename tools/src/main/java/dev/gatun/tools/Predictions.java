package dev.gatun.tools;

import dev.gatun.Inputs;
import dev.gatun.Model;
import dev.gatun.Outputs;
import dev.gatun.tokenizers.SpecialToken;
import dev.gatun.tokenizers.Tokenizer;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Prints what the logits of one sequence mean, which depends on the model's class. */
final class Predictions {
  private final Model model;
  private final Tokenizer tokenizer;
  private final Inputs inputs;
  private final Outputs outputs;
  private final int top;

  /**
   * @param tokenizer null where there is none: then tokens are shown by their ids
   */
  Predictions(Model model, Tokenizer tokenizer, Inputs inputs, Outputs outputs, int top) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.inputs = inputs;
    this.outputs = outputs;
    this.top = top;
  }

  void print(PrintWriter out) {
    int[] ids = inputs.inputIds().getFirst();
    for (String name : outputs.names()) {
      float[] values = outputs.values(name, 0);
      long[] shape = outputs.shape(name, 0);
      if (name.equals("start_logits") || name.equals("end_logits")) {
        out.println("answer " + (name.startsWith("start") ? "begins" : "ends") + " at");
        ranking(out, values, at -> "position " + at + "  " + token(ids[at]));
      } else if (shape.length == 1) {
        out.println(name.equals("logits") ? "label" : name);
        ranking(out, values, label -> label(name, label));
      } else if (model.architecture().endsWith("TokenClassification")) {
        for (int row = 0; row < ids.length; row++) {
          out.println("position " + row + "  " + token(ids[row]));
          ranking(out, row(values, shape, row), label -> label(name, label));
        }
      } else if (isMaskedModel()) {
        masked(out, ids, values, shape);
      } else {
        out.println("next token");
        ranking(out, row(values, shape, (int) shape[0] - 1), this::token);
      }
    }
  }

  private boolean isMaskedModel() {
    return model.architecture().endsWith("MaskedLM")
        || model.architecture().endsWith("PreTraining");
  }

  /** The predictions behind each mask; without one, at every position. */
  private void masked(PrintWriter out, int[] ids, float[] values, long[] shape) {
    int mask =
        tokenizer == null ? -1 : tokenizer.specialTokens().mask().map(SpecialToken::id).orElse(-1);
    boolean anyMask = Arrays.stream(ids).anyMatch(id -> id == mask);
    for (int row = 0; row < ids.length; row++) {
      if (!anyMask || ids[row] == mask) {
        out.println("position " + row + "  " + token(ids[row]));
        ranking(out, row(values, shape, row), this::token);
      }
    }
  }

  private void ranking(PrintWriter out, float[] scores, IntFunction<String> name) {
    double largest = IntStream.range(0, scores.length).mapToDouble(i -> scores[i]).max().orElse(0);
    double sum =
        IntStream.range(0, scores.length).mapToDouble(i -> Math.exp(scores[i] - largest)).sum();
    IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]).thenComparing(i -> i))
        .limit(top)
        .forEach(
            i ->
                out.printf(
                    Locale.ROOT,
                    "  %10.4f  %6.2f%%  %s%n",
                    scores[i],
                    100 * Math.exp(scores[i] - largest) / sum,
                    name.apply(i)));
  }

  private String label(String output, int label) {
    if (output.equals("seq_relationship_logits")
        || model.architecture().endsWith("NextSentencePrediction")) {
      return label == 0 ? "the second text follows the first" : "it does not";
    }
    return model.config().idToLabel().getOrDefault(label, "LABEL_" + label);
  }

  private String token(int id) {
    return id + (tokenizer == null ? "" : "  '" + tokenizer.decode(new int[] {id}, false) + "'");
  }

  private static float[] row(float[] values, long[] shape, int row) {
    int width = Math.toIntExact(shape[1]);
    return Arrays.copyOfRange(values, row * width, (row + 1) * width);
  }
}
