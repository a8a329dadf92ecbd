package dev.gatun.runtime.models;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.config.DebertaV2Config;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.DisentangledOptions;
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
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * DeBERTa v2 and v3: He et al., "DeBERTa: Decoding-enhanced BERT with Disentangled Attention",
 * arXiv 2006.03654, and "DeBERTaV3", arXiv 2111.09543. Upstream: transformers {@code
 * models/deberta_v2/modeling_deberta_v2.py}.
 *
 * <p>Shapes: T tokens of all sequences packed, B sequences, H hidden_size, E embedding_size, I
 * intermediate_size, V vocab_size, S the span of relative positions.
 */
final class DebertaV2 {
  private final Embeddings embeddings;
  private final Optional<DisentangledPositions> positions;
  private final List<Layer> layers;
  private final Optional<ConvLayer> convolution;

  DebertaV2(DebertaV2Config c, WeightScope scope) {
    embeddings = new Embeddings(c, scope.sub("embeddings"));
    WeightScope encoder = scope.sub("encoder");
    Optional<RelativePositions> relative =
        c.relativeAttention() ? Optional.of(new RelativePositions(c, encoder)) : Optional.empty();
    positions =
        relative.map(
            _ ->
                new DisentangledPositions(
                    c.positionSpan(), c.positionBuckets(), c.maxRelativePositions()));
    layers =
        IntStream.range(0, c.numHiddenLayers())
            .mapToObj(n -> new Layer(c, encoder.sub("layer", n), relative))
            .toList();
    convolution = c.convolution().map(conv -> new ConvLayer(c, conv, encoder.sub("conv")));
  }

  /** Last hidden state: [rows, H], or [T, H] where taps read all of it. */
  Tensor forward(Ops ops, Workspace ws, Batch batch, Rows read, Taps taps) {
    Sequences sequences = batch.sequences();
    Rows kept = taps.ofLastLayer(read);
    Tensor x = embeddings.forward(ops, ws, batch);
    taps.layer("hidden_states", 0, x, sequences);
    Optional<Tensor> index = positions.map(p -> ws.ints(p.upTo(sequences.maxLength())));
    for (int n = 0; n < layers.size(); n++) {
      boolean convolved = n == 0 && convolution.isPresent(); // which takes every row
      Rows rows = convolved ? Rows.ALL : kept.ofLayer(n, layers.size());
      Tensor y = rows.of(ops, ws, sequences, x);
      long mark = ws.mark();
      Tensor windows = convolved ? convolution.get().windows(ops, ws, x, sequences) : null;
      layers.get(n).forward(ops, ws, x, index, sequences, rows, y);
      if (convolved) {
        convolution.get().forward(ops, ws, windows, y);
      }
      ws.release(mark);
      x = y;
      taps.layer("hidden_states", n + 1, x, sequences);
    }
    taps.tokens("last_hidden_state", x, sequences);
    return x;
  }

  /** Word, absolute position and segment where the model has them, then LayerNorm. */
  private static final class Embeddings {
    private final Embedding word;
    private final Optional<Embedding> position;
    private final Optional<Embedding> tokenType;
    private final Optional<Linear> projection;
    private final LayerNorm norm;

    Embeddings(DebertaV2Config c, WeightScope scope) {
      int size = c.embeddingSize();
      word = scope.embedding("word_embeddings", c.vocabSize(), size);
      position =
          c.positionBiasedInput()
              ? Optional.of(scope.embedding("position_embeddings", c.maxPositionEmbeddings(), size))
              : Optional.empty();
      tokenType =
          c.typeVocabSize() > 0
              ? Optional.of(scope.embedding("token_type_embeddings", c.typeVocabSize(), size))
              : Optional.empty();
      projection =
          size != c.hiddenSize()
              ? Optional.of(scope.linearNoBias("embed_proj", size, c.hiddenSize()))
              : Optional.empty();
      norm = scope.layerNorm("LayerNorm", c.hiddenSize(), c.layerNormEps());
    }

    Tensor forward(Ops ops, Workspace ws, Batch batch) {
      Tensor e = ops.embed(ws, word, batch.ids(ws)); // [T, E]
      position.ifPresent(table -> ops.embedAdd(ws, table, batch.positions(ws), e));
      tokenType.ifPresent(table -> ops.embedAdd(ws, table, batch.tokenTypeIds(ws), e));
      Tensor x = projection.map(linear -> ops.linear(ws, linear, e)).orElse(e); // [T, H]
      return ops.layerNorm(ws, norm, x, x);
    }
  }

  /** The embeddings of relative positions, which all layers share. */
  private static final class RelativePositions {
    private final Embedding table; // [2 S, H]
    private final Optional<LayerNorm> norm;

    RelativePositions(DebertaV2Config c, WeightScope encoder) {
      table = encoder.embedding("rel_embeddings", 2L * c.positionSpan(), c.hiddenSize());
      norm =
          c.normRelEbd()
              ? Optional.of(encoder.layerNorm("LayerNorm", c.hiddenSize(), c.layerNormEps()))
              : Optional.empty();
    }

