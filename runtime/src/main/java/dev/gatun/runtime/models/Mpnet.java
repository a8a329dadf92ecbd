package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.MpnetConfig;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.DistanceBias;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.WeightScope;
import java.util.List;
import java.util.stream.IntStream;

/**
 * MPNet: Song et al., "MPNet: Masked and Permuted Pre-training for Language Understanding", arXiv
 * 2004.09297. Upstream: transformers {@code models/mpnet/modeling_mpnet.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, H hidden_size, I intermediate_size, V
 * vocab_size.
 */
final class Mpnet {
  private final Embeddings embeddings;
  private final List<Layer> layers;
  private final AttentionOptions attention;

  Mpnet(MpnetConfig config, WeightScope scope) {
    embeddings = new Embeddings(config, scope.sub("embeddings"));
    WeightScope encoder = scope.sub("encoder");
    layers =
        IntStream.range(0, config.numHiddenLayers())
            .mapToObj(n -> new Layer(config, encoder.sub("layer", n)))
            .toList();
    // One table for all layers; its rows beyond the 32 buckets are never looked up.
    DistanceBias bias =
        encoder.distanceBias(
            "relative_attention_bias",
            config.relativeAttentionNumBuckets(),
            config.numAttentionHeads(),
            MpnetConfig.MAX_DISTANCE,
            distance ->
                RelativePositionBuckets.bucket(
                    distance, true, MpnetConfig.BUCKETS, MpnetConfig.MAX_DISTANCE));
    attention =
        AttentionOptions.of(config.numAttentionHeads(), config.headDim()).withDistanceBias(bias);
  }

  /** Last hidden state: [rows, H], or [T, H] where taps read all of it. */
  Tensor forward(Ops ops, Workspace ws, Batch batch, Rows read, Taps taps) {
    Sequences sequences = batch.sequences();
    Rows kept = taps.ofLastLayer(read);
    Tensor x = embeddings.forward(ops, ws, batch);
    taps.layer("hidden_states", 0, x, sequences);
    for (int n = 0; n < layers.size(); n++) {
      Rows rows = kept.ofLayer(n, layers.size());
      Tensor y = rows.of(ops, ws, sequences, x);
      long mark = ws.mark();
      layers.get(n).forward(ops, ws, x, sequences, attention, rows, y);
      ws.release(mark);
      x = y;
      taps.layer("hidden_states", n + 1, x, sequences);
    }
    taps.tokens("last_hidden_state", x, sequences);
    return x;
  }

  /** Word + position, then LayerNorm; there are no segments. */
  private static final class Embeddings {
    private final Embedding word;
    private final Embedding position;
    private final LayerNorm norm;

    Embeddings(MpnetConfig c, WeightScope scope) {
      word = scope.embedding("word_embeddings", c.vocabSize(), c.hiddenSize());
      position = scope.embedding("position_embeddings", c.maxPositionEmbeddings(), c.hiddenSize());
      norm = scope.layerNorm("LayerNorm", c.hiddenSize(), c.layerNormEps());
    }

    Tensor forward(Ops ops, Workspace ws, Batch batch) {
      Tensor x = ops.embed(ws, word, batch.ids(ws)); // [T, H]
      ops.embedAdd(ws, position, batch.positionsBehindPad(ws, MpnetConfig.PADDING_INDEX), x);
      ops.layerNorm(ws, norm, x, x);
      return x;
    }
  }

  /** One post-norm encoder layer. */
  private static final class Layer {
    private final int hidden;
    private final Linear queryKeyValue;
    private final Linear attentionOutput;
    private final LayerNorm attentionNorm;
    private final Linear intermediate;
    private final Linear output;
    private final LayerNorm outputNorm;
    private final Epilogue activation;

    Layer(MpnetConfig c, WeightScope scope) {
      hidden = c.hiddenSize();
      WeightScope attn = scope.sub("attention").sub("attn");
      queryKeyValue =
          attn.fusedLinear(
              hidden, List.of(part("q", hidden), part("k", hidden), part("v", hidden)));
      attentionOutput = attn.linear("o", hidden, hidden);
      attentionNorm = scope.sub("attention").layerNorm("LayerNorm", hidden, c.layerNormEps());
      intermediate = scope.sub("intermediate").linear("dense", hidden, c.intermediateSize());
      output = scope.sub("output").linear("dense", c.intermediateSize(), hidden);
      outputNorm = scope.sub("output").layerNorm("LayerNorm", hidden, c.layerNormEps());
      activation = Epilogue.activation(c.hiddenAct()).asOperand();
    }

