package dev.gatun.runtime.text;

import dev.gatun.TokenClassifier.Aggregation;
import dev.gatun.TokenClassifier.Entity;
import dev.gatun.TokenClassifier.Options;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.tokenizers.Encoding;
import dev.gatun.tokenizers.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Entities from the logits of tokens: {@code TokenClassificationPipeline} of transformers 5.18
 * ({@code src/transformers/pipelines/token_classification.py}), its methods in its order.
 */
public final class Entities {
  private final Tokenizer tokenizer;
  private final ModelConfig config;
  private final boolean wordAware;
  private final int unknownId;

  /** For the results of one model. */
  public Entities(Tokenizer tokenizer, ModelConfig config) {
    this.tokenizer = tokenizer;
    this.config = config;
    this.wordAware = !tokenizer.continuingSubwordPrefix().isEmpty();
    this.unknownId = tokenizer.specialTokens().unk().map(token -> token.id()).orElse(-1);
  }

  /** A token: {@code pre_entity}. */
  private record Token(
      String word, double[] scores, int start, int end, int index, boolean subword) {}

  /** A token or word with its label. */
  private record Labelled(String label, double score, String word, int start, int end, int index) {
    Entity entity() {
      return new Entity(label, (float) score, word, start, end, index);
    }
  }

  /**
   * The entities of one text or window.
   *
   * @param logits {@code [tokens, labels]}
   */
  public List<Entity> of(String text, Encoding encoding, float[] logits, Options options) {
    List<Token> tokens = tokens(text, encoding, logits);
    List<Labelled> labelled =
        switch (options.aggregation()) {
          case NONE -> tokens.stream().map(this::labelled).toList();
          case SIMPLE -> groups(tokens.stream().map(this::labelled).toList());
          case FIRST, AVERAGE, MAX -> groups(words(tokens, options.aggregation()));
        };
    return labelled.stream()
        .filter(entity -> !options.ignoreLabels().contains(entity.label()))
        .map(Labelled::entity)
        .toList();
  }

  /**
   * Of entities that overlap, because windows do, the longer one, or the one with the larger score.
   * As in Python, lengths are of code points.
   */
  public static List<Entity> merge(String text, List<Entity> ofAllWindows) {
    List<Entity> merged = new ArrayList<>();
    Entity previous = null;
    for (Entity entity :
        ofAllWindows.stream().sorted(Comparator.comparingInt(Entity::start)).toList()) {
      if (previous == null) {
        previous = entity;
      } else if (previous.start() <= entity.start() && entity.start() < previous.end()) {
        int longer =
            Integer.compare(
                text.codePointCount(entity.start(), entity.end()),
                text.codePointCount(previous.start(), previous.end()));
        if (longer > 0 || longer == 0 && entity.score() > previous.score()) {
          previous = entity;
        }
      } else {
        merged.add(previous);
        previous = entity;
      }
    }
    if (previous != null) {
      merged.add(previous);
    }
    return merged;
  }

  private List<Token> tokens(String text, Encoding encoding, float[] logits) {
    int[] ids = encoding.ids();
    int[] special = encoding.specialTokensMask();
    int labels = logits.length / ids.length;
    List<Token> tokens = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      if (special[i] != 0) {
        continue;
      }
      int start = encoding.start(i);
      int end = encoding.end(i);
      String piece = text.substring(start, end);
      boolean unknown = ids[i] == unknownId;
      String word = unknown ? piece : tokenizer.token(ids[i]).orElse(piece);
      tokens.add(
          new Token(
              word,
              Scores.softmax(logits, i * labels, labels),
              start,
              end,
              i,
              !unknown && subword(text, word, start, end)));
    }
    return tokens;
  }

  private boolean subword(String text, String word, int start, int end) {
    if (wordAware) {
      // A mark makes the token longer than its text; lengths are of code points, as in Python.
      return word.codePointCount(0, word.length()) != text.codePointCount(start, end);
    }
    return start > 0
        && text.substring(start - 1, Math.min(start + 1, text.length())).indexOf(' ') < 0;
  }

  private Labelled labelled(Token token) {
    int label = argmax(token.scores());
    return new Labelled(
        config.label(label),
        token.scores()[label],
        token.word(),
        token.start(),
        token.end(),
        token.index());
  }

  private List<Labelled> words(List<Token> tokens, Aggregation aggregation) {
    List<Labelled> words = new ArrayList<>();
    List<Token> word = new ArrayList<>();
    for (Token token : tokens) {
      if (!word.isEmpty() && !token.subword()) {
        words.add(word(word, aggregation));
        word.clear();
      }
      word.add(token);
    }
    if (!word.isEmpty()) {
      words.add(word(word, aggregation));
    }
    return words;
  }

  private Labelled word(List<Token> tokens, Aggregation aggregation) {
    double[] scores =
        switch (aggregation) {
          case FIRST -> tokens.getFirst().scores();
          case AVERAGE -> mean(tokens);
          case MAX -> surest(tokens);
          case NONE, SIMPLE -> throw new IllegalArgumentException(aggregation + " has no words");
        };
    int label = argmax(scores);
    return new Labelled(
        config.label(label),
        scores[label],
        tokenizer.joinTokens(tokens.stream().map(Token::word).toList()),
        tokens.getFirst().start(),
        tokens.getLast().end(),
        -1);
  }

  private static double[] mean(List<Token> tokens) {
    var mean = new double[tokens.getFirst().scores().length];
    for (Token token : tokens) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += token.scores()[i] / tokens.size();
      }
    }
    return mean;
  }

  private static double[] surest(List<Token> tokens) {
    double[] surest = tokens.getFirst().scores();
    for (Token token : tokens) {
      if (token.scores()[argmax(token.scores())] > surest[argmax(surest)]) {
        surest = token.scores();
      }
    }
    return surest;
  }

  private List<Labelled> groups(List<Labelled> entities) {
    List<Labelled> groups = new ArrayList<>();
    List<Labelled> group = new ArrayList<>();
    for (Labelled entity : entities) {
      boolean begins = entity.label().startsWith("B-");
      if (!group.isEmpty()
          && (begins || !tag(entity.label()).equals(tag(group.getLast().label())))) {
        groups.add(group(group));
        group.clear();
      }
      group.add(entity);
    }
    if (!group.isEmpty()) {
      groups.add(group(group));
    }
    return groups;
  }

  private Labelled group(List<Labelled> entities) {
    String label = entities.getFirst().label();
    // Behind the first dash of any label, not only behind B- and I-: so does the pipeline.
    return new Labelled(
        label.substring(label.indexOf('-') + 1),
        entities.stream().mapToDouble(Labelled::score).average().orElseThrow(),
        tokenizer.joinTokens(entities.stream().map(Labelled::word).toList()),
        entities.getFirst().start(),
        entities.getLast().end(),
        -1);
  }

  private static String tag(String label) {
    return label.startsWith("B-") || label.startsWith("I-") ? label.substring(2) : label;
  }

  private static int argmax(double[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }
}
