package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.GenerationOptions;
import dev.gatun.Inputs;
import dev.gatun.Model;
import dev.gatun.Outputs;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Runs workloads on a loaded model. A model that writes text writes, greedily and never stopping at
 * an end-of-sequence id; another makes one forward pass for its last hidden state, copied to the
 * heap as every caller gets it.
 */
final class ModelBench {
  private final Model model;
  private final String hiddenState;

  ModelBench(Model model) {
    this.model = model;
    List<String> names = model.outputNames();
    hiddenState =
        names.contains("last_hidden_state")
            ? "last_hidden_state"
            : "hidden_states." + model.config().numHiddenLayers();
  }

  /**
   * Tokens that the model writes when a caller says nothing: one, whose logits are what reading a
   * prompt is for; none for an encoder.
   */
  int defaultNewTokens() {
    return model.canGenerate() ? 1 : 0;
  }

  /** Random sequences of these lengths. */
  Workload random(int[] lengths, int newTokens, long seed) {
    return Workload.random(lengths, newTokens, model.config().vocabSize(), seed);
  }

  /** Measures; see {@link Timing#measure}. */
  ObjectNode measure(Workload workload, double warmup, double seconds) {
    return result(workload, Timing.measure(warmup, seconds, () -> run(workload)));
  }

  /** Takes one turn, after a warm-up unless that is 0; see {@link Timing#turn}. */
  ObjectNode turn(Workload workload, double warmup, double seconds) {
    if (warmup > 0) {
      Timing.warmUp(warmup, () -> run(workload));
    }
    return result(workload, Timing.turn(seconds, () -> run(workload)));
  }

  private ObjectNode result(Workload workload, Timing timing) {
    int[] lengths = workload.lengths();
    int written = lengths.length * workload.newTokens();
    int tokens = workload.newTokens() > 1 ? written : Arrays.stream(lengths).sum();
    double flops = UsefulWork.flops(model.config(), lengths, workload.newTokens());
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.put("architecture", model.architecture());
    result.put("sequences", lengths.length);
    result.put("generate", workload.newTokens());
    timing.putInto(result);
    result.put("tokens", tokens);
    result.put("tokens_per_s", tokens / timing.medianMillis() * 1e3);
    result.put("gflops", timing.gigaflops(flops));
    result.put("tier", model.tier());
    result.put("dtype", model.dtype().toString());
    result.put("threads", model.threads());
    return result;
  }

  /**
   * What a workload gives, for comparing with another runtime: {@code ids}, the tokens written
   * behind each sequence, or {@code last_token}, the hidden state of each sequence's last token.
   */
  ObjectNode values(Workload workload) {
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    if (workload.newTokens() > 0) {
      ArrayNode all = result.putArray("ids");
      for (int[] text : generate(workload)) {
        ArrayNode one = all.addArray();
        int from = text.length - workload.newTokens();
        Arrays.stream(text, from, text.length).forEach(one::add);
      }
      return result;
    }
    Outputs outputs = forward(workload);
    ArrayNode all = result.putArray("last_token");
    for (int s = 0; s < outputs.batch(); s++) {
      float[] values = outputs.values(hiddenState, s);
      int width = (int) outputs.shape(hiddenState, s)[1];
      ArrayNode one = all.addArray();
      for (int i = values.length - width; i < values.length; i++) {
        one.add(values[i]);
      }
    }
    return result;
  }

  private void run(Workload workload) {
    if (workload.newTokens() > 0) {
      generate(workload);
    } else {
      forward(workload);
    }
  }

  private Outputs forward(Workload workload) {
    return model.forward(Inputs.of(workload.inputIds()), Set.of(hiddenState));
  }

  private List<int[]> generate(Workload workload) {
    return model.generateBatch(
        workload.inputIds(), GenerationOptions.greedy(workload.newTokens()).withEosTokenIds());
  }
}
