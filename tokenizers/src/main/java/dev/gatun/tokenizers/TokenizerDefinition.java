package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

/**
 * Everything a tokenizer.json says, read from one or made from other files.
 *
 * @param source where it came from
 * @param file the file to name in errors
 * @param sections normalizer, pre_tokenizer, post_processor and decoder
 * @param modelJson the model section as JSON text; kept as text because it is large and because
 *     re-printing its numbers could change how the library rounds them
 * @param bpe whether the model is a BPE
 * @param continuingSubwordPrefix what a piece inside a word begins with, as {@code ##}; "" for a
 *     model that marks none
 * @param vocabulary model pieces and added tokens
 */
record TokenizerDefinition(
    TokenizerSource source,
    Path file,
    ObjectNode sections,
    String modelJson,
    boolean bpe,
    String continuingSubwordPrefix,
    Vocabulary vocabulary) {

  /** Of a model whose pieces have no mark inside a word. */
  TokenizerDefinition(
      TokenizerSource source,
      Path file,
      ObjectNode sections,
      String modelJson,
      boolean bpe,
      Vocabulary vocabulary) {
    this(source, file, sections, modelJson, bpe, "", vocabulary);
  }

  static final List<String> SECTIONS =
      List.of("normalizer", "pre_tokenizer", "post_processor", "decoder");

  /**
   * The text for the Rust library. It has no truncation and no padding section: transformers does
   * not apply the stored ones in a plain call, while the library would.
   */
  String toJson() {
    var json = new StringBuilder(modelJson.length() + 65_536);
    json.append("{\"version\":\"1.0\",\"added_tokens\":")
        .append(Json.text(vocabulary.addedTokensJson()));
    for (String section : SECTIONS) {
      json.append(",\"").append(section).append("\":").append(Json.text(sections.get(section)));
    }
    return json.append(",\"model\":").append(modelJson).append('}').toString();
  }

  /**
   * The same tokenizer over lower-cased text: what sentence-transformers makes of {@code
   * do_lower_case}. Special tokens in the text are found before and stay as they are.
   */
  TokenizerDefinition lowerCasing() {
    JsonNode present = sections.path("normalizer");
    boolean sequence = isType(present, "Sequence");
    ArrayNode normalizers = JsonNodeFactory.instance.arrayNode();
    normalizers.addObject().put("type", "Lowercase");
    for (JsonNode each : sequence ? present.path("normalizers") : List.of(present)) {
      if (isType(each, "Lowercase")) {
        return this;
      }
      if (each.isObject()) {
        normalizers.add(each);
      }
    }
    ObjectNode changed = sections.deepCopy();
    changed.putObject("normalizer").put("type", "Sequence").set("normalizers", normalizers);
    return new TokenizerDefinition(source, file, changed, modelJson, bpe, vocabulary);
  }

  private static boolean isType(JsonNode section, String type) {
    return section.path("type").asText().equals(type);
  }
}
