package dev.gatun.runtime.models;

import dev.gatun.loader.config.AlbertConfig;
import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.loader.config.DistilbertConfig;
import dev.gatun.loader.config.ElectraConfig;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.MpnetConfig;
import dev.gatun.loader.config.RobertaConfig;
import dev.gatun.loader.config.T5Config;
import dev.gatun.runtime.weights.WeightScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The table of transformers classes this runtime can build. */
public final class Architectures {
  private static final String POSITION_IDS = "(^|\\.)position_ids$";

  private static final Family<BertConfig> BERT =
      new Family<>(BertConfig.class, "bert", BertConfig::numHiddenLayers, POSITION_IDS);
  private static final Family<Gpt2Config> GPT2 =
      new Family<>(Gpt2Config.class, "transformer", Gpt2Config::nLayer, "attn\\.(masked_)?bias$");
  private static final Family<RobertaConfig> ROBERTA =
      new Family<>(RobertaConfig.class, "roberta", RobertaConfig::numHiddenLayers, POSITION_IDS);
  private static final Family<DistilbertConfig> DISTILBERT =
      new Family<>(DistilbertConfig.class, "distilbert", DistilbertConfig::nLayers, POSITION_IDS);
  private static final Family<AlbertConfig> ALBERT =
      new Family<>(
          AlbertConfig.class, "albert", c -> c.numHiddenLayers() * c.innerGroupNum(), POSITION_IDS);
  private static final Family<ElectraConfig> ELECTRA =
      new Family<>(ElectraConfig.class, "electra", ElectraConfig::numHiddenLayers, POSITION_IDS);
  private static final Family<MpnetConfig> MPNET =
      new Family<>(MpnetConfig.class, "mpnet", MpnetConfig::numHiddenLayers, POSITION_IDS);
  private static final Family<ModernBertConfig> MODERNBERT =
      new Family<>(ModernBertConfig.class, "model", ModernBertConfig::numHiddenLayers);
  private static final Family<DebertaV2Config> DEBERTA =
      new Family<>(
          DebertaV2Config.class,
          "deberta",
          DebertaV2Config::numHiddenLayers,
          "position_embeddings",
          POSITION_IDS,
          "mask_predictions.*");

  private static final String[] TOKENS = {"last_hidden_state"};
  private static final String[] TOKENS_AND_POOLED = {"last_hidden_state", "pooler_output"};
  private static final String[] LOGITS = {"logits"};
  private static final String[] SPAN = {"start_logits", "end_logits"};

  private static final List<Architecture<?>> TABLE =
      List.of(
          BERT.of("BertModel", Bert.BertModel::new, TOKENS_AND_POOLED),
          BERT.of("BertForMaskedLM", Bert.ForMaskedLM::new, LOGITS),
          BERT.of(
              "BertForPreTraining",
              Bert.ForPreTraining::new,
              "prediction_logits",
              "seq_relationship_logits"),
          BERT.of("BertForNextSentencePrediction", Bert.ForNextSentencePrediction::new, LOGITS),
          BERT.of("BertForSequenceClassification", Bert.ForSequenceClassification::new, LOGITS),
          BERT.of("BertForTokenClassification", Bert.ForTokenClassification::new, LOGITS),
          BERT.of("BertForQuestionAnswering", Bert.ForQuestionAnswering::new, SPAN),
          GPT2.of("GPT2Model", Gpt2.Gpt2Model::new, TOKENS),
          GPT2.of("GPT2LMHeadModel", Gpt2.LmHeadModel::new, LOGITS),
          GPT2.of("GPT2ForSequenceClassification", Gpt2.ForSequenceClassification::new, LOGITS),
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
          ROBERTA.of("RobertaModel", Roberta.RobertaModel::new, TOKENS_AND_POOLED),
          ROBERTA.of("RobertaForMaskedLM", Roberta.ForMaskedLM::new, LOGITS),
          ROBERTA.of(
              "RobertaForSequenceClassification", Roberta.ForSequenceClassification::new, LOGITS),
          ROBERTA.of("RobertaForTokenClassification", Roberta.ForTokenClassification::new, LOGITS),
          ROBERTA.of("RobertaForQuestionAnswering", Roberta.ForQuestionAnswering::new, SPAN),
          ROBERTA.of("XLMRobertaModel", Roberta.RobertaModel::new, TOKENS_AND_POOLED),
          ROBERTA.of("XLMRobertaForMaskedLM", Roberta.ForMaskedLM::new, LOGITS),
          ROBERTA.of(
              "XLMRobertaForSequenceClassification",
              Roberta.ForSequenceClassification::new,
              LOGITS),
          ROBERTA.of(
              "XLMRobertaForTokenClassification", Roberta.ForTokenClassification::new, LOGITS),
          ROBERTA.of("XLMRobertaForQuestionAnswering", Roberta.ForQuestionAnswering::new, SPAN),
          DISTILBERT.of("DistilBertModel", Distilbert.DistilBertModel::new, TOKENS),
          DISTILBERT.of("DistilBertForMaskedLM", Distilbert.ForMaskedLM::new, LOGITS),
          DISTILBERT.of(
              "DistilBertForSequenceClassification",
              Distilbert.ForSequenceClassification::new,
              LOGITS),
          DISTILBERT.of(
              "DistilBertForTokenClassification", Distilbert.ForTokenClassification::new, LOGITS),
          DISTILBERT.of(
              "DistilBertForQuestionAnswering", Distilbert.ForQuestionAnswering::new, SPAN),
          ALBERT.of("AlbertModel", Albert.AlbertModel::new, TOKENS_AND_POOLED),
          ALBERT.of("AlbertForMaskedLM", Albert.ForMaskedLM::new, LOGITS),
          ALBERT.of(
              "AlbertForPreTraining",
              Albert.ForPreTraining::new,
              "prediction_logits",
              "sop_logits"),
          ALBERT.of(
              "AlbertForSequenceClassification", Albert.ForSequenceClassification::new, LOGITS),
          ALBERT.of("AlbertForTokenClassification", Albert.ForTokenClassification::new, LOGITS),
          ALBERT.of("AlbertForQuestionAnswering", Albert.ForQuestionAnswering::new, SPAN),
          ELECTRA.of("ElectraModel", Electra.ElectraModel::new, TOKENS),
          ELECTRA.of("ElectraForMaskedLM", Electra.ForMaskedLM::new, LOGITS),
          ELECTRA.of("ElectraForPreTraining", Electra.ForPreTraining::new, LOGITS),
          ELECTRA.of(
              "ElectraForSequenceClassification", Electra.ForSequenceClassification::new, LOGITS),
          ELECTRA.of("ElectraForTokenClassification", Electra.ForTokenClassification::new, LOGITS),
          ELECTRA.of("ElectraForQuestionAnswering", Electra.ForQuestionAnswering::new, SPAN),
          MPNET.of("MPNetModel", Mpnet.MpnetModel::new, TOKENS_AND_POOLED),
          MPNET.of("MPNetForMaskedLM", Mpnet.ForMaskedLM::new, LOGITS),
          MPNET.of("MPNetForSequenceClassification", Mpnet.ForSequenceClassification::new, LOGITS),
          MPNET.of("MPNetForTokenClassification", Mpnet.ForTokenClassification::new, LOGITS),
          MPNET.of("MPNetForQuestionAnswering", Mpnet.ForQuestionAnswering::new, SPAN),
          MODERNBERT.of("ModernBertModel", ModernBert.BaseModel::new, TOKENS),
          MODERNBERT.of("ModernBertForMaskedLM", ModernBert.ForMaskedLM::new, LOGITS),
          MODERNBERT.of(
              "ModernBertForSequenceClassification",
              ModernBert.ForSequenceClassification::new,
              LOGITS),
          MODERNBERT.of(
              "ModernBertForTokenClassification", ModernBert.ForTokenClassification::new, LOGITS),
          MODERNBERT.of(
              "ModernBertForQuestionAnswering", ModernBert.ForQuestionAnswering::new, SPAN),
          DEBERTA.of("DebertaV2Model", DebertaV2.DebertaV2Model::new, TOKENS),
          DEBERTA.of("DebertaV2ForMaskedLM", DebertaV2.ForMaskedLM::new, LOGITS),
          DEBERTA.of(
              "DebertaV2ForSequenceClassification",
              DebertaV2.ForSequenceClassification::new,
              LOGITS),
          DEBERTA.of(
              "DebertaV2ForTokenClassification", DebertaV2.ForTokenClassification::new, LOGITS),
          DEBERTA.of("DebertaV2ForQuestionAnswering", DebertaV2.ForQuestionAnswering::new, SPAN));

