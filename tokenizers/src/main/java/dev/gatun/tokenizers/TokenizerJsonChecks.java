package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Refuses tokenizer.json files on which the Rust library would panic. A panic behind JNI ends the
 * whole JVM; every other defect is left to the library, whose errors arrive as exceptions.
 */
final class TokenizerJsonChecks {
  /** Each part may repeat the whole text. */
  private static final int LONGEST_TEMPLATE = 100;

  private final Path file;

  private TokenizerJsonChecks(Path file) {
    this.file = file;
  }

  static void check(Path file, ObjectNode sections, ModelSection model) {
    var checks = new TokenizerJsonChecks(file);
    for (String section : TokenizerDefinition.SECTIONS) {
      checks.checkScalars(sections.get(section), section);
    }
    for (String section : TokenizerDefinition.SECTIONS) {
      checks.checkRegexes(sections.get(section), section);
    }
    checks.checkNormalizer(sections.get("normalizer"));
    checks.checkPreTokenizer(sections.get("pre_tokenizer"));
    checks.checkGrowth(
        "normalizer and pre_tokenizer", sections.get("normalizer"), sections.get("pre_tokenizer"));
    checks.checkGrowth("decoder", sections.get("decoder"));
    checks.checkPostProcessor(sections.get("post_processor"));
    checks.checkDecoder(sections.get("decoder"));
    checks.checkMerges(model);
  }

  /** serde_json refuses such values; inside a decoder that refusal is a panic. */
  private void checkScalars(JsonNode node, String where) {
    if (node.isNumber() && !Double.isFinite(node.doubleValue())) {
      throw new TokenizerException(file, where + ": number out of range: " + node);
    }
    if (node.isTextual() && Utf16.hasUnpairedSurrogate(node.textValue())) {
      throw new TokenizerException(file, where + ": unpaired surrogate in a text");
    }
    node.properties()
        .forEach(
            entry -> {
              if (Utf16.hasUnpairedSurrogate(entry.getKey())) {
                throw new TokenizerException(file, where + ": unpaired surrogate in a key");
              }
            });
    for (JsonNode child : node) {
      checkScalars(child, where);
    }
  }

  private void checkRegexes(JsonNode node, String where) {
    JsonNode regex = node.path("Regex");
    String defect = regex.isTextual() ? RegexChecks.defect(regex.textValue()) : null;
    if (defect != null) {
      throw new TokenizerException(
          file, where + ": the regular expression " + shortened(regex.textValue()) + " " + defect);
    }
    for (JsonNode child : node) {
      checkRegexes(child, where);
    }
  }

  private static String shortened(String text) {
    return '"' + (text.length() > 100 ? text.substring(0, 100) + "..." : text) + '"';
  }

  private void checkGrowth(String names, JsonNode... sections) {
    String defect = TextGrowth.defect(sections);
    if (defect != null) {
      throw new TokenizerException(file, names + ": " + defect);
    }
  }

  /** Pieces of length 0 are a division by zero. */
  private void checkPreTokenizer(JsonNode node) {
    if (node.path("length").isNumber() && node.get("length").asLong() < 1) {
      throw new TokenizerException(
          file, "pre_tokenizer: FixedLength with length = " + node.get("length"));
    }
    for (JsonNode child : node) {
      checkPreTokenizer(child);
    }
  }

  /** A Precompiled normalizer, by its field, wherever it stands: its "type" may be missing. */
  private void checkNormalizer(JsonNode node) {
    if (node.path("type").asText().equals("Precompiled") || node.has("precompiled_charsmap")) {
      checkCharsMap(node.path("precompiled_charsmap"));
    }
    JsonNode pattern = node.path("pattern");
    if (pattern.path("String").asText("x").isEmpty() || matchesNothing(pattern.path("Regex"))) {
      throw new TokenizerException(
          file, "normalizer: Replace with a pattern that matches the empty text: " + pattern);
    }
    if (node.path("prepend").asText("x").isEmpty()) {
      throw new TokenizerException(file, "normalizer: Prepend with an empty text");
    }
    for (JsonNode child : node) {
      checkNormalizer(child);
    }
  }

