package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.Inputs;
import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.T5Config;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.DistanceBias;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.RmsNorm;
import dev.gatun.runtime.weights.WeightScope;
import java.util.List;
import java.util.stream.IntStream;

/**
 * T5, T5 v1.1 and Flan-T5: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified
 * Text-to-Text Transformer", arXiv 1910.10683. Upstream: transformers {@code
 * models/t5/modeling_t5.py}.
 *
 * <p>Shapes: S encoder tokens and T decoder tokens of all sequences packed, B sequences, D d_model,
 * I num_heads * d_kv (need not be D), F d_ff, V vocab_size.
 */
final class T5 {
  private T5() {}

  /** An encoder or a decoder: embedding, blocks, final norm. */
  private static final class Stack {
    private final boolean decoder;
    private final Embedding embedTokens;
    private final List<Block> blocks;
    private final RmsNorm finalNorm;
    private final AttentionOptions selfAttention;

    Stack(T5Config c, WeightScope scope, boolean decoder, int numLayers) {
      this.decoder = decoder;
      embedTokens = scope.embedding("embed_tokens", c.vocabSize(), c.dModel());
      scope.tie((decoder ? "decoder" : "encoder") + ".embed_tokens.weight", "shared.weight");
      // Only block 0 holds the table; every block of the stack uses it.
      DistanceBias bias =
          scope
              .sub("block.0.layer.0.SelfAttention")
              .distanceBias(
                  "relative_attention_bias",
                  c.relativeAttentionNumBuckets(),
                  c.numHeads(),
                  c.relativeAttentionMaxDistance(),
                  distance ->
                      RelativePositionBuckets.bucket(
                          distance,
                          !decoder,
                          c.relativeAttentionNumBuckets(),
                          c.relativeAttentionMaxDistance()));
      var unscaled = AttentionOptions.of(c.numHeads(), c.dKv()).withScale(1f);
      selfAttention = (decoder ? unscaled.withCausal(true) : unscaled).withDistanceBias(bias);
      blocks =
          IntStream.range(0, numLayers)
              .mapToObj(n -> new Block(c, n, scope.sub("block", n), decoder))
              .toList();
      finalNorm = scope.rmsNorm("final_layer_norm", c.dModel(), c.layerNormEpsilon());
    }

    /** Last hidden state after the final norm, [T, D]. */
    Tensor forward(
        Ops ops,
        Workspace ws,
        Batch batch,
        KvCache.Step step,
        Encoded encoded,
        String series,
        Taps taps) {
      Sequences sequences = batch.sequences();
      Tensor x = ops.embed(ws, embedTokens, batch.ids(ws));
      for (int n = 0; n < blocks.size(); n++) {
        taps.layer(series, n, x, sequences);
        long mark = ws.mark();
        blocks.get(n).forward(ops, ws, x, sequences, selfAttention, step, encoded);
        ws.release(mark);
      }
      ops.rmsNorm(ws, finalNorm, x, x);
      taps.layer(series, blocks.size(), x, sequences);
      return x;
    }

    /** Keys and values of every cross-attention over an encoder's output. */
    Encoded encode(Ops ops, Workspace ws, Tensor hidden, Sequences sequences) {
      return new Encoded(
          sequences, blocks.stream().map(b -> ops.linear(ws, b.cross.keyValue, hidden)).toList());
    }
  }

  /** What cross-attention reads: per decoder block [S, 2I] (keys, then values). */
  private record Encoded(Sequences sequences, List<Tensor> keyValues) {}

  /**
   * Self-attention, in the decoder cross-attention, and feed-forward, each pre-norm and residual.
   */
  private static final class Block {
    private final int layer;
    private final RmsNorm selfNorm;
    private final SelfAttention self;
    private final RmsNorm crossNorm;
    private final CrossAttention cross;
    private final RmsNorm feedForwardNorm;
    private final FeedForward feedForward;

    Block(T5Config c, int layer, WeightScope scope, boolean decoder) {
      this.layer = layer;
      WeightScope first = scope.sub("layer", 0);
      self = new SelfAttention(c, first.sub("SelfAttention"));
      selfNorm = first.rmsNorm("layer_norm", c.dModel(), c.layerNormEpsilon());
      WeightScope second = scope.sub("layer", 1);
      cross = decoder ? new CrossAttention(c, second.sub("EncDecAttention")) : null;
      crossNorm = decoder ? second.rmsNorm("layer_norm", c.dModel(), c.layerNormEpsilon()) : null;
      WeightScope last = scope.sub("layer", decoder ? 2 : 1);
      feedForward = new FeedForward(c, last.sub("DenseReluDense"));
      feedForwardNorm = last.rmsNorm("layer_norm", c.dModel(), c.layerNormEpsilon());
    }