    /** Writes its output over y, which holds these rows of its input x. */
    void forward(
        Ops ops,
        Workspace ws,
        Tensor x,
        Sequences sequences,
        AttentionOptions attention,
        Rows rows,
        Tensor y) {
      Tensor qkv = ops.linear(ws, queryKeyValue, x, Epilogue.OPERAND); // [T, 3H]
      Tensor q = qkv.columns(0, hidden);
      Tensor k = qkv.columns(hidden, 2 * hidden);
      Tensor v = qkv.columns(2 * hidden, 3 * hidden);
      Tensor all = ops.attention(ws, q, k, v, attention, sequences, sequences); // [T, H]
      Tensor context = rows.of(ops, ws, sequences, all);
      ops.linear(ws, attentionOutput, context, Epilogue.residual(y), y); // y + o(context)
      ops.layerNorm(ws, attentionNorm, y, y);

      Tensor h = ops.linear(ws, intermediate, y, activation); // [rows, I]
      ops.linear(ws, output, h, Epilogue.residual(y), y); // y + dense(h)
      ops.layerNorm(ws, outputNorm, y, y);
    }
  }

  /** {@code MPNetModel}: last_hidden_state and pooler_output, tanh(dense(first token)). */
  static final class MpnetModel implements Network {
    private final Mpnet mpnet;
    private final Linear poolerDense;

    MpnetModel(MpnetConfig config, WeightScope scope) {
      mpnet = new Mpnet(config, scope);
      poolerDense =
          scope.optional().sub("pooler").linear("dense", config.hiddenSize(), config.hiddenSize());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = mpnet.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("pooler_output")) {
        Tensor first = Rows.FIRST.of(ops, ws, batch.sequences(), x); // [B, H]
        taps.sequences(
            "pooler_output",
            ops.linear(ws, poolerDense, first, Epilogue.activation(Activation.TANH)));
      }
    }
  }

  /** {@code MPNetForMaskedLM}: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final Mpnet mpnet;
    private final Linear dense;
    private final LayerNorm norm;
    private final Linear decoder;

    ForMaskedLM(MpnetConfig config, WeightScope scope) {
      mpnet = new Mpnet(config, scope.sub("mpnet"));
      WeightScope head = scope.head().sub("lm_head");
      dense = head.linear("dense", config.hiddenSize(), config.hiddenSize());
      norm = head.layerNorm("layer_norm", config.hiddenSize(), config.layerNormEps());
      decoder = head.linear("decoder", config.hiddenSize(), config.vocabSize());
      if (config.tieWordEmbeddings()) {
        scope.tie("lm_head.decoder.weight", "mpnet.embeddings.word_embeddings.weight");
        scope.tie("lm_head.decoder.bias", "lm_head.bias");
      }
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = mpnet.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        // gelu whatever hidden_act says
        Tensor h = ops.linear(ws, dense, x, Epilogue.activation(Activation.GELU_ERF)); // [T, H]
        ops.layerNorm(ws, norm, h, h);
        taps.tokens("logits", ops.linear(ws, decoder, h), batch.sequences()); // [T, V]
      }
    }
  }

  /** {@code MPNetForSequenceClassification}: num_labels logits per sequence, without the pooler. */
  static final class ForSequenceClassification implements Network {
    private final Mpnet mpnet;
    private final Linear dense;
    private final Linear outProj;

    ForSequenceClassification(MpnetConfig config, WeightScope scope) {
      mpnet = new Mpnet(config, scope.sub("mpnet"));
      WeightScope classifier = scope.head().sub("classifier");
      dense = classifier.linear("dense", config.hiddenSize(), config.hiddenSize());
      outProj = classifier.linear("out_proj", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = mpnet.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor first = Rows.FIRST.of(ops, ws, batch.sequences(), x); // [B, H]
        Tensor h = ops.linear(ws, dense, first, Epilogue.activation(Activation.TANH));
        taps.sequences("logits", ops.linear(ws, outProj, h));
      }
    }
  }

  /** {@code MPNetForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final Mpnet mpnet;
    private final Linear classifier;

    ForTokenClassification(MpnetConfig config, WeightScope scope) {
      mpnet = new Mpnet(config, scope.sub("mpnet"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = mpnet.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, classifier, x), batch.sequences());
      }
    }
  }

  /** {@code MPNetForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final Mpnet mpnet;
    private final Linear qaOutputs;

    ForQuestionAnswering(MpnetConfig config, WeightScope scope) {
      mpnet = new Mpnet(config, scope.sub("mpnet"));
      qaOutputs = scope.head().linear("qa_outputs", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = mpnet.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, qaOutputs, x); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
