package dev.gatun.tools;

import dev.gatun.loader.config.AlbertConfig;
import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.loader.config.DistilbertConfig;
import dev.gatun.loader.config.ElectraConfig;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.ModernBertConfig.LayerType;
import dev.gatun.loader.config.MpnetConfig;
import dev.gatun.loader.config.RobertaConfig;
import dev.gatun.loader.config.T5Config;

/**
 * Floating point operations that a workload needs, for GFLOP/s that compare between runtimes:
 *
 * <pre>
 *   2 x (weights of linear layers) x (tokens that pass them) + attention
 *   attention of n queries over m keys, h heads of size d: 4 n m h d; causal over itself: half;
 *   within a window: the keys in it
 * </pre>
 *
 * <p>A padded token is no work. Embeddings, norms, activations, softmax and biases are not counted,
 * nor are DeBERTa's products with relative positions and its convolution. The language-model head
 * counts for the tokens whose logits choose a token: one per token written; so does what the last
 * layer of a decoder does behind its attention. Poolers and task heads are not run and not counted.
 */
final class UsefulWork {
  /** The formula, for the help of commands. */
  static final String FORMULA =
      "gflops: 2 x weights of linear layers x tokens + attention 4 n^2 h d (half when causal)";

  private UsefulWork() {}

  /**
   * The operations of one run.
   *
   * @param lengths tokens of each sequence read
   * @param newTokens tokens written behind each; 0 for a pass that writes none
   */
  static double flops(ModelConfig config, int[] lengths, int newTokens) {
    double sum = 0;
    for (int length : lengths) {
      sum +=
          switch (config) {
            case BertConfig c -> encoder(c, length);
            case Gpt2Config c -> gpt2(c, length, newTokens);
            case T5Config c -> t5(c, length, newTokens);
            case RobertaConfig c -> encoder(c, length);
            case DistilbertConfig c -> encoder(c, length);
            case AlbertConfig c ->
                projection(c.embeddingSize(), c, length) + c.innerGroupNum() * encoder(c, length);
            case ElectraConfig c ->
                (c.embeddingSize() == c.hiddenSize() ? 0 : projection(c.embeddingSize(), c, length))
                    + encoder(c, length);
            case MpnetConfig c -> encoder(c, length);
            case ModernBertConfig c -> modernBert(c, length);
            case DebertaV2Config c -> encoder(c, length);
          };
    }
    return sum;
  }

  /** Embeddings of their own width to the width of the layers. */
  private static double projection(double embedding, ModelConfig c, double n) {
    return 2 * embedding * c.hiddenSize() * n;
  }

  private static double encoder(ModelConfig c, double n) {
    double hidden = c.hiddenSize();
    double weights = 4 * hidden * hidden + 2 * hidden * c.intermediateSize();
    return c.numHiddenLayers() * (2 * weights * n + 4 * n * n * hidden);
  }

  private static double gpt2(Gpt2Config c, double prompt, int newTokens) {
    double hidden = c.hiddenSize();
    double queriesKeysValues = 3 * hidden * hidden;
    double others = hidden * hidden + 2 * hidden * c.intermediateSize();
    double read = prompt + Math.max(0, newTokens - 1); // the last token written is not read
    double layer = 2 * (queriesKeysValues + others) * read + 2 * read * read * hidden;
    double unread = read - newTokens; // in the last layer, where only a next token's row goes on
    double layers = c.numHiddenLayers() * layer - 2 * others * Math.max(0, unread);
    return layers + 2 * hidden * c.vocabSize() * newTokens;
  }

  private static double modernBert(ModernBertConfig c, double n) {
    double hidden = c.hiddenSize();
    double weights = 4 * hidden * hidden + 3 * hidden * c.intermediateSize();
    double sum = 0;
    for (LayerType type : c.layerTypes()) {
      double reach = type == LayerType.SLIDING ? Math.min(c.slidingWindow(), n - 1) : n - 1;
      double pairs = n + reach * (2 * n - reach - 1); // every token itself, and both sides
      sum += 2 * weights * n + 4 * pairs * hidden;
    }
    return sum;
  }

  private static double t5(T5Config c, double source, int newTokens) {
    double model = c.dModel();
    double inner = (double) c.numHeads() * c.dKv();
    double attention = 4 * model * inner; // weights of q, k, v, o
    double feedForward = (c.isGatedAct() ? 3 : 2) * model * c.dFf();
    double encoder =
        c.numLayers() * (2 * (attention + feedForward) * source + 4 * source * source * inner);
    if (newTokens == 0) {
      return encoder;
    }
    double read = newTokens; // the start token and all written but the last
    double crossKeysValues = 2 * 2 * model * inner * source;
    double perToken = 2 * (attention + attention / 2 + feedForward);
    double scores = 2 * read * read * inner + 4 * read * source * inner;
    double decoder = c.numDecoderLayers() * (crossKeysValues + perToken * read + scores);
    return encoder + decoder + 2 * model * c.vocabSize() * newTokens;
  }
}
