package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.stream.Collectors;

/** An inspection as the lines of a terminal or as JSON. */
final class InspectionView {

  private InspectionView() {}

  /** Keys that are unknown or don't apply are null. */
  static ObjectNode json(String model, Inspection i) {
    ConfigFacts f = i.facts();
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("model", model);
    root.put("model_type", f.modelType());
    root.put("architecture", i.architecture());
    root.put("runnable", i.runnable());
    root.put("reason", i.runnable() ? null : i.reason());
    root.put("parameters", i.parameters());
    root.put("parameters_from", i.parameters() == null ? null : i.parametersFrom());
    root.put("vocab_size", f.vocabSize());
    root.put("hidden_size", f.hiddenSize());
    root.put("intermediate_size", f.intermediateSize());
    root.put("num_hidden_layers", f.numHiddenLayers());
    if (f.numDecoderLayers() != null) {
      root.put("num_decoder_layers", f.numDecoderLayers());
    }
    root.put("num_attention_heads", f.numAttentionHeads());
    root.put("num_key_value_heads", f.numKeyValueHeads());
    root.put("head_dim", f.headDim());
    root.put("max_position_embeddings", f.maxPositionEmbeddings());
    root.put("activation", f.activation());
    root.put("norm", f.norm());
    root.put("position_embedding", f.positions());
    root.put("tie_word_embeddings", f.tied());
    root.put("kv_cache_bytes_per_token", f.kvCacheBytesPerToken(i.architecture()));
    ObjectNode bytes = root.putObject("weight_bytes");
    i.bytesByDtype().forEach(bytes::put);
    var unknown = root.putArray("unknown_config_keys");
    i.unknownKeys().forEach(unknown::add);
    if (i.loadReport() != null) {
      ObjectNode report = root.putObject("load_report");
      report.put("used", i.loadReport().used().size());
      names(report, "tied", i.loadReport().tied());
      names(report, "missing", i.loadReport().missing());
      names(report, "mismatched", i.loadReport().mismatched());
      names(report, "unexpected", i.loadReport().unexpected());
      names(report, "ignored", i.loadReport().ignored());
    }
    return root;
  }

  private static void names(ObjectNode report, String key, Iterable<String> names) {
    var array = report.putArray(key);
    names.forEach(array::add);
  }

  /**
   * @param place where the model was found, in words
   */
  static String text(String place, Inspection i) {
    ConfigFacts f = i.facts();
    var text = new StringBuilder();
    line(text, "model", place);
    line(text, "model type", f.modelType());
    line(text, "class", i.architecture());
    line(text, "runnable", i.runnable() ? "yes" : "no: " + i.reason());
    line(text, "parameters", i.parameters() == null ? null : parameters(i));
    line(text, "vocab_size", f.vocabSize());
    line(text, "hidden_size", f.hiddenSize());
    line(text, "intermediate_size", f.intermediateSize());
    line(text, "num_hidden_layers", f.numHiddenLayers());
    line(text, "num_decoder_layers", f.numDecoderLayers());
    line(text, "num_attention_heads", f.numAttentionHeads());
    line(text, "num_key_value_heads", f.numKeyValueHeads());
    line(text, "head_dim", f.headDim());
    line(text, "max_position_embeddings", f.maxPositionEmbeddings());
    line(text, "activation", f.activation());
    line(text, "norm", f.norm());
    line(text, "positions", f.positions());
    line(text, "embeddings tied", f.tied() == null ? null : f.tied() ? "yes" : "no");
    Long cache = f.kvCacheBytesPerToken(i.architecture());
    line(text, "KV cache", cache == null ? null : cache == 0 ? "none" : cacheText(f, cache));
    line(text, "weights", i.bytesByDtype().isEmpty() ? "none here" : bytes(i));
    if (!i.unknownKeys().isEmpty()) {
      line(text, "unknown keys", String.join(", ", i.unknownKeys()));
    }
    if (i.loadReport() != null) {
      // The report's further lines stand below its first.
      line(text, "load report", i.loadReport().toString().replace("\n", "\n" + " ".repeat(26)));
    }
    return text.toString();
  }

  private static String parameters(Inspection i) {
    return String.format(
        Locale.ROOT,
        "%,d (%s)",
        i.parameters(),
        i.parametersFrom().equals("tensors") ? "counted in the files" : "computed from the config");
  }

  private static String cacheText(ConfigFacts f, long bytes) {
    String each = String.format(Locale.ROOT, "%,d bytes per token in float32", bytes);
    return f.numDecoderLayers() == null
        ? each
        : each + " of the decoder, as much per token of the encoder";
  }

  private static String bytes(Inspection i) {
    return i.bytesByDtype().entrySet().stream()
        .map(e -> String.format(Locale.ROOT, "%,d bytes %s", e.getValue(), e.getKey()))
        .collect(Collectors.joining(", "));
  }

  private static void line(StringBuilder text, String name, Object value) {
    if (value != null) {
      text.append(String.format("%-26s%s%n", name, value));
    }
  }
}
