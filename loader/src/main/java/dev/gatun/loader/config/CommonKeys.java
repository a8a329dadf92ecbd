package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.DType;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The keys that every configuration shares, and bounds that no real model exceeds. */
final class CommonKeys {
  static final int MAX_WIDTH = 1 << 20;
  static final int MAX_LAYERS = 4096;
  static final int MAX_HEADS = 4096;
  static final int MAX_VOCABULARY = 1 << 24;
  static final int MAX_POSITIONS = 1 << 24;

  /** Token ids: -1 stands for none in some files. */
  static final int MIN_TOKEN = -1;

  static final int MAX_TOKEN = Integer.MAX_VALUE;

  private static final int MAX_LABELS = 1 << 24;
  private static final int DEFAULT_LABELS = 2;

  private static final List<String> PROBLEM_TYPES =
      List.of("regression", "single_label_classification", "multi_label_classification");

  private static final Map<String, DType> DTYPES =
      Map.of(
          "float32", DType.F32,
          "float", DType.F32,
          "float16", DType.F16,
          "half", DType.F16,
          "bfloat16", DType.BF16,
          "float64", DType.F64,
          "double", DType.F64);

  /**
   * Training, bookkeeping and output switches, none of which changes what a forward pass computes.
   */
  private static final Set<String> HARMLESS =
      Set.of(
          "_name_or_path",
          "name_or_path",
          "_commit_hash",
          "_attn_implementation",
          "_attn_implementation_autoset",
          "attn_implementation",
          "chunk_size_feed_forward",
          "classifier_dropout",
          "cross_attention_hidden_size",
          "finetuning_task",
          "gradient_checkpointing",
          "initializer_range",
          "label2id",
          "model_type",
          "output_attentions",
          "output_hidden_states",
          "output_past",
          "prefix",
          "return_dict",
          "sbert_ce_default_activation_function",
          "sentence_transformers",
          "task_specific_params",
          "tf_legacy_loss",
          "tokenizer_class",
          "torchscript",
          "transformers_version",
          "use_bfloat16",
          "use_cache",
          "use_return_dict");

  private CommonKeys() {}

  /**
   * Reads the shared keys; call after the architecture's own, since it lists what is left.
   *
   * @param harmless keys of this architecture that change nothing
   */
  static CommonConfig read(ConfigReader keys, Set<String> harmless) {
    keys.onlyAbsent("quantization_config", "quantised checkpoints are not supported");
    keys.onlyAbsent("compression_config", "quantised checkpoints are not supported");
    keys.onlyAbsent("pruned_heads", "every layer has all its heads");
    keys.onlyAbsent("per_layer_config", "all layers are alike");
    keys.onlyAbsent("transformers_weights", "weights are read from model.safetensors or its index");
    List<String> architectures = keys.texts("architectures");
    Optional<DType> dtype = dtype(keys);
    SortedMap<Integer, String> labels = labels(keys);
    int named = keys.nullable("id2label") == null ? DEFAULT_LABELS : labels.size();
    int numLabels = keys.optionalInteger("num_labels", 1, MAX_LABELS).orElse(named);
    if (numLabels != named) {
      labels.clear(); // names of other labels: the number wins
    }
    keys.nullable("_num_labels");
    Optional<String> problem = keys.optionalText("problem_type");
    if (problem.isPresent() && !PROBLEM_TYPES.contains(problem.get())) {
      throw keys.refuse(
          "problem_type", Text.quote(problem.get()), String.join(", ", PROBLEM_TYPES));
    }

    Set<String> known = new HashSet<>(HARMLESS);
    known.addAll(GenerationConfig.KEYS);
    known.addAll(harmless);
    return new CommonConfig(architectures, dtype, labels, numLabels, problem, keys.unread(known));
  }

  // Where both spellings are given the newer wins, as in the reference.
  private static Optional<DType> dtype(ConfigReader keys) {
    Optional<String> old = keys.optionalText("torch_dtype");
    Optional<String> name = keys.optionalText("dtype").or(() -> old);
    return name.map(
        text -> {
          DType dtype = DTYPES.get(text);
          if (dtype == null) {
            throw keys.refuse("dtype", Text.quote(text), "float32, float16, bfloat16, float64");
          }
          return dtype;
        });
  }

  private static SortedMap<Integer, String> labels(ConfigReader keys) {
    SortedMap<Integer, String> labels = new TreeMap<>();
    JsonNode node = keys.nullable("id2label");
    if (node == null) {
      return labels;
    }
    String supported = "an object of label texts by their number";
    if (!node.isObject()) {
      throw keys.refuse("id2label", node, supported);
    }
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      try {
        int id = Integer.parseInt(entry.getKey());
        if (id >= 0 && entry.getValue().isValueNode()) {
          labels.put(id, entry.getValue().asText());
          continue;
        }
      } catch (NumberFormatException notANumber) {
        // refused below
      }
      throw keys.refuse(
          "id2label", "{" + Text.quote(entry.getKey()) + ": " + entry.getValue() + "}", supported);
    }
    return labels;
  }
}
