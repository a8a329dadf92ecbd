package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.loader.config.AlbertConfig;
import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.loader.config.DistilbertConfig;
import dev.gatun.loader.config.ElectraConfig;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.MpnetConfig;
import dev.gatun.loader.config.RobertaConfig;
import dev.gatun.loader.config.T5Config;
import dev.gatun.loader.hub.ModelLocation.Catalogued;
import dev.gatun.loader.hub.ModelSource.Answer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The catalogue's configurations give the parameter counts that the models are published with. */
class CatalogueTest {
  /** The bare model; for an untied T5 with its output projection. */
  private static final Map<String, Long> PARAMETERS =
      Map.ofEntries(
          Map.entry("google-bert/bert-base-uncased", 109_482_240L),
          Map.entry("google-bert/bert-base-cased", 108_310_272L),
          Map.entry("google-bert/bert-large-uncased", 335_141_888L),
          Map.entry("openai-community/gpt2", 124_439_808L),
          Map.entry("openai-community/gpt2-medium", 354_823_168L),
          Map.entry("openai-community/gpt2-large", 774_030_080L),
          Map.entry("openai-community/gpt2-xl", 1_557_611_200L),
          Map.entry("distilbert/distilgpt2", 81_912_576L),
          Map.entry("google-t5/t5-small", 60_506_624L),
          Map.entry("google-t5/t5-base", 222_903_552L),
          Map.entry("google-t5/t5-large", 737_668_096L),
          Map.entry("google/flan-t5-small", 76_961_152L),
          Map.entry("google/flan-t5-base", 247_577_856L),
          Map.entry("google/flan-t5-large", 783_150_080L),
          Map.entry("sentence-transformers/all-MiniLM-L6-v2", 22_713_216L),
          Map.entry("FacebookAI/roberta-base", 124_645_632L),
          Map.entry("FacebookAI/roberta-large", 355_359_744L),
          Map.entry("FacebookAI/xlm-roberta-base", 278_043_648L),
          Map.entry("FacebookAI/xlm-roberta-large", 559_890_432L),
          Map.entry("distilbert/distilroberta-base", 82_118_400L),
          Map.entry("distilbert/distilbert-base-uncased", 66_362_880L),
          Map.entry("distilbert/distilbert-base-cased", 65_190_912L),
          Map.entry("distilbert/distilbert-base-multilingual-cased", 134_734_080L),
          Map.entry("albert/albert-base-v2", 11_683_584L),
          Map.entry("google/electra-small-discriminator", 13_483_008L),
          Map.entry("microsoft/mpnet-base", 109_486_464L),
          Map.entry("sentence-transformers/all-mpnet-base-v2", 109_486_464L),
          Map.entry("answerdotai/ModernBERT-base", 149_014_272L),
          Map.entry("microsoft/deberta-v3-base", 183_831_552L),
          Map.entry("microsoft/deberta-v3-small", 141_304_320L),
          Map.entry("cross-encoder/nli-deberta-v3-base", 183_831_552L));

  @Test
  void everyEntryIsTheModelItClaimsToBe() {
    assertEquals(PARAMETERS.keySet(), Set.copyOf(CatalogueSource.IDS));
    for (String id : CatalogueSource.IDS) {
      Answer answer = new CatalogueSource().find(new ModelRequest(id, "main"));
      Catalogued found = (Catalogued) ((Answer.Found) answer).location();
      ModelConfig config =
          ConfigParser.parse(id, found.configJson().getBytes(StandardCharsets.UTF_8));
      assertEquals(List.of(), config.unreadKeys().unknown(), id);
      long parameters =
          switch (config) {
            case BertConfig bert -> parameters(bert);
            case Gpt2Config gpt2 -> parameters(gpt2);
            case T5Config t5 -> parameters(t5);
            case RobertaConfig roberta -> parameters(roberta);
            case DistilbertConfig distilbert -> parameters(distilbert);
            case AlbertConfig albert -> parameters(albert);
            case ElectraConfig electra -> parameters(electra);
            case MpnetConfig mpnet -> parameters(mpnet);
            case ModernBertConfig modernBert -> parameters(modernBert);
            case DebertaV2Config deberta -> parameters(deberta);
          };
      assertEquals(PARAMETERS.get(id), parameters, id);
    }
  }

