package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.DistilbertConfig;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
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
 * DistilBERT: Sanh et al., "DistilBERT, a distilled version of BERT: smaller, faster, cheaper and
 * lighter", arXiv 1910.01108. Upstream: transformers {@code
 * models/distilbert/modeling_distilbert.py}.
 *
 * <p>BERT without segments and pooler.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, H dim, I hidden_dim, V vocab_size.
 */
final class Distilbert {
  /** No key of config.json says it. */
  private static final double LAYER_NORM_EPS = 1e-12;

  private final Embeddings embeddings;
  private final List<Layer> layers;

  Distilbert(DistilbertConfig config, WeightScope scope) {
    embeddings = new Embeddings(config, scope.sub("embeddings"));
    layers =
        IntStream.range(0, config.nLayers())
            .mapToObj(n -> new Layer(config, scope.sub("transformer").sub("layer", n)))
            .toList();
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
      layers.get(n).forward(ops, ws, x, sequences, rows, y);
      ws.release(mark);
      x = y;
      taps.layer("hidden_states", n + 1, x, sequences);
    }
    taps.tokens("last_hidden_state", x, sequences);
    return x;
  }

  /** Word + position, then LayerNorm. */
  private static final class Embeddings {
    private final Embedding word;
    private final Embedding position;
    private final LayerNorm norm;

    Embeddings(DistilbertConfig c, WeightScope scope) {
      word = scope.embedding("word_embeddings", c.vocabSize(), c.dim());
      position = scope.embedding("position_embeddings", c.maxPositionEmbeddings(), c.dim());
      norm = scope.layerNorm("LayerNorm", c.dim(), LAYER_NORM_EPS);
    }

    Tensor forward(Ops ops, Workspace ws, Batch batch) {
      Tensor x = ops.embed(ws, word, batch.ids(ws)); // [T, H]
      ops.embedAdd(ws, position, batch.positions(ws), x);
      ops.layerNorm(ws, norm, x, x);
      return x;
    }
  }

  /** One post-norm encoder layer. */
  private static final class Layer {
    private final int dim;
    private final Linear queryKeyValue;
    private final Linear attentionOutput;
    private final LayerNorm attentionNorm;
    private final Linear lin1;
    private final Linear lin2;
    private final LayerNorm outputNorm;
    private final Epilogue activation;
    private final AttentionOptions attention;

    Layer(DistilbertConfig c, WeightScope scope) {
      dim = c.dim();
      WeightScope self = scope.sub("attention");
      queryKeyValue =
          self.fusedLinear(
              dim, List.of(part("q_lin", dim), part("k_lin", dim), part("v_lin", dim)));
      attentionOutput = self.linear("out_lin", dim, dim);
      attentionNorm = scope.layerNorm("sa_layer_norm", dim, LAYER_NORM_EPS);
      lin1 = scope.sub("ffn").linear("lin1", dim, c.hiddenDim());
      lin2 = scope.sub("ffn").linear("lin2", c.hiddenDim(), dim);
      outputNorm = scope.layerNorm("output_layer_norm", dim, LAYER_NORM_EPS);
      activation = Epilogue.activation(c.activation()).asOperand();
      attention = AttentionOptions.of(c.nHeads(), dim / c.nHeads());
    }

    /** Writes its output over y, which holds these rows of its input x. */
    void forward(Ops ops, Workspace ws, Tensor x, Sequences sequences, Rows rows, Tensor y) {
      Tensor qkv = ops.linear(ws, queryKeyValue, x, Epilogue.OPERAND); // [T, 3H]
      Tensor q = qkv.columns(0, dim);
      Tensor k = qkv.columns(dim, 2 * dim);
      Tensor v = qkv.columns(2 * dim, 3 * dim);
      Tensor all = ops.attention(ws, q, k, v, attention, sequences, sequences); // [T, H]
      Tensor context = rows.of(ops, ws, sequences, all);
      ops.linear(ws, attentionOutput, context, Epilogue.residual(y), y); // y + out_lin(context)
      ops.layerNorm(ws, attentionNorm, y, y);

      Tensor h = ops.linear(ws, lin1, y, activation); // [rows, I]
      ops.linear(ws, lin2, h, Epilogue.residual(y), y); // y + lin2(h)
      ops.layerNorm(ws, outputNorm, y, y);
    }
  }

  /** {@code DistilBertModel}: last_hidden_state. */
  static final class DistilBertModel implements Network {
    private final Distilbert distilbert;

    DistilBertModel(DistilbertConfig config, WeightScope scope) {
      distilbert = new Distilbert(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      distilbert.forward(ops, ws, batch, Rows.FIRST, taps);
    }
  }

  /** {@code DistilBertForMaskedLM}: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final Distilbert distilbert;
    private final Linear vocabTransform;
    private final LayerNorm vocabLayerNorm;
    private final Linear vocabProjector;
    private final Epilogue activation;

    ForMaskedLM(DistilbertConfig config, WeightScope scope) {
      distilbert = new Distilbert(config, scope.sub("distilbert"));
      vocabTransform = scope.head().linear("vocab_transform", config.dim(), config.dim());
      vocabLayerNorm = scope.head().layerNorm("vocab_layer_norm", config.dim(), LAYER_NORM_EPS);
      vocabProjector = scope.head().linear("vocab_projector", config.dim(), config.vocabSize());
      activation = Epilogue.activation(config.activation());
      if (config.tieWordEmbeddings()) {
        scope.tie("vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight");
      }
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = distilbert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        Tensor h = ops.linear(ws, vocabTransform, x, activation); // [T, H]
        ops.layerNorm(ws, vocabLayerNorm, h, h);
        taps.tokens("logits", ops.linear(ws, vocabProjector, h), batch.sequences());
      }
    }
  }

  /** {@code DistilBertForSequenceClassification}: num_labels logits per sequence. */
  static final class ForSequenceClassification implements Network {
    private final Distilbert distilbert;
    private final Linear preClassifier;
    private final Linear classifier;

    ForSequenceClassification(DistilbertConfig config, WeightScope scope) {
      distilbert = new Distilbert(config, scope.sub("distilbert"));
      preClassifier = scope.head().linear("pre_classifier", config.dim(), config.dim());
      classifier = scope.head().linear("classifier", config.dim(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = distilbert.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor first = Rows.FIRST.of(ops, ws, batch.sequences(), x); // [B, H]
        Tensor h = ops.linear(ws, preClassifier, first, Epilogue.activation(Activation.RELU));
        taps.sequences("logits", ops.linear(ws, classifier, h));
      }
    }
  }

  /** {@code DistilBertForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final Distilbert distilbert;
    private final Linear classifier;

    ForTokenClassification(DistilbertConfig config, WeightScope scope) {
      distilbert = new Distilbert(config, scope.sub("distilbert"));
      classifier = scope.head().linear("classifier", config.dim(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = distilbert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, classifier, x), batch.sequences());
      }
    }
  }

  /** {@code DistilBertForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final Distilbert distilbert;
    private final Linear qaOutputs;

    ForQuestionAnswering(DistilbertConfig config, WeightScope scope) {
      distilbert = new Distilbert(config, scope.sub("distilbert"));
      qaOutputs = scope.head().linear("qa_outputs", config.dim(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = distilbert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, qaOutputs, x); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