  /**
   * Whether a regular expression matches between characters, which breaks the library's alignment
   * of normalized with original text. Asked of Java's engine: near enough to Oniguruma here, and
   * what Java cannot compile is left to the library.
   */
  private static boolean matchesNothing(JsonNode regex) {
    if (!regex.isTextual()) {
      return false;
    }
    try {
      Pattern pattern = Pattern.compile(regex.textValue());
      for (String probe : List.of("", "aB1 .,-_'é日😀\n\t  x")) {
        for (var matcher = pattern.matcher(probe); matcher.find(); ) {
          if (matcher.start() == matcher.end()) {
            return true;
          }
        }
      }
      return false;
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  private void checkCharsMap(JsonNode map) {
    byte[] table;
    try {
      table = Base64.getDecoder().decode(map.isTextual() ? map.textValue() : "?");
    } catch (IllegalArgumentException e) {
      throw new TokenizerException(file, "normalizer: precompiled_charsmap is not base64", e);
    }
    String defect = PrecompiledCharsMap.defect(table);
    if (defect != null) {
      throw new TokenizerException(file, "normalizer: precompiled_charsmap " + defect);
    }
  }

  private void checkPostProcessor(JsonNode processor) {
    var chain = new ArrayList<JsonNode>();
    flatten(processor, chain);
    boolean onlyByteLevelBefore = true;
    for (JsonNode member : chain) {
      if (isTemplate(member)) {
        // a second one would see more than two sequences: todo!() in the library
        if (!onlyByteLevelBefore) {
          throw new TokenizerException(
              file, "post_processor: TemplateProcessing may follow nothing but ByteLevel");
        }
        checkTemplate(member);
      }
      onlyByteLevelBefore &= member.path("type").asText().equals("ByteLevel");
    }
  }

  private static void flatten(JsonNode processor, List<JsonNode> chain) {
    if (processor.path("processors").isArray()) {
      processor.get("processors").forEach(member -> flatten(member, chain));
    } else {
      chain.add(processor);
    }
  }

  private static boolean isTemplate(JsonNode processor) {
    return processor.path("type").asText().equals("TemplateProcessing")
        || processor.has("single") && processor.has("pair");
  }

  private void checkTemplate(JsonNode processor) {
    JsonNode known = processor.path("special_tokens");
    for (String template : List.of("single", "pair")) {
      if (processor.path(template).size() > LONGEST_TEMPLATE) {
        throw new TokenizerException(
            file,
            "post_processor.%s has %d parts; at most %d are supported"
                .formatted(template, processor.path(template).size(), LONGEST_TEMPLATE));
      }
      for (JsonNode piece : processor.path(template)) {
        JsonNode special = piece.path("SpecialToken").path("id");
        if (special.isTextual() && !known.has(special.textValue())) {
          throw new TokenizerException(
              file,
              "post_processor." + template + " uses " + special + ", absent from special_tokens");
        }
        if (template.equals("single") && piece.path("Sequence").path("id").asText().equals("B")) {
          throw new TokenizerException(file, "post_processor.single uses the second sequence");
        }
      }
    }
    known
        .properties()
        .forEach(
            entry -> {
              JsonNode token = entry.getValue();
              if (token.path("ids").size() != token.path("tokens").size()) {
                throw new TokenizerException(
                    file,
                    "post_processor.special_tokens[\""
                        + entry.getKey()
                        + "\"] has unlike numbers of ids and tokens");
              }
            });
  }

  /** Strip at the end indexes before the start of a short text. */
  private void checkDecoder(JsonNode node) {
    if (node.path("stop").asLong() != 0) {
      throw new TokenizerException(
          file,
          "decoder: Strip with stop = " + node.get("stop") + " is not supported; supported: 0");
    }
    for (JsonNode child : node) {
      checkDecoder(child);
    }
  }

  /** The library cuts the prefix off every second half without looking. */
  private void checkMerges(ModelSection model) {
    int cut = model.continuingSubwordPrefix().getBytes(StandardCharsets.UTF_8).length;
    for (String tail : model.mergeTails()) {
      byte[] bytes = tail.getBytes(StandardCharsets.UTF_8);
      if (bytes.length < cut || bytes.length > cut && (bytes[cut] & 0xC0) == 0x80) {
        throw new TokenizerException(
            file,
            "model.merges: \""
                + tail
                + "\" is shorter than continuing_subword_prefix \""
                + model.continuingSubwordPrefix()
                + "\"");
      }
    }
  }
}
