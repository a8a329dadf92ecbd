package dev.gatun.runtime.models;

import dev.gatun.Inputs;
import dev.gatun.loader.config.Gpt2Config;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.WeightScope;
import java.util.List;
import java.util.stream.IntStream;

/**
 * GPT-2: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019. Upstream:
 * transformers {@code models/gpt2/modeling_gpt2.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, H n_embd, I n_inner, V vocab_size.
 */
final class Gpt2 {
  private final Gpt2Config config;
  private final Embedding wte;
  private final Embedding wpe;
  private final List<Block> blocks;
  private final LayerNorm finalNorm;

  Gpt2(Gpt2Config config, WeightScope scope) {
    this.config = config;
    wte = scope.embedding("wte", config.vocabSize(), config.nEmbd());
    wpe = scope.embedding("wpe", config.nPositions(), config.nEmbd());
    blocks =
        IntStream.range(0, config.nLayer())
            .mapToObj(n -> new Block(config, n, scope.sub("h", n)))
            .toList();
    finalNorm = scope.layerNorm("ln_f", config.nEmbd(), config.layerNormEpsilon());
  }

  /**
   * Last hidden state after ln_f: [rows, H], or [T, H] where taps read all of it.
   *
   * @param step the step of the KV cache that adds these tokens, null for a pass on its own
   */
  Tensor forward(Ops ops, Workspace ws, Batch batch, KvCache.Step step, Rows read, Taps taps) {
    Sequences sequences = batch.sequences();
    Rows kept = taps.ofLastLayer(read);
    Tensor x = ops.embed(ws, wte, batch.ids(ws)); // [T, H]
    ops.embedAdd(ws, wpe, batch.positions(ws), x);
    if (batch.hasTokenTypeIds()) {
      ops.embedAdd(ws, wte, batch.tokenTypeIds(ws), x);
    }
    for (int n = 0; n < blocks.size(); n++) {
      taps.layer("hidden_states", n, x, sequences);
      Rows rows = kept.ofLayer(n, blocks.size());
      Tensor y = rows.of(ops, ws, sequences, x);
      long mark = ws.mark();
      blocks.get(n).forward(ops, ws, x, sequences, step, rows, y);
      ws.release(mark);
      x = y;
    }
    ops.layerNorm(ws, finalNorm, x, x);
    taps.layer("hidden_states", blocks.size(), x, sequences);
    taps.tokens("last_hidden_state", x, sequences);
    return x;
  }

  /** One pre-norm block. */
  private static final class Block {
    private final int layer;
    private final int hidden;
    private final LayerNorm ln1;
    private final Linear queryKeyValue;
    private final Linear attentionProjection;
    private final LayerNorm ln2;
    private final Linear fullyConnected;
    private final Linear projection;
    private final Epilogue activation;
    private final AttentionOptions attention;

    Block(Gpt2Config c, int layer, WeightScope scope) {
      this.layer = layer;
      hidden = c.nEmbd();
      ln1 = scope.layerNorm("ln_1", hidden, c.layerNormEpsilon());
      queryKeyValue = scope.sub("attn").conv1d("c_attn", hidden, 3 * hidden);
      attentionProjection = scope.sub("attn").conv1d("c_proj", hidden, hidden);
      ln2 = scope.layerNorm("ln_2", hidden, c.layerNormEpsilon());
      fullyConnected = scope.sub("mlp").conv1d("c_fc", hidden, c.intermediateSize());
      projection = scope.sub("mlp").conv1d("c_proj", c.intermediateSize(), hidden);
      activation = Epilogue.activation(c.activationFunction()).asOperand();
      int headDim = hidden / c.nHead();
      double scale = c.scaleAttnWeights() ? 1 / Math.sqrt(headDim) : 1;
      if (c.scaleAttnByInverseLayerIdx()) {
        scale /= layer + 1;
      }
      attention = AttentionOptions.of(c.nHead(), headDim).withCausal(true).withScale((float) scale);
    }

