package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.Activation;
import dev.gatun.loader.config.ElectraConfig;
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
 * ELECTRA, generator and discriminator: Clark et al., "ELECTRA: Pre-training Text Encoders as
 * Discriminators Rather Than Generators", arXiv 2003.10555. Upstream: transformers {@code
 * models/electra/modeling_electra.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, E embedding_size, H hidden_size, I
 * intermediate_size, V vocab_size.
 */
final class Electra {
  private final Embeddings embeddings;
  private final Linear embeddingsProject;
  private final List<Layer> layers;

  Electra(ElectraConfig config, WeightScope scope) {
    embeddings = new Embeddings(config, scope.sub("embeddings"));
    // Only where the widths differ; no checkpoint has an identity stored.
    embeddingsProject =
        config.embeddingSize() == config.hiddenSize()
            ? null
            : scope.linear("embeddings_project", config.embeddingSize(), config.hiddenSize());
    layers =
        IntStream.range(0, config.numHiddenLayers())
            .mapToObj(n -> new Layer(config, scope.sub("encoder").sub("layer", n)))
            .toList();
  }

  /** Last hidden state: [rows, H], or [T, H] where taps read all of it. */
  Tensor forward(Ops ops, Workspace ws, Batch batch, Rows read, Taps taps) {
    Sequences sequences = batch.sequences();
    Rows kept = taps.ofLastLayer(read);
    Tensor e = embeddings.forward(ops, ws, batch); // [T, E]
    Tensor x = embeddingsProject == null ? e : ops.linear(ws, embeddingsProject, e); // [T, H]
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

  /** Word + segment + position, then LayerNorm, all of the width E. */
  private static final class Embeddings {
    private final Embedding word;
    private final Embedding position;
    private final Embedding tokenType;
    private final LayerNorm norm;

    Embeddings(ElectraConfig c, WeightScope scope) {
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

    Layer(ElectraConfig c, WeightScope scope) {
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

  /** {@code ElectraModel}: last_hidden_state; there is no pooler. */
  static final class ElectraModel implements Network {
    private final Electra electra;

    ElectraModel(ElectraConfig config, WeightScope scope) {
      electra = new Electra(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      electra.forward(ops, ws, batch, Rows.FIRST, taps);
    }
  }

  /** {@code ElectraForPreTraining}, the discriminator: a logit per token, above 0 if replaced. */
  static final class ForPreTraining implements Network {
    private final Electra electra;
    private final Linear dense;
    private final Linear densePrediction;
    private final Epilogue activation;

    ForPreTraining(ElectraConfig config, WeightScope scope) {
      electra = new Electra(config, scope.sub("electra"));
      WeightScope predictions = scope.head().sub("discriminator_predictions");
      dense = predictions.linear("dense", config.hiddenSize(), config.hiddenSize());
      densePrediction = predictions.linear("dense_prediction", config.hiddenSize(), 1);
      activation = Epilogue.activation(config.hiddenAct());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = electra.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        Tensor h = ops.linear(ws, dense, x, activation); // [T, H]
        Tensor logits = ops.linear(ws, densePrediction, h); // [T, 1]
        taps.tokenColumn("logits", logits, 0, batch.sequences());
      }
    }
  }

  /** {@code ElectraForMaskedLM}, the generator: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final Electra electra;
    private final Linear dense;
    private final LayerNorm norm;
    private final Linear lmHead;

    ForMaskedLM(ElectraConfig config, WeightScope scope) {
      electra = new Electra(config, scope.sub("electra"));
      WeightScope predictions = scope.head().sub("generator_predictions");
      dense = predictions.linear("dense", config.hiddenSize(), config.embeddingSize());
      norm = predictions.layerNorm("LayerNorm", config.embeddingSize(), config.layerNormEps());
      lmHead = scope.head().linear("generator_lm_head", config.embeddingSize(), config.vocabSize());
      if (config.tieWordEmbeddings()) {
        scope.tie("generator_lm_head.weight", "electra.embeddings.word_embeddings.weight");
      }
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = electra.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        // gelu whatever hidden_act says
        Tensor h = ops.linear(ws, dense, x, Epilogue.activation(Activation.GELU_ERF)); // [T, E]
        ops.layerNorm(ws, norm, h, h);
        taps.tokens("logits", ops.linear(ws, lmHead, h), batch.sequences()); // [T, V]
      }
    }
  }

  /** {@code ElectraForSequenceClassification}: num_labels logits per sequence. */
  static final class ForSequenceClassification implements Network {
    private final Electra electra;
    private final Linear dense;
    private final Linear outProj;

    ForSequenceClassification(ElectraConfig config, WeightScope scope) {
      electra = new Electra(config, scope.sub("electra"));
      WeightScope classifier = scope.head().sub("classifier");
      dense = classifier.linear("dense", config.hiddenSize(), config.hiddenSize());
      outProj = classifier.linear("out_proj", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = electra.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor first = Rows.FIRST.of(ops, ws, batch.sequences(), x); // [B, H]
        // gelu where BERT has tanh, and whatever hidden_act says
        Tensor h = ops.linear(ws, dense, first, Epilogue.activation(Activation.GELU_ERF));
        taps.sequences("logits", ops.linear(ws, outProj, h));
      }
    }
  }

  /** {@code ElectraForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final Electra electra;
    private final Linear classifier;

    ForTokenClassification(ElectraConfig config, WeightScope scope) {
      electra = new Electra(config, scope.sub("electra"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = electra.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, classifier, x), batch.sequences());
      }
    }
  }

  /** {@code ElectraForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final Electra electra;
    private final Linear qaOutputs;

    ForQuestionAnswering(ElectraConfig config, WeightScope scope) {
      electra = new Electra(config, scope.sub("electra"));
      qaOutputs = scope.head().linear("qa_outputs", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = electra.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, qaOutputs, x); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
