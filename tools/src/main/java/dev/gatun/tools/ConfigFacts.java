package dev.gatun.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.AlbertConfig;
import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.loader.config.DistilbertConfig;
import dev.gatun.loader.config.ElectraConfig;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.MpnetConfig;
import dev.gatun.loader.config.RobertaConfig;
import dev.gatun.loader.config.T5Config;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a config.json says, under one set of names whatever the file calls it. A fact the file does
 * not state is null.
 *
 * @param numDecoderLayers null for a model that is one stack
 * @param norm kind of normalisation and where it stands
 * @param positions how a token's place enters
 * @param tied whether input and output embeddings are one
 */
record ConfigFacts(
    String modelType,
    List<String> architectures,
    Integer vocabSize,
    Integer hiddenSize,
    Integer intermediateSize,
    Integer numHiddenLayers,
    Integer numDecoderLayers,
    Integer numAttentionHeads,
    Integer numKeyValueHeads,
    Integer headDim,
    Integer maxPositionEmbeddings,
    String activation,
    String norm,
    String positions,
    Boolean tied) {

  private static final int F32_BYTES = 4;
  private static final Set<String> ENCODERS =
      Set.of(
          "bert",
          "roberta",
          "xlm-roberta",
          "camembert",
          "distilbert",
          "albert",
          "electra",
          "mpnet",
          "modernbert",
          "deberta-v2");
  private static final Pattern DECODER_CLASS =
      Pattern.compile("(ForCausalLM|LMHeadModel|ForConditionalGeneration)$");

  /** From a configuration that Gatun knows, defaults of its class filled in. */
  static ConfigFacts of(ModelConfig config) {
    return new ConfigFacts(
        config.modelType(),
        config.architectures(),
        config.vocabSize(),
        config.hiddenSize(),
        config.intermediateSize(),
        config.numHiddenLayers(),
        config instanceof T5Config t5 ? (Integer) t5.numDecoderLayers() : null,
        config.numAttentionHeads(),
        config.numKeyValueHeads(),
        config.headDim(),
        maxPositionEmbeddings(config),
        name(config.activation()),
        switch (config) {
          case BertConfig _ -> "LayerNorm after each block";
          case Gpt2Config _ -> "LayerNorm before each block";
          case T5Config _ -> "RMSNorm before each block";
          case RobertaConfig _,
              DistilbertConfig _,
              AlbertConfig _,
              ElectraConfig _,
              MpnetConfig _,
              DebertaV2Config _ ->
              "LayerNorm after each block";
          case ModernBertConfig _ -> "LayerNorm before each block";
        },
        switch (config) {
          case BertConfig _ -> "learned, absolute";
          case Gpt2Config _ -> "learned, absolute";
          case T5Config _ -> "relative, learned bias by distance bucket";
          case RobertaConfig _, DistilbertConfig _, AlbertConfig _, ElectraConfig _ ->
              "learned, absolute";
          case MpnetConfig _ -> "learned, absolute, and relative, learned bias by distance bucket";
          case ModernBertConfig _ -> "rotary";
          case DebertaV2Config c -> positions(c);
        },
        // T5 ties whatever the key says, unless the file holds a head of its own: which files with
        // false there do.
        config instanceof T5Config t5 ? t5.scaleDecoderOutputs() : config.tieWordEmbeddings());
  }

  private static Integer maxPositionEmbeddings(ModelConfig config) {
    // RoBERTa's longest text is shorter than its table: the rows up to the pad id are not for text.
    if (config instanceof RobertaConfig roberta) {
      return roberta.maxPositionEmbeddings();
    }
    return config.maxPositions().isPresent() ? (Integer) config.maxPositions().getAsInt() : null;
  }

  private static String positions(DebertaV2Config c) {
    if (!c.relativeAttention()) {
      return c.positionBiasedInput() ? "learned, absolute" : "none";
    }
    return "relative, disentangled" + (c.positionBiasedInput() ? ", and learned, absolute" : "");
  }

  /** The name that configurations use. */
  private static String name(Activation activation) {
    return switch (activation) {
      case GELU_ERF -> "gelu";
      case GELU_TANH -> "gelu_new";
      case IDENTITY -> "linear";
      default -> activation.name().toLowerCase(Locale.ROOT);
    };
  }

  /** From any config.json, by the names that transformers models use; guesses nothing. */
  static ConfigFacts generic(JsonNode root) {
    // Models of several kinds of input keep the text model's facts one level down.
    JsonNode c = root.path("text_config").isObject() ? root.get("text_config") : root;
    Integer hidden = integer(c, "hidden_size", "n_embd", "d_model", "dim");
    Integer heads =
        integer(
            c,
            "num_attention_heads",
            "n_head",
            "num_heads",
            "n_heads",
            "encoder_attention_heads",
            "decoder_attention_heads");
    Integer stated = integer(c, "head_dim", "d_kv", "attention_head_size");
    boolean divides = hidden != null && heads != null && heads > 0 && hidden % heads == 0;
    Integer keyValueHeads = integer(c, "num_key_value_heads", "num_kv_heads");
    return new ConfigFacts(
        root.path("model_type").isTextual() ? root.path("model_type").textValue() : null,
        strings(root.path("architectures")),
        integer(c, "vocab_size"),
        hidden,
        integer(
            c,
            "intermediate_size",
            "n_inner",
            "d_ff",
            "hidden_dim",
            "ffn_dim",
            "encoder_ffn_dim",
            "decoder_ffn_dim"),
        integer(
            c,
            "num_hidden_layers",
            "n_layer",
            "num_layers",
            "n_layers",
            "encoder_layers",
            "decoder_layers"),
        integer(c, "num_decoder_layers", "decoder_layers"),
        heads,
        keyValueHeads == null ? heads : keyValueHeads,
        stated == null && divides ? Integer.valueOf(hidden / heads) : stated,
        integer(c, "max_position_embeddings", "n_positions", "max_target_positions", "n_ctx"),
        text(
            c,
            "hidden_act",
            "hidden_activation",
            "activation_function",
            "feed_forward_proj",
            "activation"),
        norm(c),
        positions(c),
        c.path("tie_word_embeddings").isBoolean()
            ? (Boolean) c.path("tie_word_embeddings").booleanValue()
            : null);
  }

  private static String norm(JsonNode c) {
    if (c.has("rms_norm_eps")) {
      return "RMSNorm";
    }
    return c.has("layer_norm_eps") || c.has("layer_norm_epsilon") || c.has("norm_eps")
        ? "LayerNorm"
        : null;
  }

  private static String positions(JsonNode c) {
    if (c.has("rope_theta") || c.has("rope_parameters") || c.has("rotary_emb_base")) {
      return "rotary";
    }
    if (c.path("alibi").asBoolean(false)) {
      return "ALiBi";
    }
    if (c.has("relative_attention_num_buckets")) {
      return "relative, learned bias by distance bucket";
    }
    JsonNode stated = c.path("position_embedding_type");
    return stated.isTextual() ? stated.textValue() : null;
  }

  /**
   * Bytes that one token adds to the key/value cache at float32, the type Gatun computes in; 0 for
   * an encoder; null where the file does not say enough. Of an encoder-decoder model it is a token
   * of the decoder; a token of the encoder costs the same, once, for cross-attention.
   *
   * @param architecture the class in question, or null
   */
  Long kvCacheBytesPerToken(String architecture) {
    boolean encoder =
        modelType != null && ENCODERS.contains(modelType)
            || architecture != null && architecture.endsWith("EncoderModel");
    if (encoder) {
      return 0L;
    }
    boolean decodes =
        "gpt2".equals(modelType)
            || "t5".equals(modelType)
            || architecture != null && DECODER_CLASS.matcher(architecture).find();
    Integer layers = numDecoderLayers == null ? numHiddenLayers : numDecoderLayers;
    if (!decodes || layers == null || numKeyValueHeads == null || headDim == null) {
      return null;
    }
    return 2L * layers * numKeyValueHeads * headDim * F32_BYTES;
  }

  private static Integer integer(JsonNode node, String... keys) {
    for (String key : keys) {
      if (node.path(key).canConvertToInt() && node.path(key).isIntegralNumber()) {
        return node.path(key).intValue();
      }
    }
    return null;
  }

  private static String text(JsonNode node, String... keys) {
    for (String key : keys) {
      if (node.path(key).isTextual()) {
        return node.path(key).textValue();
      }
    }
    return null;
  }

  private static List<String> strings(JsonNode node) {
    return node.valueStream().filter(JsonNode::isTextual).map(JsonNode::textValue).toList();
  }
}