    void forward(
        Ops ops,
        Workspace ws,
        Tensor x,
        Sequences sequences,
        AttentionOptions selfAttention,
        KvCache.Step step,
        Encoded encoded) {
      Tensor normed = ops.rmsNorm(ws, selfNorm, x);
      self.addTo(x, ops, ws, normed, sequences, selfAttention, step, layer);
      if (cross != null) {
        ops.rmsNorm(ws, crossNorm, x, normed);
        cross.addTo(x, ops, ws, normed, sequences, encoded, layer);
      }
      ops.rmsNorm(ws, feedForwardNorm, x, normed);
      feedForward.addTo(x, ops, ws, normed);
    }
  }

  private static final class SelfAttention {
    private final int inner;
    private final Linear queryKeyValue;
    private final Linear output;

    SelfAttention(T5Config c, WeightScope scope) {
      inner = c.numHeads() * c.dKv();
      queryKeyValue =
          scope.fusedLinear(
              c.dModel(),
              List.of(
                  part("q", inner).withoutBias(),
                  part("k", inner).withoutBias(),
                  part("v", inner).withoutBias()));
      output = scope.linearNoBias("o", inner, c.dModel());
    }

    void addTo(
        Tensor x,
        Ops ops,
        Workspace ws,
        Tensor normed,
        Sequences sequences,
        AttentionOptions options,
        KvCache.Step step,
        int layer) {
      Epilogue epilogue = step == null ? Epilogue.OPERAND : Epilogue.NONE; // caches keep F32
      Tensor qkv = ops.linear(ws, queryKeyValue, normed, epilogue); // [T, 3I]
      Tensor q = qkv.columns(0, inner);
      Tensor k = qkv.columns(inner, 2 * inner);
      Tensor v = qkv.columns(2 * inner, 3 * inner);
      Tensor context; // [T, I]
      if (step == null) {
        context = ops.attention(ws, q, k, v, options, sequences, sequences);
      } else {
        context = ops.attention(ws, q, k, v, options, step.layer(layer));
      }
      ops.linear(ws, output, context, Epilogue.residual(x), x);
    }
  }

  private static final class CrossAttention {
    private final int inner;
    private final Linear query;
    private final Linear keyValue;
    private final Linear output;
    private final AttentionOptions attention;

    CrossAttention(T5Config c, WeightScope scope) {
      inner = c.numHeads() * c.dKv();
      query = scope.linearNoBias("q", c.dModel(), inner);
      keyValue =
          scope.fusedLinear(
              c.dModel(), List.of(part("k", inner).withoutBias(), part("v", inner).withoutBias()));
      output = scope.linearNoBias("o", inner, c.dModel());
      attention = AttentionOptions.of(c.numHeads(), c.dKv()).withScale(1f);
    }

    void addTo(
        Tensor x,
        Ops ops,
        Workspace ws,
        Tensor normed,
        Sequences sequences,
        Encoded encoded,
        int layer) {
      Tensor q = ops.linear(ws, query, normed); // [T, I]
      Tensor kv = encoded.keyValues().get(layer); // [S, 2I]
      Tensor context =
          ops.attention(
              ws,
              q,
              kv.columns(0, inner),
              kv.columns(inner, 2 * inner),
              attention,
              sequences,
              encoded.sequences());
      ops.linear(ws, output, context, Epilogue.residual(x), x);
    }
  }

  /** wo(act(wi x)), or gated: wo(act(wi_0 x) * wi_1 x). */
  private static final class FeedForward {
    private final Linear in;
    private final Linear out;
    private final Activation activation;

    FeedForward(T5Config c, WeightScope scope) {
      in =
          c.isGatedAct()
              ? scope.gatedLinear(
                  c.dModel(),
                  part("wi_0", c.dFf()).withoutBias(),
                  part("wi_1", c.dFf()).withoutBias())
              : scope.linearNoBias("wi", c.dModel(), c.dFf());
      out = scope.linearNoBias("wo", c.dFf(), c.dModel());
      activation = c.denseActFn();
    }