    /** As a layer's queries or keys, [2 S, H]: they depend on no input. */
    Tensor projected(WeightScope self, String linear) {
      return self.projection(table, norm, part(linear, table.features()));
    }
  }

  /** softmax(content + content to position + position to content) v. */
  private static final class Attention {
    private final int hidden;
    private final Linear queryKeyValue;
    private final AttentionOptions content;
    private final Optional<DisentangledOptions> disentangled;

    Attention(DebertaV2Config c, WeightScope scope, Optional<RelativePositions> relative) {
      hidden = c.hiddenSize();
      queryKeyValue =
          scope.fusedLinear(
              hidden,
              List.of(
                  part("query_proj", hidden),
                  part("key_proj", hidden),
                  part("value_proj", hidden)));
      // As many as the configuration names, even where relative_attention is off.
      int products = 1 + (c.contentToPosition() ? 1 : 0) + (c.positionToContent() ? 1 : 0);
      float scale = (float) (1 / Math.sqrt((double) c.headDim() * products));
      content = AttentionOptions.of(c.numAttentionHeads(), c.headDim()).withScale(scale);
      String own = c.shareAttKey() ? "" : "pos_";
      Optional<Tensor> keys =
          relative
              .filter(_ -> c.contentToPosition())
              .map(r -> r.projected(scope, own + "key_proj"));
      Optional<Tensor> queries =
          relative
              .filter(_ -> c.positionToContent())
              .map(r -> r.projected(scope, own + "query_proj"));
      disentangled =
          keys.isPresent() || queries.isPresent()
              ? Optional.of(
                  new DisentangledOptions(c.numAttentionHeads(), c.headDim(), scale, keys, queries))
              : Optional.empty();
    }

    /** [T, H] to [T, H]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x, Optional<Tensor> index, Sequences sequences) {
      Tensor qkv = ops.linear(ws, queryKeyValue, x); // [T, 3H]
      Tensor q = qkv.columns(0, hidden);
      Tensor k = qkv.columns(hidden, 2 * hidden);
      Tensor v = qkv.columns(2 * hidden, 3 * hidden);
      if (disentangled.isEmpty()) {
        return ops.attention(ws, q, k, v, content, sequences, sequences);
      }
      return ops.disentangledAttention(
          ws, q, k, v, disentangled.get(), index.orElseThrow(), sequences);
    }
  }

  /** One post-norm encoder layer. */
  private static final class Layer {
    private final Attention attention;
    private final Linear attentionOutput;
    private final LayerNorm attentionNorm;
    private final Linear intermediate;
    private final Linear output;
    private final LayerNorm outputNorm;
    private final Epilogue activation;

    Layer(DebertaV2Config c, WeightScope scope, Optional<RelativePositions> relative) {
      int hidden = c.hiddenSize();
      attention = new Attention(c, scope.sub("attention").sub("self"), relative);
      WeightScope attentionScope = scope.sub("attention").sub("output");
      attentionOutput = attentionScope.linear("dense", hidden, hidden);
      attentionNorm = attentionScope.layerNorm("LayerNorm", hidden, c.layerNormEps());
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
        Optional<Tensor> index,
        Sequences sequences,
        Rows rows,
        Tensor y) {
      Tensor all = attention.forward(ops, ws, x, index, sequences); // [T, H]
      Tensor context = rows.of(ops, ws, sequences, all);
      ops.linear(ws, attentionOutput, context, Epilogue.residual(y), y); // y + dense(context)
      ops.layerNorm(ws, attentionNorm, y, y);

      Tensor h = ops.linear(ws, intermediate, y, activation); // [rows, I]
      ops.linear(ws, output, h, Epilogue.residual(y), y); // y + dense(h)
      ops.layerNorm(ws, outputNorm, y, y);
    }
  }

  /** LayerNorm(x + act(conv(embeddings))), x being the first layer's output. */
  private static final class ConvLayer {
    private final int kernel;
    private final Linear conv;
    private final LayerNorm norm;
    private final Epilogue activation;

    ConvLayer(DebertaV2Config c, DebertaV2Config.Convolution convolution, WeightScope scope) {
      kernel = convolution.kernelSize();
      conv = scope.convolution("conv", c.hiddenSize(), kernel, convolution.groups());
      norm = scope.layerNorm("LayerNorm", c.hiddenSize(), c.layerNormEps());
      activation = Epilogue.activation(convolution.activation());
    }

    /**
     * The embeddings as the convolution reads them, [T, kernel H]; the first layer overwrites them.
     */
    Tensor windows(Ops ops, Workspace ws, Tensor embeddings, Sequences sequences) {
      return ops.windows(ws, embeddings, sequences, kernel);
    }

    /** Writes its output over x. */
    void forward(Ops ops, Workspace ws, Tensor windows, Tensor x) {
      ops.linear(ws, conv, windows, activation.withResidual(x), x);
      ops.layerNorm(ws, norm, x, x);
    }
  }

  /** act(dense(first token)). */
  private static final class ContextPooler {
    private final Linear dense;
    private final Epilogue activation;

    ContextPooler(DebertaV2Config c, WeightScope root) {
      dense = root.head().sub("pooler").linear("dense", c.hiddenSize(), c.hiddenSize());
      activation = Epilogue.activation(c.poolerHiddenAct());
    }

