package dev.gatun.runtime.models;

import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.T5Config;
import dev.gatun.runtime.weights.WeightScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The table of transformers classes this runtime can build. */
public final class Architectures {
  private static final List<Architecture<?>> TABLE =
      List.of(
          bert("BertModel", Bert.BertModel::new, "last_hidden_state", "pooler_output"),
          bert("BertForMaskedLM", Bert.ForMaskedLM::new, "logits"),
          bert(
              "BertForPreTraining",
              Bert.ForPreTraining::new,
              "prediction_logits",
              "seq_relationship_logits"),
          bert("BertForNextSentencePrediction", Bert.ForNextSentencePrediction::new, "logits"),
          bert("BertForSequenceClassification", Bert.ForSequenceClassification::new, "logits"),
          bert("BertForTokenClassification", Bert.ForTokenClassification::new, "logits"),
          bert(
              "BertForQuestionAnswering",
              Bert.ForQuestionAnswering::new,
              "start_logits",
              "end_logits"),
          gpt2("GPT2Model", Gpt2.Gpt2Model::new, "last_hidden_state"),
          gpt2("GPT2LMHeadModel", Gpt2.LmHeadModel::new, "logits"),
          gpt2("GPT2ForSequenceClassification", Gpt2.ForSequenceClassification::new, "logits"),
          t5(
              "T5EncoderModel",
              T5.EncoderModel::new,
              c -> layers("hidden_states", c.numLayers(), "last_hidden_state"),
              "^decoder\\."),
          t5(
              "T5ForConditionalGeneration",
              T5.ForConditionalGeneration::new,
              c -> {
                var names =
                    layers(
                        "encoder_hidden_states",
                        c.numLayers(),
                        "encoder_last_hidden_state",
                        "logits");
                names.addAll(layers("decoder_hidden_states", c.numDecoderLayers()));
                return names;
              },
              "^decoder\\.block\\.0\\.layer\\.1\\.EncDecAttention\\.relative_attention_bias\\.weight$"),
          deberta("DebertaV2Model", DebertaV2.DebertaV2Model::new, "last_hidden_state"),
          deberta("DebertaV2ForMaskedLM", DebertaV2.ForMaskedLM::new, "logits"),
          deberta(
              "DebertaV2ForSequenceClassification",
              DebertaV2.ForSequenceClassification::new,
              "logits"),
          deberta(
              "DebertaV2ForTokenClassification", DebertaV2.ForTokenClassification::new, "logits"),
          deberta(
              "DebertaV2ForQuestionAnswering",
              DebertaV2.ForQuestionAnswering::new,
              "start_logits",
              "end_logits"));

  private static final Map<String, Architecture<?>> BY_NAME =
      TABLE.stream().collect(Collectors.toUnmodifiableMap(Architecture::name, a -> a));

  /** Classes published under another name for the same network. */
  private static final Map<String, String> ALIASES =
      Map.of("T5WithLMHeadModel", "T5ForConditionalGeneration");

  private Architectures() {}

  /** Names of every class, in the order of the table. */
  public static List<String> names() {
    return TABLE.stream().map(Architecture::name).toList();
  }

  /**
   * The class to build.
   *
   * @param className what the caller asked for, or null for the first of config.json's {@code
   *     architectures}, or the bare backbone when config.json names none
   * @throws ConfigException if the class is unknown or belongs to another model type
   */
  public static Architecture<?> choose(ModelConfig config, String className) {
    String name = className;
    if (name == null) {
      name =
          config.architectures().isEmpty() ? backbone(config) : config.architectures().getFirst();
    }
    Architecture<?> found = BY_NAME.get(ALIASES.getOrDefault(name, name));
    if (found == null || !found.configType().isInstance(config)) {
      throw new ConfigException(
          "config.json",
          "architectures",
          name,
          TABLE.stream()
              .filter(a -> a.configType().isInstance(config))
              .map(Architecture::name)
              .collect(Collectors.joining(", ")));
    }
    return found;
  }

  private static String backbone(ModelConfig config) {
    return switch (config) {
      case BertConfig _ -> "BertModel";
      case Gpt2Config _ -> "GPT2Model";
      case T5Config _ -> "T5ForConditionalGeneration";
      case DebertaV2Config _ -> "DebertaV2Model";
    };
  }

  private static Architecture<BertConfig> bert(
      String name, BiFunction<BertConfig, WeightScope, Network> constructor, String... heads) {
    return new Architecture<>(
        name,
        BertConfig.class,
        "bert",
        constructor,
        c -> layers("hidden_states", c.numHiddenLayers(), heads),
        List.of(Pattern.compile("(^|\\.)position_ids$")));
  }

  private static Architecture<Gpt2Config> gpt2(
      String name, BiFunction<Gpt2Config, WeightScope, Network> constructor, String... heads) {
    return new Architecture<>(
        name,
        Gpt2Config.class,
        "transformer",
        constructor,
        c -> layers("hidden_states", c.nLayer(), heads),
        List.of(Pattern.compile("attn\\.(masked_)?bias$")));
  }

  private static Architecture<T5Config> t5(
      String name,
      BiFunction<T5Config, WeightScope, Network> constructor,
      Function<T5Config, List<String>> outputs,
      String ignored) {
    return new Architecture<>(
        name,
        T5Config.class,
        "transformer",
        constructor,
        outputs,
        List.of(Pattern.compile(ignored)));
  }

  private static Architecture<DebertaV2Config> deberta(
      String name, BiFunction<DebertaV2Config, WeightScope, Network> constructor, String... heads) {
    return new Architecture<>(
        name,
        DebertaV2Config.class,
        "deberta",
        constructor,
        c -> layers("hidden_states", c.numHiddenLayers(), heads),
        List.of(
            Pattern.compile("position_embeddings"),
            Pattern.compile("(^|\\.)position_ids$"),
            Pattern.compile("mask_predictions.*")));
  }

  private static List<String> layers(String series, int count, String... others) {
    var names = new ArrayList<>(List.of(others));
    for (int n = 0; n <= count; n++) {
      names.add(series + "." + n);
    }
    return names;
  }
}
