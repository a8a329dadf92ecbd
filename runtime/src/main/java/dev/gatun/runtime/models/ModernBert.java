package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.ModernBertConfig;
import dev.gatun.loader.config.ModernBertConfig.ClassifierPooling;
import dev.gatun.loader.config.ModernBertConfig.LayerType;
import dev.gatun.loader.config.PoolingMode;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.Embedding;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.LinearPart;
import dev.gatun.runtime.weights.RotaryTable;
import dev.gatun.runtime.weights.WeightScope;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * ModernBERT: Warner et al., "Smarter, Better, Faster, Longer: A Modern Bidirectional Encoder for
 * Fast, Memory Efficient, and Long Context Finetuning and Inference", arXiv 2412.13663. Upstream:
 * transformers {@code models/modernbert/modeling_modernbert.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, H hidden_size, I intermediate_size, D
 * head size, V vocab_size.
 */
final class ModernBert {
  private final Embedding tokEmbeddings;
  private final LayerNorm embeddingsNorm;
  private final List<Layer> layers = new ArrayList<>();
  private final LayerNorm finalNorm;

  ModernBert(ModernBertConfig c, WeightScope scope) {
    WeightScope embeddings = scope.sub("embeddings");
    tokEmbeddings = embeddings.embedding("tok_embeddings", c.vocabSize(), c.hiddenSize());
    embeddingsNorm = norm(c, embeddings, "norm");
    Map<LayerType, RotaryTable> rotary = new EnumMap<>(LayerType.class);
    for (LayerType type : c.layerTypes()) {
      double theta = type == LayerType.FULL ? c.globalRopeTheta() : c.localRopeTheta();
      double[] frequencies = RotaryTable.frequencies(theta, c.headDim());
      rotary.computeIfAbsent(type, _ -> scope.rotaryTable(c.maxPositionEmbeddings(), frequencies));
    }
    for (int n = 0; n < c.numHiddenLayers(); n++) {
      RotaryTable table = rotary.get(c.layerTypes().get(n));
      layers.add(new Layer(c, n, table, scope.sub("layers", n)));
    }
    finalNorm = norm(c, scope, "final_norm");
  }

  private static LayerNorm norm(ModernBertConfig c, WeightScope scope, String name) {
    return c.normBias()
        ? scope.layerNorm(name, c.hiddenSize(), c.normEps())
        : scope.layerNormNoBias(name, c.hiddenSize(), c.normEps());
  }

  private static LinearPart maybeBias(String name, long outFeatures, boolean bias) {
    return bias ? part(name, outFeatures) : part(name, outFeatures).withoutBias();
  }

  private static Linear linear(
      WeightScope scope, String name, long inFeatures, long outFeatures, boolean bias) {
    return scope.fusedLinear(inFeatures, List.of(maybeBias(name, outFeatures, bias)));
  }

  /** Last hidden state: [rows, H], or [T, H] where taps read all of it. */
  Tensor forward(Ops ops, Workspace ws, Batch batch, Rows read, Taps taps) {
    Sequences sequences = batch.sequences();
    Rows kept = taps.ofLastLayer(read);
    Tensor positions = batch.positions(ws);
    Tensor x = ops.embed(ws, tokEmbeddings, batch.ids(ws)); // [T, H]
    ops.layerNorm(ws, embeddingsNorm, x, x);
    for (int n = 0; n < layers.size(); n++) {
      taps.layer("hidden_states", n, x, sequences);
      Rows rows = kept.ofLayer(n, layers.size());
      Tensor y = rows.of(ops, ws, sequences, x);
      long mark = ws.mark();
      layers.get(n).forward(ops, ws, x, positions, sequences, rows, y);
      ws.release(mark);
      x = y;
    }
    ops.layerNorm(ws, finalNorm, x, x);
    taps.layer("hidden_states", layers.size(), x, sequences);
    taps.tokens("last_hidden_state", x, sequences);
    return x;
  }

  /** One pre-norm encoder layer. */
  private static final class Layer {
    private final int hidden;
    private final int headDim;
    private final Optional<LayerNorm> attnNorm; // the first layer has none: its input is normal
    private final Linear wqkv;
    private final RotaryTable rotary;
    private final AttentionOptions attention;
    private final Linear attnWo;
    private final LayerNorm mlpNorm;
    private final Linear wi;
    private final Epilogue activation;
    private final Linear mlpWo;

    Layer(ModernBertConfig c, int index, RotaryTable rotary, WeightScope scope) {
      hidden = c.hiddenSize();
      headDim = c.headDim();
      attnNorm = index == 0 ? Optional.empty() : Optional.of(norm(c, scope, "attn_norm"));
      WeightScope attn = scope.sub("attn");
      wqkv = linear(attn, "Wqkv", hidden, 3L * hidden, c.attentionBias());
      this.rotary = rotary;
      AttentionOptions all = AttentionOptions.of(c.numAttentionHeads(), headDim);
      boolean sliding = c.layerTypes().get(index) == LayerType.SLIDING;
      attention = sliding ? all.withSlidingWindow(c.slidingWindow()) : all;
      attnWo = linear(attn, "Wo", hidden, hidden, c.attentionBias());
      mlpNorm = norm(c, scope, "mlp_norm");
      WeightScope mlp = scope.sub("mlp");
      int inner = c.intermediateSize();
      wi = mlp.gatedLinear(hidden, maybeBias("Wi", 2L * inner, c.mlpBias()));
      activation = Epilogue.activation(c.hiddenActivation()).asOperand();
      mlpWo = linear(mlp, "Wo", inner, hidden, c.mlpBias());
    }

    /** Writes its output over y, which holds these rows of its input x. */
    void forward(
        Ops ops,
        Workspace ws,
        Tensor x,
        Tensor positions,
        Sequences sequences,
        Rows rows,
        Tensor y) {
      Tensor h = attnNorm.isPresent() ? ops.layerNorm(ws, attnNorm.get(), x) : x;
      Tensor qkv = ops.linear(ws, wqkv, h); // [T, 3H]
      ops.rope(ws, rotary, qkv.columns(0, 2 * hidden), headDim, positions); // heads of q and k
      Tensor q = qkv.columns(0, hidden);
      Tensor k = qkv.columns(hidden, 2 * hidden);
      Tensor v = qkv.columns(2 * hidden, 3 * hidden);
      Tensor all = ops.attention(ws, q, k, v, attention, sequences, sequences); // [T, H]
      Tensor context = rows.of(ops, ws, sequences, all);
      ops.linear(ws, attnWo, context, Epilogue.residual(y), y); // y + Wo(context)

      h = ops.layerNorm(ws, mlpNorm, y);
      Tensor g = ops.linear(ws, wi, h, activation); // [rows, I]: act(first half) * second half
      ops.linear(ws, mlpWo, g, Epilogue.residual(y), y); // y + Wo(g)
    }
  }

  /** norm(act(dense(x))). */
  private static final class PredictionHead {
    private final Linear dense;
    private final Epilogue activation;
    private final LayerNorm norm;

    PredictionHead(ModernBertConfig c, WeightScope root) {
      WeightScope scope = root.head().sub("head");
      dense = linear(scope, "dense", c.hiddenSize(), c.hiddenSize(), c.classifierBias());
      activation = Epilogue.activation(c.classifierActivation());
      norm = norm(c, scope, "norm");
    }

    Tensor forward(Ops ops, Workspace ws, Tensor x) {
      Tensor h = ops.linear(ws, dense, x, activation);
      return ops.layerNorm(ws, norm, h, h);
    }
  }

  /** {@code ModernBertModel}: last_hidden_state. */
  static final class BaseModel implements Network {
    private final ModernBert model;

    BaseModel(ModernBertConfig config, WeightScope scope) {
      model = new ModernBert(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      model.forward(ops, ws, batch, Rows.FIRST, taps);
    }
  }

  /** {@code ModernBertForMaskedLM}: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final ModernBert model;
    private final PredictionHead head;
    private final Linear decoder;

    ForMaskedLM(ModernBertConfig c, WeightScope scope) {
      model = new ModernBert(c, scope.sub("model"));
      head = new PredictionHead(c, scope);
      decoder = linear(scope.head(), "decoder", c.hiddenSize(), c.vocabSize(), c.decoderBias());
      if (c.tieWordEmbeddings()) {
        scope.tie("decoder.weight", "model.embeddings.tok_embeddings.weight");
      }
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = model.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        Tensor logits = ops.linear(ws, decoder, head.forward(ops, ws, x)); // [T, V]
        taps.tokens("logits", logits, batch.sequences());
      }
    }
  }

  /** {@code ModernBertForSequenceClassification}: num_labels logits per sequence. */
  static final class ForSequenceClassification implements Network {
    private final ModernBert model;
    private final Rows read;
    private final PredictionHead head;
    private final Linear classifier;

    ForSequenceClassification(ModernBertConfig c, WeightScope scope) {
      model = new ModernBert(c, scope.sub("model"));
      read = c.classifierPooling() == ClassifierPooling.CLS ? Rows.FIRST : Rows.ALL;
      head = new PredictionHead(c, scope);
      classifier = scope.head().linear("classifier", c.hiddenSize(), c.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = model.forward(ops, ws, batch, read, taps);
      if (taps.wants("logits")) {
        Tensor pooled = pool(ops, ws, x, batch.sequences());
        taps.sequences("logits", ops.linear(ws, classifier, head.forward(ops, ws, pooled)));
      }
    }

    /** [T, H] to [B, H]. */
    private Tensor pool(Ops ops, Workspace ws, Tensor x, Sequences sequences) {
      if (read == Rows.FIRST) {
        return Rows.FIRST.of(ops, ws, sequences, x);
      }
      int[] first = sequences.firstRows();
      Tensor means = ws.tensor(first.length, x.columns());
      return ops.pool(ws, x, sequences, PoolingMode.MEAN, new int[first.length], means);
    }
  }

  /** {@code ModernBertForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final ModernBert model;
    private final PredictionHead head;
    private final Linear classifier;

    ForTokenClassification(ModernBertConfig c, WeightScope scope) {
      model = new ModernBert(c, scope.sub("model"));
      head = new PredictionHead(c, scope);
      classifier = scope.head().linear("classifier", c.hiddenSize(), c.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = model.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        Tensor logits = ops.linear(ws, classifier, head.forward(ops, ws, x));
        taps.tokens("logits", logits, batch.sequences());
      }
    }
  }

  /** {@code ModernBertForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final ModernBert model;
    private final PredictionHead head;
    private final Linear classifier;

    ForQuestionAnswering(ModernBertConfig c, WeightScope scope) {
      model = new ModernBert(c, scope.sub("model"));
      head = new PredictionHead(c, scope);
      classifier = scope.head().linear("classifier", c.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = model.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, classifier, head.forward(ops, ws, x)); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