    void addTo(Tensor x, Ops ops, Workspace ws, Tensor normed) {
      Tensor h = ops.linear(ws, in, normed, Epilogue.activation(activation).asOperand()); // [T, F]
      ops.linear(ws, out, h, Epilogue.residual(x), x);
    }
  }

  /** {@code T5EncoderModel}: last_hidden_state. */
  static final class EncoderModel implements Network {
    private final Stack encoder;

    EncoderModel(T5Config config, WeightScope scope) {
      encoder = new Stack(config, scope.sub("encoder"), false, config.numLayers());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = encoder.forward(ops, ws, batch, null, null, "hidden_states", taps);
      taps.tokens("last_hidden_state", x, batch.sequences());
    }
  }

  /** {@code T5ForConditionalGeneration}: logits of every decoder token. */
  static final class ForConditionalGeneration implements Decodable {
    private final T5Config config;
    private final Stack encoder;
    private final Stack decoder;
    private final Linear lmHead;
    private final Epilogue outputScale;

    ForConditionalGeneration(T5Config config, WeightScope scope) {
      this.config = config;
      encoder = new Stack(config, scope.sub("encoder"), false, config.numLayers());
      decoder = new Stack(config, scope.sub("decoder"), true, config.numDecoderLayers());
      lmHead = scope.head().linearNoBias("lm_head", config.dModel(), config.vocabSize());
      // Whatever tie_word_embeddings says: tensors that differ (Flan's) stay apart.
      scope.tie("lm_head.weight", "shared.weight");
      outputScale =
          config.scaleDecoderOutputs()
              ? Epilogue.scale((float) (1 / Math.sqrt(config.dModel())))
              : Epilogue.NONE;
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Encoded encoded = encode(ops, ws, batch, taps);
      Batch target = batch.decoder();
      Tensor x = decoder.forward(ops, ws, target, null, encoded, "decoder_hidden_states", taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, lmHead, x, outputScale), target.sequences()); // [T, V]
      }
    }

    private Encoded encode(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Sequences sequences = batch.sequences();
      Tensor hidden = encoder.forward(ops, ws, batch, null, null, "encoder_hidden_states", taps);
      taps.tokens("encoder_last_hidden_state", hidden, sequences);
      return decoder.encode(ops, ws, hidden, sequences);
    }

    @Override
    public int[] decoderPrompt(int[] inputIds, int decoderStartTokenId) {
      return new int[] {decoderStartTokenId};
    }

    @Override
    public int maxDecoderLength() {
      return Integer.MAX_VALUE; // relative positions: no table to run out of
    }

    @Override
    public Decoder begin(Ops ops, Inputs inputs) {
      int inner = config.numHeads() * config.dKv();
      // The encoder's keys and values live as long as the decoding: in a workspace of their own.
      Workspace encoderSpace = Workspace.open(ops.context());
      KvCache cache =
          new KvCache(
              ops.context(),
              config.numDecoderLayers(),
              inputs.batch(),
              inner,
              inner,
              Integer.MAX_VALUE);
      try {
        Encoded encoded = encode(ops, encoderSpace, Batch.of(encoderSpace, inputs), Taps.NONE);
        encoderSpace.publish();
        return new T5Decoder(encoderSpace, cache, encoded);
      } catch (RuntimeException | Error e) {
        cache.close();
        encoderSpace.close();
        throw e;
      }
    }

    private final class T5Decoder implements Decoder {
      private final Workspace encoderSpace;
      private final KvCache cache;
      private final Encoded encoded;

      T5Decoder(Workspace encoderSpace, KvCache cache, Encoded encoded) {
        this.encoderSpace = encoderSpace;
        this.cache = cache;
        this.encoded = encoded;
      }

      @Override
      public Tensor next(Ops ops, Workspace ws, Batch newTokens) {
        KvCache.Step step = cache.extend(ws, newTokens.sequences());
        Tensor x =
            decoder.forward(ops, ws, newTokens, step, encoded, "decoder_hidden_states", Taps.NONE);
        step.commit();
        Tensor last = ops.gatherRows(ws, x, newTokens.sequences().lastRowsOfNonEmpty()); // [B, D]
        return ops.linear(ws, lmHead, last, outputScale); // [B, V]
      }

      @Override
      public void close() {
        cache.close();
        encoderSpace.close();
      }
    }
  }
}
