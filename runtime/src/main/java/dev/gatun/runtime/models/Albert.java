package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.AlbertConfig;
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
 * ALBERT: Lan et al., "ALBERT: A Lite BERT for Self-supervised Learning of Language
 * Representations", arXiv 1909.11942. Upstream: transformers {@code
 * models/albert/modeling_albert.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, E embedding_size, H hidden_size, I
 * intermediate_size, V vocab_size.
 */
final class Albert {
  private final Embeddings embeddings;
  private final Linear embeddingHiddenMappingIn;
  private final List<Group> groups;
  private final int numHiddenLayers;

  Albert(AlbertConfig config, WeightScope scope) {
    embeddings = new Embeddings(config, scope.sub("embeddings"));
    WeightScope encoder = scope.sub("encoder");
    embeddingHiddenMappingIn =
        encoder.linear("embedding_hidden_mapping_in", config.embeddingSize(), config.hiddenSize());
    groups =
        IntStream.range(0, config.numHiddenGroups())
            .mapToObj(n -> new Group(config, encoder.sub("albert_layer_groups", n)))
            .toList();
    numHiddenLayers = config.numHiddenLayers();
  }

  /** Last hidden state: [rows, H], or [T, H] where taps read all of it. */
  Tensor forward(Ops ops, Workspace ws, Batch batch, Rows read, Taps taps) {
    Sequences sequences = batch.sequences();
    Rows kept = taps.ofLastLayer(read);
    int total = numHiddenLayers * groups.getFirst().layers.size();
    Tensor e = embeddings.forward(ops, ws, batch); // [T, E]
    Tensor x = ops.linear(ws, embeddingHiddenMappingIn, e); // [T, H]
    int done = 0;
    taps.layer("hidden_states", done, x, sequences);
    for (int n = 0; n < numHiddenLayers; n++) {
      // As the reference divides: the layers that share a group are neighbours.
      int group = (int) (n / ((double) numHiddenLayers / groups.size()));
      for (Layer layer : groups.get(group).layers) {
        Rows rows = kept.ofLayer(done, total);
        Tensor y = rows.of(ops, ws, sequences, x);
        long mark = ws.mark();
        layer.forward(ops, ws, x, sequences, rows, y);
        ws.release(mark);
        x = y;
        taps.layer("hidden_states", ++done, x, sequences);
      }
    }
    taps.tokens("last_hidden_state", x, sequences);
    return x;
  }

  /** Word + segment + position, then LayerNorm, all of the width E. */
  private static final class Embeddings {
    private final Embedding word;
    private final Embedding position;
    private final Embedding tokenType;
    private final LayerNorm norm;

    Embeddings(AlbertConfig c, WeightScope scope) {
      word = scope.embedding("word_embeddings", c.vocabSize(), c.embeddingSize());
      position =
          scope.embedding("position_embeddings", c.maxPositionEmbeddings(), c.embeddingSize());
      tokenType = scope.embedding("token_type_embeddings", c.typeVocabSize(), c.embeddingSize());
      norm = scope.layerNorm("LayerNorm", c.embeddingSize(), c.layerNormEps());
    }

    Tensor forward(Ops ops, Workspace ws, Batch batch) {
      Tensor x = ops.embed(ws, word, batch.ids(ws)); // [T, E]
      ops.embedAdd(ws, tokenType, batch.tokenTypeIds(ws), x);
      ops.embedAdd(ws, position, batch.positions(ws), x);
      ops.layerNorm(ws, norm, x, x);
      return x;
    }
  }

  /** Weights that several layers of the stack share: inner_group_num layers, run in turn. */
  private static final class Group {
    private final List<Layer> layers;

    Group(AlbertConfig c, WeightScope scope) {
      layers =
          IntStream.range(0, c.innerGroupNum())
              .mapToObj(n -> new Layer(c, scope.sub("albert_layers", n)))
              .toList();
    }
  }

  /** One post-norm encoder layer. */
  private static final class Layer {
    private final int hidden;
    private final Linear queryKeyValue;
    private final Linear attentionOutput;
    private final LayerNorm attentionNorm;
    private final Linear ffn;
    private final Linear ffnOutput;
    private final LayerNorm fullLayerNorm;
    private final Epilogue activation;
    private final AttentionOptions attention;

    Layer(AlbertConfig c, WeightScope scope) {
      hidden = c.hiddenSize();
      WeightScope attentionScope = scope.sub("attention");
      queryKeyValue =
          attentionScope.fusedLinear(
              hidden, List.of(part("query", hidden), part("key", hidden), part("value", hidden)));
      attentionOutput = attentionScope.linear("dense", hidden, hidden);
      attentionNorm = attentionScope.layerNorm("LayerNorm", hidden, c.layerNormEps());
      ffn = scope.linear("ffn", hidden, c.intermediateSize());
      ffnOutput = scope.linear("ffn_output", c.intermediateSize(), hidden);
      fullLayerNorm = scope.layerNorm("full_layer_layer_norm", hidden, c.layerNormEps());
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

      Tensor h = ops.linear(ws, ffn, y, activation); // [rows, I]
      ops.linear(ws, ffnOutput, h, Epilogue.residual(y), y); // y + ffn_output(h)
      ops.layerNorm(ws, fullLayerNorm, y, y);
    }
  }

