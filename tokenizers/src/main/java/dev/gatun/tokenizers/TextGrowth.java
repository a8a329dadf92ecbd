package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Whether a tokenizer makes a text so much longer that memory ends, as sixty times "a" replaced by
 * "aa" do: then the Rust library would end the JVM. Found by doing it to a short text that holds
 * all that is replaced and put in its place.
 */
final class TextGrowth {
  private static final int MOST_STEPS = 1_000;
  private static final int MOST_CHARACTERS = 10_000;
  private static final int MOST_TIMES = 100;

  private final List<JsonNode> steps = new ArrayList<>();
  private final StringBuilder text = new StringBuilder("aA1 é中\n");

  private TextGrowth() {}

  /** What is wrong with sections that follow each other, in words; null if nothing is. */
  static String defect(JsonNode... sections) {
    var growth = new TextGrowth();
    for (JsonNode section : sections) {
      growth.collect(section);
    }
    return growth.defect();
  }

  /** The steps that can make a text longer without end, in their order. */
  private void collect(JsonNode node) {
    if (isReplace(node) || node.has("prepend") || isByteLevel(node)) {
      steps.add(node);
      text.append(node.path("pattern").path("String").asText());
      text.append(node.path("content").asText()).append(node.path("prepend").asText());
    }
    for (String members : List.of("normalizers", "pretokenizers", "decoders")) {
      node.path(members).forEach(this::collect);
    }
  }

  private static boolean isReplace(JsonNode node) {
    return node.has("pattern") && node.has("content");
  }

  private static boolean isByteLevel(JsonNode node) {
    return node.path("type").asText().equals("ByteLevel");
  }

  private String defect() {
    if (steps.size() > MOST_STEPS || text.length() > MOST_CHARACTERS) {
      return "replaces %d times, with %d characters; at most %d and %d are supported"
          .formatted(steps.size(), text.length(), MOST_STEPS, MOST_CHARACTERS);
    }
    int most = MOST_TIMES * text.length();
    String grown = text.toString();
    for (JsonNode step : steps) {
      grown = apply(step, grown, most);
      if (grown.length() > most) {
        return "makes a text more than " + MOST_TIMES + " times as long";
      }
    }
    return null;
  }

  /** The text after a step; some text longer than the limit if that is too long. */
  private static String apply(JsonNode step, String text, int most) {
    if (isByteLevel(step)) {
      // each byte becomes a character, those beyond ASCII one of two bytes
      var characters = new StringBuilder();
      for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
        characters.append((char) (b >= 0 ? b : 0x100 + (b & 0xFF)));
      }
      return characters.toString();
    }
    if (step.has("prepend")) {
      return step.path("prepend").asText() + text;
    }
    JsonNode pattern = step.get("pattern");
    Matcher matcher;
    try {
      matcher =
          Pattern.compile(
                  pattern.path("Regex").isTextual()
                      ? pattern.get("Regex").textValue()
                      : Pattern.quote(pattern.path("String").asText()))
              .matcher(text);
    } catch (PatternSyntaxException e) {
      return text;
    }
    String content = step.path("content").asText();
    var replaced = new StringBuilder();
    int end = 0;
    while (matcher.find() && replaced.length() <= most) {
      replaced.append(text, end, matcher.start()).append(content);
      end = matcher.end();
    }
    return replaced.append(text, end, text.length()).toString();
  }
}