  private static long parameters(BertConfig config) {
    long h = config.hiddenSize();
    long i = config.intermediateSize();
    long embeddings =
        (config.vocabSize() + config.maxPositionEmbeddings() + config.typeVocabSize()) * h + 2 * h;
    return embeddings + config.numHiddenLayers() * postNormLayer(h, i) + h * h + h;
  }

  private static long postNormLayer(long h, long i) {
    return 4 * (h * h + h) + 2 * h + (h * i + i) + (i * h + h) + 2 * h;
  }

  private static long parameters(AlbertConfig config) {
    long e = config.embeddingSize();
    long h = config.hiddenSize();
    long embeddings =
        (config.vocabSize() + config.maxPositionEmbeddings() + config.typeVocabSize()) * e + 2 * e;
    long layers = (long) config.numHiddenGroups() * config.innerGroupNum();
    return embeddings
        + (e * h + h)
        + layers * postNormLayer(h, config.intermediateSize())
        + (h * h + h);
  }

  private static long parameters(ElectraConfig config) {
    long e = config.embeddingSize();
    long h = config.hiddenSize();
    long embeddings =
        (config.vocabSize() + config.maxPositionEmbeddings() + config.typeVocabSize()) * e + 2 * e;
    return embeddings
        + (e * h + h)
        + config.numHiddenLayers() * postNormLayer(h, config.intermediateSize());
  }

  private static long parameters(MpnetConfig config) {
    long h = config.hiddenSize();
    long embeddings = (config.vocabSize() + config.maxPositionEmbeddings()) * h + 2 * h;
    long bias = (long) config.relativeAttentionNumBuckets() * config.numAttentionHeads();
    return embeddings
        + bias
        + config.numHiddenLayers() * postNormLayer(h, config.intermediateSize())
        + (h * h + h);
  }

  private static long parameters(RobertaConfig config) {
    long h = config.hiddenSize();
    long i = config.intermediateSize();
    long embeddings =
        (config.vocabSize() + config.maxPositionEmbeddings() + config.typeVocabSize()) * h + 2 * h;
    long layer = 4 * (h * h + h) + 2 * h + (h * i + i) + (i * h + h) + 2 * h;
    return embeddings + config.numHiddenLayers() * layer + h * h + h;
  }

  private static long parameters(DistilbertConfig config) {
    long h = config.dim();
    long i = config.hiddenDim();
    long layer = 4 * (h * h + h) + 2 * h + (h * i + i) + (i * h + h) + 2 * h;
    return (config.vocabSize() + config.maxPositionEmbeddings()) * h
        + 2 * h
        + config.nLayers() * layer;
  }

  private static long parameters(DebertaV2Config config) {
    long h = config.hiddenSize();
    long i = config.intermediateSize();
    long embeddings = config.vocabSize() * h + 2 * h;
    long layer = 4 * (h * h + h) + 2 * h + (h * i + i) + (i * h + h) + 2 * h;
    return embeddings + config.numHiddenLayers() * layer + 2L * config.positionSpan() * h + 2 * h;
  }

  private static long parameters(Gpt2Config config) {
    long h = config.hiddenSize();
    long i = config.intermediateSize();
    long layer = 2 * h + (3 * h * h + 3 * h) + (h * h + h) + 2 * h + (h * i + i) + (i * h + h);
    return (config.vocabSize() + config.nPositions()) * h + config.nLayer() * layer + 2 * h;
  }

  private static long parameters(ModernBertConfig config) {
    long h = config.hiddenSize();
    long layer = 4 * h * h + 3 * h * config.intermediateSize() + 2 * h;
    // The embeddings' norm and the last one; the first layer has one norm less.
    return config.vocabSize() * h + config.numHiddenLayers() * layer + h;
  }

  private static long parameters(T5Config config) {
    long d = config.dModel();
    long attention = 4 * d * config.numHeads() * config.dKv() + d;
    long feedForward = (config.isGatedAct() ? 3 : 2) * d * config.dFf() + d;
    long stacks = 2 * (d + (long) config.relativeAttentionNumBuckets() * config.numHeads());
    long embeddings = config.vocabSize() * d * (config.scaleDecoderOutputs() ? 1 : 2);
    return embeddings
        + stacks
        + config.numLayers() * (attention + feedForward)
        + config.numDecoderLayers() * (2 * attention + feedForward);
  }
}