  /** tanh(pooler(first token)); the linear layer is the backbone's own, not below a module. */
  private static final class Pooler {
    private final Linear pooler;

    Pooler(AlbertConfig c, WeightScope scope) {
      pooler = scope.linear("pooler", c.hiddenSize(), c.hiddenSize());
    }

    /** [T, H] to [B, H]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x, Sequences sequences) {
      Tensor first = Rows.FIRST.of(ops, ws, sequences, x);
      return ops.linear(ws, pooler, first, Epilogue.activation(Activation.TANH));
    }
  }

  /** decoder(LayerNorm(act(dense(x)))), back in the width of the embeddings. */
  private static final class LanguageModelHead {
    private final Linear dense;
    private final LayerNorm norm;
    private final Linear decoder;
    private final Epilogue activation;

    LanguageModelHead(AlbertConfig c, WeightScope root) {
      WeightScope predictions = root.head().sub("predictions");
      dense = predictions.linear("dense", c.hiddenSize(), c.embeddingSize());
      norm = predictions.layerNorm("LayerNorm", c.embeddingSize(), c.layerNormEps());
      decoder = predictions.linear("decoder", c.embeddingSize(), c.vocabSize());
      activation = Epilogue.activation(c.hiddenAct());
      if (c.tieWordEmbeddings()) {
        root.tie("predictions.decoder.weight", "albert.embeddings.word_embeddings.weight");
        root.tie("predictions.decoder.bias", "predictions.bias");
      }
    }

    /** [T, H] to [T, V]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x) {
      Tensor h = ops.linear(ws, dense, x, activation); // [T, E]
      ops.layerNorm(ws, norm, h, h);
      return ops.linear(ws, decoder, h);
    }
  }

  /** {@code AlbertModel}: last_hidden_state and pooler_output. */
  static final class AlbertModel implements Network {
    private final Albert albert;
    private final Pooler pooler;

    AlbertModel(AlbertConfig config, WeightScope scope) {
      albert = new Albert(config, scope);
      pooler = new Pooler(config, scope.optional());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = albert.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("pooler_output")) {
        taps.sequences("pooler_output", pooler.forward(ops, ws, x, batch.sequences()));
      }
    }
  }

  /** {@code AlbertForMaskedLM}: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final Albert albert;
    private final LanguageModelHead head;

    ForMaskedLM(AlbertConfig config, WeightScope scope) {
      albert = new Albert(config, scope.sub("albert"));
      head = new LanguageModelHead(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = albert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", head.forward(ops, ws, x), batch.sequences());
      }
    }
  }

  /** {@code AlbertForPreTraining}: masked-token logits and sentence-order logits. */
  static final class ForPreTraining implements Network {
    private final Albert albert;
    private final Pooler pooler;
    private final LanguageModelHead head;
    private final Linear sopClassifier;

    ForPreTraining(AlbertConfig config, WeightScope scope) {
      albert = new Albert(config, scope.sub("albert"));
      pooler = new Pooler(config, scope.sub("albert"));
      head = new LanguageModelHead(config, scope);
      // num_labels logits, where the paper needs two (0 = in order).
      sopClassifier =
          scope
              .head()
              .sub("sop_classifier")
              .linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x =
          albert.forward(
              ops, ws, batch, taps.wants("prediction_logits") ? Rows.ALL : Rows.FIRST, taps);
      if (taps.wants("prediction_logits")) {
        taps.tokens("prediction_logits", head.forward(ops, ws, x), batch.sequences());
      }
      if (taps.wants("sop_logits")) {
        Tensor pooled = pooler.forward(ops, ws, x, batch.sequences());
        taps.sequences("sop_logits", ops.linear(ws, sopClassifier, pooled));
      }
    }
  }

  /** {@code AlbertForSequenceClassification}: num_labels logits per sequence. */
  static final class ForSequenceClassification implements Network {
    private final Albert albert;
    private final Pooler pooler;
    private final Linear classifier;

    ForSequenceClassification(AlbertConfig config, WeightScope scope) {
      albert = new Albert(config, scope.sub("albert"));
      pooler = new Pooler(config, scope.sub("albert"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = albert.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor pooled = pooler.forward(ops, ws, x, batch.sequences());
        taps.sequences("logits", ops.linear(ws, classifier, pooled));
      }
    }
  }

  /** {@code AlbertForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final Albert albert;
    private final Linear classifier;

    ForTokenClassification(AlbertConfig config, WeightScope scope) {
      albert = new Albert(config, scope.sub("albert"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = albert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, classifier, x), batch.sequences());
      }
    }
  }

  /** {@code AlbertForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final Albert albert;
    private final Linear qaOutputs;

    ForQuestionAnswering(AlbertConfig config, WeightScope scope) {
      albert = new Albert(config, scope.sub("albert"));
      qaOutputs = scope.head().linear("qa_outputs", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = albert.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, qaOutputs, x); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
