package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.BertConfig;
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
 * BERT: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
 * Understanding", arXiv 1810.04805. Upstream: transformers {@code models/bert/modeling_bert.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, H hidden_size, I intermediate_size, V
 * vocab_size.
 */
final class Bert {
  private final Embeddings embeddings;
  private final List<Layer> layers;

  Bert(BertConfig config, WeightScope scope) {
    embeddings = new Embeddings(config, scope.sub("embeddings"));
    layers =
        IntStream.range(0, config.numHiddenLayers())
            .mapToObj(n -> new Layer(config, scope.sub("encoder").sub("layer", n)))
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

  /** Word + segment + position, then LayerNorm. */
  private static final class Embeddings {
    private final Embedding word;
    private final Embedding position;
    private final Embedding tokenType;
    private final LayerNorm norm;

    Embeddings(BertConfig c, WeightScope scope) {
      word = scope.embedding("word_embeddings", c.vocabSize(), c.hiddenSize());
      position = scope.embedding("position_embeddings", c.maxPositionEmbeddings(), c.hiddenSize());
      tokenType = scope.embedding("token_type_embeddings", c.typeVocabSize(), c.hiddenSize());
      norm = scope.layerNorm("LayerNorm", c.hiddenSize(), c.layerNormEps());
    }

    Tensor forward(Ops ops, Workspace ws, Batch batch) {
      Tensor x = ops.embed(ws, word, batch.ids(ws)); // [T, H]
      ops.embedAdd(ws, tokenType, batch.tokenTypeIds(ws), x);
      ops.embedAdd(ws, position, batch.positions(ws), x);
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
    private final AttentionOptions attention;

    Layer(BertConfig c, WeightScope scope) {
      hidden = c.hiddenSize();
      WeightScope self = scope.sub("attention").sub("self");
      queryKeyValue =
          self.fusedLinear(
              hidden, List.of(part("query", hidden), part("key", hidden), part("value", hidden)));
      WeightScope attentionScope = scope.sub("attention").sub("output");
      attentionOutput = attentionScope.linear("dense", hidden, hidden);
      attentionNorm = attentionScope.layerNorm("LayerNorm", hidden, c.layerNormEps());
      intermediate = scope.sub("intermediate").linear("dense", hidden, c.intermediateSize());
      output = scope.sub("output").linear("dense", c.intermediateSize(), hidden);
      outputNorm = scope.sub("output").layerNorm("LayerNorm", hidden, c.layerNormEps());
      activation = Epilogue.activation(c.hiddenAct()).asOperand();
      attention = AttentionOptions.of(c.numAttentionHeads(), hidden / c.numAttentionHeads());
    }

    /** Writes its output over y, which holds these rows of its input x. */
    void forward(Ops ops, Workspace ws, Tensor x, Sequences sequences, Rows rows, Tensor y) {
      Tensor qkv = ops.linear(ws, queryKeyValue, x, Epilogue.OPERAND); // [T, 3H]
      Tensor q = qkv.columns(0, hidden);
      Tensor k = qkv.columns(hidden, 2 * hidden);
      Tensor v = qkv.columns(2 * hidden, 3 * hidden);
      Tensor all = ops.attention(ws, q, k, v, attention, sequences, sequences); // [T, H]
      Tensor context = rows.of(ops, ws, sequences, all);
      ops.linear(ws, attentionOutput, context, Epilogue.residual(y), y); // y + dense(context)
      ops.layerNorm(ws, attentionNorm, y, y);

      Tensor h = ops.linear(ws, intermediate, y, activation); // [rows, I]
      ops.linear(ws, output, h, Epilogue.residual(y), y); // y + dense(h)
      ops.layerNorm(ws, outputNorm, y, y);
    }
  }

  /** tanh(dense(first token)). */
  private static final class Pooler {
    private final Linear dense;

    Pooler(BertConfig c, WeightScope scope) {
      dense = scope.sub("pooler").linear("dense", c.hiddenSize(), c.hiddenSize());
    }

    /** [T, H] to [B, H]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x, Sequences sequences) {
      Tensor first = Rows.FIRST.of(ops, ws, sequences, x);
      return ops.linear(ws, dense, first, Epilogue.activation(Activation.TANH));
    }
  }

  /** decoder(LayerNorm(act(dense(x)))). */
  private static final class LanguageModelHead {
    private final Linear dense;
    private final LayerNorm norm;
    private final Linear decoder;
    private final Epilogue activation;

    LanguageModelHead(BertConfig c, WeightScope root) {
      WeightScope predictions = root.head().sub("cls").sub("predictions");
      WeightScope transform = predictions.sub("transform");
      dense = transform.linear("dense", c.hiddenSize(), c.hiddenSize());
      norm = transform.layerNorm("LayerNorm", c.hiddenSize(), c.layerNormEps());
      decoder = predictions.linear("decoder", c.hiddenSize(), c.vocabSize());
      activation = Epilogue.activation(c.hiddenAct());
      if (c.tieWordEmbeddings()) {
        root.tie("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight");
        root.tie("cls.predictions.decoder.bias", "cls.predictions.bias");
      }
    }

    /** [T, H] to [T, V]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x) {
      Tensor h = ops.linear(ws, dense, x, activation);
      ops.layerNorm(ws, norm, h, h);
      return ops.linear(ws, decoder, h);
    }
  }

  /** {@code BertModel}: last_hidden_state and pooler_output. */
  static final class BertModel implements Network {
    private final Bert bert;
    private final Pooler pooler;

    BertModel(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope);
      pooler = new Pooler(config, scope.optional());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = bert.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("pooler_output")) {
        taps.sequences("pooler_output", pooler.forward(ops, ws, x, batch.sequences()));
      }
    }
  }

  /** {@code BertForMaskedLM}: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final Bert bert;
    private final LanguageModelHead head;

    ForMaskedLM(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope.sub("bert"));
      head = new LanguageModelHead(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = bert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", head.forward(ops, ws, x), batch.sequences());
      }
    }
  }

  /** {@code BertForPreTraining}: masked-token logits and next-sentence logits (0 = is next). */
  static final class ForPreTraining implements Network {
    private final Bert bert;
    private final Pooler pooler;
    private final LanguageModelHead head;
    private final Linear seqRelationship;

    ForPreTraining(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope.sub("bert"));
      pooler = new Pooler(config, scope.sub("bert"));
      head = new LanguageModelHead(config, scope);
      seqRelationship = scope.head().sub("cls").linear("seq_relationship", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x =
          bert.forward(
              ops, ws, batch, taps.wants("prediction_logits") ? Rows.ALL : Rows.FIRST, taps);
      if (taps.wants("prediction_logits")) {
        taps.tokens("prediction_logits", head.forward(ops, ws, x), batch.sequences());
      }
      if (taps.wants("seq_relationship_logits")) {
        Tensor pooled = pooler.forward(ops, ws, x, batch.sequences());
        taps.sequences("seq_relationship_logits", ops.linear(ws, seqRelationship, pooled));
      }
    }
  }

  /** {@code BertForNextSentencePrediction}: two logits per sequence, index 0 = is next. */
  static final class ForNextSentencePrediction implements Network {
    private final Bert bert;
    private final Pooler pooler;
    private final Linear seqRelationship;

    ForNextSentencePrediction(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope.sub("bert"));
      pooler = new Pooler(config, scope.sub("bert"));
      seqRelationship = scope.head().sub("cls").linear("seq_relationship", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = bert.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor pooled = pooler.forward(ops, ws, x, batch.sequences());
        taps.sequences("logits", ops.linear(ws, seqRelationship, pooled));
      }
    }
  }

  /** {@code BertForSequenceClassification}: num_labels logits per sequence. */
  static final class ForSequenceClassification implements Network {
    private final Bert bert;
    private final Pooler pooler;
    private final Linear classifier;

    ForSequenceClassification(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope.sub("bert"));
      pooler = new Pooler(config, scope.sub("bert"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = bert.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor pooled = pooler.forward(ops, ws, x, batch.sequences());
        taps.sequences("logits", ops.linear(ws, classifier, pooled));
      }
    }
  }

  /** {@code BertForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final Bert bert;
    private final Linear classifier;

    ForTokenClassification(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope.sub("bert"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = bert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, classifier, x), batch.sequences());
      }
    }
  }

  /** {@code BertForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final Bert bert;
    private final Linear qaOutputs;

    ForQuestionAnswering(BertConfig config, WeightScope scope) {
      bert = new Bert(config, scope.sub("bert"));
      qaOutputs = scope.head().linear("qa_outputs", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = bert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, qaOutputs, x); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