  private static final Map<String, Architecture<?>> BY_NAME =
      TABLE.stream().collect(Collectors.toUnmodifiableMap(Architecture::name, a -> a));

  /** Classes published under another name for the same network. */
  private static final Map<String, String> ALIASES =
      Map.of(
          "T5WithLMHeadModel", "T5ForConditionalGeneration",
          "CamembertModel", "RobertaModel",
          "CamembertForMaskedLM", "RobertaForMaskedLM",
          "CamembertForSequenceClassification", "RobertaForSequenceClassification",
          "CamembertForTokenClassification", "RobertaForTokenClassification",
          "CamembertForQuestionAnswering", "RobertaForQuestionAnswering");

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

  /**
   * The class whose {@code last_hidden_state} is an embedding model's token vectors, whatever class
   * with a head config.json names.
   */
  public static String encoder(ModelConfig config) {
    return config instanceof T5Config ? "T5EncoderModel" : backbone(config);
  }

  private static String backbone(ModelConfig config) {
    return switch (config) {
      case BertConfig _ -> "BertModel";
      case Gpt2Config _ -> "GPT2Model";
      case T5Config _ -> "T5ForConditionalGeneration";
      case RobertaConfig c ->
          c.modelType().equals("xlm-roberta") ? "XLMRobertaModel" : "RobertaModel";
      case DistilbertConfig _ -> "DistilBertModel";
      case AlbertConfig _ -> "AlbertModel";
      case ElectraConfig _ -> "ElectraModel";
      case MpnetConfig _ -> "MPNetModel";
      case ModernBertConfig _ -> "ModernBertModel";
      case DebertaV2Config _ -> "DebertaV2Model";
    };
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

  private static List<String> layers(String series, int count, String... others) {
    var names = new ArrayList<>(List.of(others));
    for (int n = 0; n <= count; n++) {
      names.add(series + "." + n);
    }
    return names;
  }

  /**
   * Classes of one config whose forward pass is one stack.
   *
   * @param prefix submodule of the backbone
   * @param depth layers: each gives hidden states
   * @param ignored checkpoint names that are no weights
   */
  private record Family<C extends ModelConfig>(
      Class<C> config, String prefix, ToIntFunction<C> depth, List<Pattern> ignored) {
    Family(Class<C> config, String prefix, ToIntFunction<C> depth, String... ignored) {
      this(config, prefix, depth, Stream.of(ignored).map(Pattern::compile).toList());
    }

    Architecture<C> of(
        String name, BiFunction<C, WeightScope, Network> constructor, String... heads) {
      return new Architecture<>(
          name,
          config,
          prefix,
          constructor,
          c -> layers("hidden_states", depth.applyAsInt(c), heads),
          ignored);
    }
  }
}