    /** [T, H] to [B, H]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x, Sequences sequences) {
      Tensor first = Rows.FIRST.of(ops, ws, sequences, x);
      return ops.linear(ws, dense, first, activation);
    }
  }

  /** decoder(LayerNorm(act(dense(x)))): {@code legacy} or with the word embeddings as decoder. */
  private static final class LanguageModelHead {
    private final Linear dense;
    private final LayerNorm norm;
    private final Linear decoder;
    private final Epilogue activation;

    LanguageModelHead(DebertaV2Config c, WeightScope root, Embedding words) {
      activation = Epilogue.activation(c.hiddenAct());
      int size = c.embeddingSize();
      if (!c.legacy()) {
        WeightScope head = root.head().sub("lm_predictions").sub("lm_head");
        dense = head.linear("dense", c.hiddenSize(), size);
        norm = head.layerNorm("LayerNorm", size, c.layerNormEps());
        decoder = head.linearOf(words, "bias");
        return;
      }
      WeightScope predictions = root.head().sub("cls").sub("predictions");
      dense = predictions.sub("transform").linear("dense", c.hiddenSize(), size);
      norm = predictions.sub("transform").layerNorm("LayerNorm", size, c.layerNormEps());
      decoder = predictions.linear("decoder", size, c.vocabSize());
      if (c.tieWordEmbeddings()) {
        root.tie("cls.predictions.decoder.weight", "deberta.embeddings.word_embeddings.weight");
        root.tie("cls.predictions.decoder.bias", "cls.predictions.bias");
      }
    }

    /** [T, H] to [T, V]. */
    Tensor forward(Ops ops, Workspace ws, Tensor x) {
      Tensor h = ops.linear(ws, dense, x, activation); // [T, E]
      ops.layerNorm(ws, norm, h, h);
      return ops.linear(ws, decoder, h);
    }
  }

  /** {@code DebertaV2Model}: last_hidden_state. */
  static final class DebertaV2Model implements Network {
    private final DebertaV2 deberta;

    DebertaV2Model(DebertaV2Config config, WeightScope scope) {
      deberta = new DebertaV2(config, scope);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      deberta.forward(ops, ws, batch, Rows.FIRST, taps);
    }
  }

  /** {@code DebertaV2ForMaskedLM}: logits over the vocabulary for every token. */
  static final class ForMaskedLM implements Network {
    private final DebertaV2 deberta;
    private final LanguageModelHead head;

    ForMaskedLM(DebertaV2Config config, WeightScope scope) {
      deberta = new DebertaV2(config, scope.sub("deberta"));
      head = new LanguageModelHead(config, scope, deberta.embeddings.word);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = deberta.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", head.forward(ops, ws, x), batch.sequences());
      }
    }
  }

  /** {@code DebertaV2ForSequenceClassification}: num_labels logits per sequence. */
  static final class ForSequenceClassification implements Network {
    private final DebertaV2 deberta;
    private final ContextPooler pooler;
    private final Linear classifier;

    ForSequenceClassification(DebertaV2Config config, WeightScope scope) {
      deberta = new DebertaV2(config, scope.sub("deberta"));
      pooler = new ContextPooler(config, scope);
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = deberta.forward(ops, ws, batch, Rows.FIRST, taps);
      if (taps.wants("logits")) {
        Tensor pooled = pooler.forward(ops, ws, x, batch.sequences());
        taps.sequences("logits", ops.linear(ws, classifier, pooled));
      }
    }
  }

  /** {@code DebertaV2ForTokenClassification}: num_labels logits per token. */
  static final class ForTokenClassification implements Network {
    private final DebertaV2 deberta;
    private final Linear classifier;

    ForTokenClassification(DebertaV2Config config, WeightScope scope) {
      deberta = new DebertaV2(config, scope.sub("deberta"));
      classifier = scope.head().linear("classifier", config.hiddenSize(), config.numLabels());
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = deberta.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("logits")) {
        taps.tokens("logits", ops.linear(ws, classifier, x), batch.sequences());
      }
    }
  }

  /** {@code DebertaV2ForQuestionAnswering}: a start and an end logit per token. */
  static final class ForQuestionAnswering implements Network {
    private final DebertaV2 deberta;
    private final Linear qaOutputs;

    ForQuestionAnswering(DebertaV2Config config, WeightScope scope) {
      deberta = new DebertaV2(config, scope.sub("deberta"));
      qaOutputs = scope.head().linear("qa_outputs", config.hiddenSize(), 2);
    }

    @Override
    public void forward(Ops ops, Workspace ws, Batch batch, Taps taps) {
      Tensor x = deberta.forward(ops, ws, batch, Rows.ALL, taps);
      if (taps.wants("start_logits") || taps.wants("end_logits")) {
        Tensor logits = ops.linear(ws, qaOutputs, x); // [T, 2]
        taps.tokenColumn("start_logits", logits, 0, batch.sequences());
        taps.tokenColumn("end_logits", logits, 1, batch.sequences());
      }
    }
  }
}
