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

  private static final String[] TOKENS = {"last_hidden_state"};
  private static final String[] TOKENS_AND_POOLED = {"last_hidden_state", "pooler_output"};
  private static final String[] LOGITS = {"logits"};
  private static final String[] SPAN = {"start_logits", "end_logits"};

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
    return Stream.of(
            bert(),
            gpt2(),
            t5(),
            roberta(),
            distilbert(),
            albert(),
            electra(),
            mpnet(),
            modernBert(),
            debertaV2())
        .flatMap(List::stream)
        .map(Architecture::name)
        .toList();
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
    String known = ALIASES.getOrDefault(name, name);
    for (Architecture<?> candidate : classes(config)) {
      if (candidate.name().equals(known)) {
        return candidate;
      }
    }
    throw new ConfigException(
        "config.json",
        "architectures",
        name,
        classes(config).stream().map(Architecture::name).collect(Collectors.joining(", ")));
  }

  /** Those of a config's model type. The others are not even made: that would slow every start. */
  private static List<? extends Architecture<?>> classes(ModelConfig config) {
    return switch (config) {
      case BertConfig _ -> bert();
      case Gpt2Config _ -> gpt2();
      case T5Config _ -> t5();
      case RobertaConfig _ -> roberta();
      case DistilbertConfig _ -> distilbert();
      case AlbertConfig _ -> albert();
      case ElectraConfig _ -> electra();
      case MpnetConfig _ -> mpnet();
      case ModernBertConfig _ -> modernBert();
      case DebertaV2Config _ -> debertaV2();
    };
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

  private static Architecture<T5Config> t5Class(
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

  private static List<Architecture<BertConfig>> bert() {
    var family = new Family<>(BertConfig.class, "bert", BertConfig::numHiddenLayers, POSITION_IDS);
    return List.of(
        family.of("BertModel", Bert.BertModel::new, TOKENS_AND_POOLED),
        family.of("BertForMaskedLM", Bert.ForMaskedLM::new, LOGITS),
        family.of(
            "BertForPreTraining",
            Bert.ForPreTraining::new,
            "prediction_logits",
            "seq_relationship_logits"),
        family.of("BertForNextSentencePrediction", Bert.ForNextSentencePrediction::new, LOGITS),
        family.of("BertForSequenceClassification", Bert.ForSequenceClassification::new, LOGITS),
        family.of("BertForTokenClassification", Bert.ForTokenClassification::new, LOGITS),
        family.of("BertForQuestionAnswering", Bert.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<Gpt2Config>> gpt2() {
    var family =
        new Family<>(Gpt2Config.class, "transformer", Gpt2Config::nLayer, "attn\\.(masked_)?bias$");
    return List.of(
        family.of("GPT2Model", Gpt2.Gpt2Model::new, TOKENS),
        family.of("GPT2LMHeadModel", Gpt2.LmHeadModel::new, LOGITS),
        family.of("GPT2ForSequenceClassification", Gpt2.ForSequenceClassification::new, LOGITS));
  }

  private static List<Architecture<T5Config>> t5() {
    return List.of(
        t5Class(
            "T5EncoderModel",
            T5.EncoderModel::new,
            c -> layers("hidden_states", c.numLayers(), "last_hidden_state"),
            "^decoder\\."),
        t5Class(
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
            "^decoder\\.block\\.0\\.layer\\.1\\.EncDecAttention\\.relative_attention_bias\\.weight$"));
  }

  private static List<Architecture<RobertaConfig>> roberta() {
    var family =
        new Family<>(RobertaConfig.class, "roberta", RobertaConfig::numHiddenLayers, POSITION_IDS);
    return List.of(
        family.of("RobertaModel", Roberta.RobertaModel::new, TOKENS_AND_POOLED),
        family.of("RobertaForMaskedLM", Roberta.ForMaskedLM::new, LOGITS),
        family.of(
            "RobertaForSequenceClassification", Roberta.ForSequenceClassification::new, LOGITS),
        family.of("RobertaForTokenClassification", Roberta.ForTokenClassification::new, LOGITS),
        family.of("RobertaForQuestionAnswering", Roberta.ForQuestionAnswering::new, SPAN),
        family.of("XLMRobertaModel", Roberta.RobertaModel::new, TOKENS_AND_POOLED),
        family.of("XLMRobertaForMaskedLM", Roberta.ForMaskedLM::new, LOGITS),
        family.of(
            "XLMRobertaForSequenceClassification", Roberta.ForSequenceClassification::new, LOGITS),
        family.of("XLMRobertaForTokenClassification", Roberta.ForTokenClassification::new, LOGITS),
        family.of("XLMRobertaForQuestionAnswering", Roberta.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<DistilbertConfig>> distilbert() {
    var family =
        new Family<>(DistilbertConfig.class, "distilbert", DistilbertConfig::nLayers, POSITION_IDS);
    return List.of(
        family.of("DistilBertModel", Distilbert.DistilBertModel::new, TOKENS),
        family.of("DistilBertForMaskedLM", Distilbert.ForMaskedLM::new, LOGITS),
        family.of(
            "DistilBertForSequenceClassification",
            Distilbert.ForSequenceClassification::new,
            LOGITS),
        family.of(
            "DistilBertForTokenClassification", Distilbert.ForTokenClassification::new, LOGITS),
        family.of("DistilBertForQuestionAnswering", Distilbert.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<AlbertConfig>> albert() {
    var family =
        new Family<>(
            AlbertConfig.class,
            "albert",
            c -> c.numHiddenLayers() * c.innerGroupNum(),
            POSITION_IDS);
    return List.of(
        family.of("AlbertModel", Albert.AlbertModel::new, TOKENS_AND_POOLED),
        family.of("AlbertForMaskedLM", Albert.ForMaskedLM::new, LOGITS),
        family.of(
            "AlbertForPreTraining", Albert.ForPreTraining::new, "prediction_logits", "sop_logits"),
        family.of("AlbertForSequenceClassification", Albert.ForSequenceClassification::new, LOGITS),
        family.of("AlbertForTokenClassification", Albert.ForTokenClassification::new, LOGITS),
        family.of("AlbertForQuestionAnswering", Albert.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<ElectraConfig>> electra() {
    var family =
        new Family<>(ElectraConfig.class, "electra", ElectraConfig::numHiddenLayers, POSITION_IDS);
    return List.of(
        family.of("ElectraModel", Electra.ElectraModel::new, TOKENS),
        family.of("ElectraForMaskedLM", Electra.ForMaskedLM::new, LOGITS),
        family.of("ElectraForPreTraining", Electra.ForPreTraining::new, LOGITS),
        family.of(
            "ElectraForSequenceClassification", Electra.ForSequenceClassification::new, LOGITS),
        family.of("ElectraForTokenClassification", Electra.ForTokenClassification::new, LOGITS),
        family.of("ElectraForQuestionAnswering", Electra.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<MpnetConfig>> mpnet() {
    var family =
        new Family<>(MpnetConfig.class, "mpnet", MpnetConfig::numHiddenLayers, POSITION_IDS);
    return List.of(
        family.of("MPNetModel", Mpnet.MpnetModel::new, TOKENS_AND_POOLED),
        family.of("MPNetForMaskedLM", Mpnet.ForMaskedLM::new, LOGITS),
        family.of("MPNetForSequenceClassification", Mpnet.ForSequenceClassification::new, LOGITS),
        family.of("MPNetForTokenClassification", Mpnet.ForTokenClassification::new, LOGITS),
        family.of("MPNetForQuestionAnswering", Mpnet.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<ModernBertConfig>> modernBert() {
    var family = new Family<>(ModernBertConfig.class, "model", ModernBertConfig::numHiddenLayers);
    return List.of(
        family.of("ModernBertModel", ModernBert.BaseModel::new, TOKENS),
        family.of("ModernBertForMaskedLM", ModernBert.ForMaskedLM::new, LOGITS),
        family.of(
            "ModernBertForSequenceClassification",
            ModernBert.ForSequenceClassification::new,
            LOGITS),
        family.of(
            "ModernBertForTokenClassification", ModernBert.ForTokenClassification::new, LOGITS),
        family.of("ModernBertForQuestionAnswering", ModernBert.ForQuestionAnswering::new, SPAN));
  }

  private static List<Architecture<DebertaV2Config>> debertaV2() {
    var family =
        new Family<>(
            DebertaV2Config.class,
            "deberta",
            DebertaV2Config::numHiddenLayers,
            "position_embeddings",
            POSITION_IDS,
            "mask_predictions.*");
    return List.of(
        family.of("DebertaV2Model", DebertaV2.DebertaV2Model::new, TOKENS),
        family.of("DebertaV2ForMaskedLM", DebertaV2.ForMaskedLM::new, LOGITS),
        family.of(
            "DebertaV2ForSequenceClassification", DebertaV2.ForSequenceClassification::new, LOGITS),
        family.of("DebertaV2ForTokenClassification", DebertaV2.ForTokenClassification::new, LOGITS),
        family.of("DebertaV2ForQuestionAnswering", DebertaV2.ForQuestionAnswering::new, SPAN));
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
