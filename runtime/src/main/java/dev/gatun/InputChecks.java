package dev.gatun;

import dev.gatun.loader.config.AlbertConfig;
import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.loader.config.DistilbertConfig;
import dev.gatun.loader.config.ElectraConfig;
import dev.gatun.loader.config.GenerationConfig;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.MpnetConfig;
import dev.gatun.loader.config.RobertaConfig;
import dev.gatun.loader.config.T5Config;
import java.util.List;

/** Refuses ids a model has no row for, before anything runs. */
final class InputChecks {
  private InputChecks() {}

  static void check(String architecture, ModelConfig config, Inputs inputs) {
    boolean needsDecoder = architecture.equals("T5ForConditionalGeneration");
    if (needsDecoder && inputs.decoderInputIds() == null) {
      throw new IllegalArgumentException(
          architecture
              + " needs decoderInputIds: the target shifted right, beginning with the decoder's"
              + " start token");
    }
    if (!needsDecoder && inputs.decoderInputIds() != null) {
      throw new IllegalArgumentException(architecture + " has no decoder to read decoderInputIds");
    }
    ids("inputIds", inputs.inputIds(), config.vocabSize(), "the vocabulary");
    lengths(config, inputs.inputIds());
    if (needsDecoder) {
      ids("decoderInputIds", inputs.decoderInputIds(), config.vocabSize(), "the vocabulary");
    }
    if (inputs.tokenTypeIds() != null) {
      switch (config) {
        case BertConfig c ->
            ids("tokenTypeIds", inputs.tokenTypeIds(), c.typeVocabSize(), "type_vocab_size");
        // GPT-2 looks segment ids up among the words.
        case Gpt2Config c ->
            ids("tokenTypeIds", inputs.tokenTypeIds(), c.vocabSize(), "the vocabulary");
        // A model without segments ignores the ids, which its tokenizer gives for pairs all the
        // same.
        case DebertaV2Config c -> {
          if (c.typeVocabSize() > 0) {
            ids("tokenTypeIds", inputs.tokenTypeIds(), c.typeVocabSize(), "type_vocab_size");
          }
        }
        case T5Config _ ->
            throw new IllegalArgumentException("T5 has no segments: tokenTypeIds must be null");
        case RobertaConfig c ->
            ids("tokenTypeIds", inputs.tokenTypeIds(), c.typeVocabSize(), "type_vocab_size");
        case DistilbertConfig _ ->
            throw new IllegalArgumentException(
                "DistilBERT has no segments: tokenTypeIds must be null");
        case AlbertConfig c ->
            ids("tokenTypeIds", inputs.tokenTypeIds(), c.typeVocabSize(), "type_vocab_size");
        case ElectraConfig c ->
            ids("tokenTypeIds", inputs.tokenTypeIds(), c.typeVocabSize(), "type_vocab_size");
        case MpnetConfig _ ->
            throw new IllegalArgumentException("MPNet has no segments: tokenTypeIds must be null");
        case ModernBertConfig _ ->
            throw new IllegalArgumentException(
                "ModernBERT has no segments: tokenTypeIds must be null");
      }
    }
  }

  static void checkPrompts(ModelConfig config, List<int[]> prompts) {
    if (prompts.isEmpty()) {
      throw new IllegalArgumentException("no prompt is given; one at least is needed");
    }
    for (int[] prompt : prompts) {
      if (prompt.length == 0) {
        throw new IllegalArgumentException("the prompt is empty; one token at least is needed");
      }
    }
    ids("inputIds", prompts, config.vocabSize(), "the vocabulary");
    lengths(config, prompts);
  }

  /** First decoder token of an encoder-decoder model; 0 for others, which don't use it. */
  static int decoderStart(ModelConfig config, GenerationConfig generation) {
    if (!(config instanceof T5Config t5)) {
      return 0;
    }
    if (generation.decoderStartTokenId().isPresent()) {
      return generation.decoderStartTokenId().getAsInt();
    }
    if (t5.decoderStartTokenId().isPresent()) {
      return t5.decoderStartTokenId().getAsInt();
    }
    return generation
        .bosTokenId()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "neither generation_config.json nor config.json has decoder_start_token_id or"
                        + " bos_token_id, so decoding can't start"));
  }

  private static void lengths(ModelConfig config, List<int[]> sequences) {
    int limit = config.maxPositions().orElse(Integer.MAX_VALUE);
    for (int s = 0; s < sequences.size(); s++) {
      if (sequences.get(s).length > limit) {
        throw new IllegalArgumentException(
            "inputIds[%d] has %d tokens, the model has positions for %d; truncate the text"
                .formatted(s, sequences.get(s).length, limit));
      }
    }
  }

  private static void ids(String name, List<int[]> sequences, int limit, String table) {
    for (int s = 0; s < sequences.size(); s++) {
      int[] sequence = sequences.get(s);
      for (int i = 0; i < sequence.length; i++) {
        if (sequence[i] < 0 || sequence[i] >= limit) {
          throw new IllegalArgumentException(
              "%s[%d][%d] is %d; %s has ids 0..%d"
                  .formatted(name, s, i, sequence[i], table, limit - 1));
        }
      }
    }
  }
}