    /** Writes its output over y, which holds these rows of its input x. */
    void forward(
        Ops ops,
        Workspace ws,
        Tensor x,
        Sequences sequences,
        KvCache.Step step,
        Rows rows,
        Tensor y) {
      Epilogue epilogue = step == null ? Epilogue.OPERAND : Epilogue.NONE; // caches keep F32
      Tensor qkv = ops.linear(ws, queryKeyValue, ops.layerNorm(ws, ln1, x), epilogue); // [T, 3H]
      Tensor q = qkv.columns(0, hidden);
      Tensor k = qkv.columns(hidden, 2 * hidden);
      Tensor v = qkv.columns(2 * hidden, 3 * hidden);
      Tensor all; // [T, H]
      if (step == null) {
        all = ops.attention(ws, q, k, v, attention, sequences, sequences);
      } else {
        all = ops.attention(ws, q, k, v, attention, step.layer(layer));
      }
      Tensor context = rows.of(ops, ws, sequences, all);
      ops.linear(ws, attentionProjection, context, Epilogue.residual(y), y);

      Tensor h = ops.linear(ws, fullyConnected, ops.layerNorm(ws, ln2, y), activation);
      ops.linear(ws, projection, h, Epilogue.residual(y), y);
    }
  }

  /** {@code GPT2Model}: last_hidden_state. */
  static final class Gpt2Model implements Network {
    private final Gpt2 gpt2;

    Gpt2Model(Gpt2Config config, WeightScope scope) {
      gpt2 = new Gpt2(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      gpt2.forward(ops, ws, batch, null, Rows.ALL, taps);
    }
  }

  /** {@code GPT2LMHeadModel}: next-token logits. */
  static final class LmHeadModel implements Decodable {
    private final Gpt2 gpt2;
    private final Linear lmHead;

    LmHeadModel(Gpt2Config config, WeightScope scope) {
      gpt2 = new Gpt2(config, scope.sub("transformer"));
      lmHead = scope.head().linearNoBias("lm_head", config.nEmbd(), config.vocabSize());
      if (config.tieWordEmbeddings()) {
        scope.tie("lm_head.weight", "transformer.wte.weight");
      }
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = gpt2.forward(ops, ws, batch, null, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, lmHead, x), batch.sequences()); // [T, V]
      }
    }

    @Override
    public int[] decoderPrompt(int[] inputIds, int decoderStartTokenId) {
      return inputIds;
    }

    @Override
    public int maxDecoderLength() {
      return gpt2.config.nPositions();
    }

    @Override
    public Decoder begin(Ops ops, Inputs inputs) {
      Gpt2Config c = gpt2.config;
      var cache =
          new KvCache(
              ops.context(), c.nLayer(), inputs.batch(), c.nEmbd(), c.nEmbd(), c.nPositions());
      return new Decoder() {
        @Override
        public Tensor next(Ops ops, Workspace ws, Batch newTokens) {
          KvCache.Step step = cache.extend(ws, newTokens.sequences());
          Tensor last = gpt2.forward(ops, ws, newTokens, step, Rows.LAST, Taps.NONE); // [B, H]
          step.commit();
          return ops.linear(ws, lmHead, last); // [B, V]
        }

        @Override
        public void close() {
          cache.close();
        }
      };
    }
  }

  /**
   * {@code GPT2ForSequenceClassification}: num_labels logits at the last token that is not padding.
   */
  static final class ForSequenceClassification implements Network {
    private final Gpt2 gpt2;
    private final Linear score;

    ForSequenceClassification(Gpt2Config config, WeightScope scope) {
      gpt2 = new Gpt2(config, scope.sub("transformer"));
      score = scope.head().linearNoBias("score", config.nEmbd(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Rows lastReal = Rows.of(batch.lastRowsExcept(gpt2.config.padTokenId()));
      Tensor x = gpt2.forward(ops, ws, batch, null, lastReal, taps);
      if (taps.wants("logits")) {
        Tensor last = lastReal.of(ops, ws, batch.sequences(), x); // [B, H]
        taps.sequences("logits", ops.linear(ws, score, last));
      }
    }
  }
}
