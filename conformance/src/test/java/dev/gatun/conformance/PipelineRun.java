package dev.gatun.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.CrossEncoder;
import dev.gatun.FillMask;
import dev.gatun.LoadOptions;
import dev.gatun.QuestionAnswerer;
import dev.gatun.TextClassifier;
import dev.gatun.TokenClassifier;
import dev.gatun.tokenizers.TextPair;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** A task class under the names of Python's pipeline: options and inputs in, its outputs out. */
interface PipelineRun extends AutoCloseable {
  /** One output per input, or one for all where documents are ranked. */
  List<?> outputs(List<JsonNode> inputs, JsonNode options);

  @Override
  void close();

  static PipelineRun open(String task, Path directory, LoadOptions options) {
    return switch (task) {
      case "cross-encoder" -> new Rerank(CrossEncoder.load(directory, options));
      case "text-classification" -> new Classify(TextClassifier.load(directory, options));
      case "token-classification" -> new Tag(TokenClassifier.load(directory, options));
      case "fill-mask" -> new Fill(FillMask.load(directory, options));
      case "question-answering" -> new Ask(QuestionAnswerer.load(directory, options));
      default -> throw new IllegalArgumentException("no task " + task);
    };
  }

  /** Refuses an option this test would not pass on. */
  private static void requireKnown(JsonNode options, Set<String> known) {
    options
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                throw new IllegalArgumentException("option " + name + " is not known here");
              }
            });
  }

  private static List<String> texts(List<JsonNode> inputs) {
    return inputs.stream().map(JsonNode::textValue).toList();
  }

  private static List<TextPair> pairs(List<JsonNode> inputs) {
    return inputs.stream()
        .map(pair -> new TextPair(pair.get(0).textValue(), pair.get(1).textValue()))
        .toList();
  }

  /** Python's offset, in code points, of an offset in UTF-16 code units. */
  private static int codePoints(String text, int offset) {
    return text.codePointCount(0, offset);
  }

  record Rerank(CrossEncoder encoder) implements PipelineRun {
    @Override
    public List<?> outputs(List<JsonNode> inputs, JsonNode options) {
      requireKnown(options, Set.of("rank", "top_k"));
      if (!options.has("rank")) {
        float[][] scores = encoder.scoresPerLabel(pairs(inputs));
        List<Object> found = new ArrayList<>();
        for (float[] labels : scores) {
          found.add(encoder.labels() == 1 ? List.of(labels[0]) : List.of(labels));
        }
        return found;
      }
      return List.of(
          encoder
              .rank(
                  options.get("rank").textValue(),
                  texts(inputs),
                  options.path("top_k").asInt(Integer.MAX_VALUE))
              .stream()
              .map(ranked -> Map.of("corpus_id", ranked.index(), "score", ranked.score()))
              .toList());
    }

    @Override
    public void close() {
      encoder.close();
    }
  }

  record Classify(TextClassifier classifier) implements PipelineRun {
    @Override
    public List<?> outputs(List<JsonNode> inputs, JsonNode options) {
      requireKnown(options, Set.of("top_k"));
      int topK = options.path("top_k").asInt(Integer.MAX_VALUE);
      return inputs.getFirst().isTextual()
          ? classifier.classify(texts(inputs), topK)
          : classifier.classifyPairs(pairs(inputs), topK);
    }

    @Override
    public void close() {
      classifier.close();
    }
  }

  record Tag(TokenClassifier tagger) implements PipelineRun {
    @Override
    public List<?> outputs(List<JsonNode> inputs, JsonNode options) {
      requireKnown(options, Set.of("aggregation_strategy", "ignore_labels", "stride"));
      String strategy = options.get("aggregation_strategy").asText().toUpperCase(Locale.ROOT);
      var chosen =
          TokenClassifier.Options.defaults()
              .withAggregation(TokenClassifier.Aggregation.valueOf(strategy));
      if (options.has("ignore_labels")) {
        Set<String> labels = new HashSet<>();
        options.get("ignore_labels").forEach(label -> labels.add(label.textValue()));
        chosen = chosen.withIgnoreLabels(labels);
      }
      if (options.has("stride")) {
        chosen = chosen.withStride(options.get("stride").asInt());
      }
      List<List<TokenClassifier.Entity>> found = tagger.classify(texts(inputs), chosen);
      List<Object> outputs = new ArrayList<>();
      for (int i = 0; i < found.size(); i++) {
        String text = inputs.get(i).textValue();
        boolean tokens = strategy.equals("NONE");
        outputs.add(found.get(i).stream().map(entity -> entity(text, entity, tokens)).toList());
      }
      return outputs;
    }

    private static Map<String, Object> entity(
        String text, TokenClassifier.Entity entity, boolean token) {
      var found = new HashMap<String, Object>();
      found.put(token ? "entity" : "entity_group", entity.label());
      found.put("score", entity.score());
      found.put("word", entity.word());
      found.put("start", codePoints(text, entity.start()));
      found.put("end", codePoints(text, entity.end()));
      if (token) {
        found.put("index", entity.index());
      }
      return found;
    }

    @Override
    public void close() {
      tagger.close();
    }
  }

  record Fill(FillMask filler) implements PipelineRun {
    private static final int DEFAULT_TOP_K = 5;

    @Override
    public List<?> outputs(List<JsonNode> inputs, JsonNode options) {
      requireKnown(options, Set.of("top_k", "targets"));
      int topK = options.path("top_k").asInt(DEFAULT_TOP_K);
      List<String> targets = new ArrayList<>();
      options.path("targets").forEach(target -> targets.add(target.textValue()));
      List<List<List<FillMask.Fill>>> found =
          targets.isEmpty()
              ? filler.fill(texts(inputs), topK)
              : texts(inputs).stream().map(text -> filler.fill(text, topK, targets)).toList();
      return found.stream()
          .map(text -> text.stream().map(mask -> mask.stream().map(Fill::fill).toList()).toList())
          .toList();
    }

    private static Map<String, Object> fill(FillMask.Fill fill) {
      return Map.of(
          "score", fill.score(),
          "token", fill.token(),
          "token_str", fill.word(),
          "sequence", fill.text());
    }

    @Override
    public void close() {
      filler.close();
    }
  }

  record Ask(QuestionAnswerer reader) implements PipelineRun {
    @Override
    public List<?> outputs(List<JsonNode> inputs, JsonNode options) {
      requireKnown(
          options,
          Set.of(
              "top_k",
              "max_answer_len",
              "max_seq_len",
              "doc_stride",
              "handle_impossible_answer",
              "align_to_words"));
      var defaults = QuestionAnswerer.Options.defaults();
      var chosen =
          new QuestionAnswerer.Options(
              options.path("top_k").asInt(defaults.topK()),
              options.path("max_answer_len").asInt(defaults.maxAnswerTokens()),
              optional(options.path("max_seq_len")),
              optional(options.path("doc_stride")),
              options.path("handle_impossible_answer").asBoolean(false),
              options.path("align_to_words").asBoolean(true));
      List<List<QuestionAnswerer.Answer>> found = reader.answers(pairs(inputs), chosen);
      List<Object> outputs = new ArrayList<>();
      for (int i = 0; i < found.size(); i++) {
        String context = inputs.get(i).get(1).textValue();
        outputs.add(found.get(i).stream().map(answer -> answer(context, answer)).toList());
      }
      return outputs;
    }

    private static OptionalInt optional(JsonNode node) {
      return node.isInt() ? OptionalInt.of(node.asInt()) : OptionalInt.empty();
    }

    private static Map<String, Object> answer(String context, QuestionAnswerer.Answer answer) {
      return Map.of(
          "score", answer.score(),
          "answer", answer.text(),
          "start", codePoints(context, answer.start()),
          "end", codePoints(context, answer.end()));
    }

    @Override
    public void close() {
      reader.close();
    }
  }
}
