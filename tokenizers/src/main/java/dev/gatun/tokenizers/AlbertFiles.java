package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;

/**
 * ALBERT from spiece.model: transformers' {@code AlbertTokenizer}, {@code tokenization_albert.py}.
 */
final class AlbertFiles {
  /** The reference reads no unk_id. */
  private static final int UNK_ID = 1;

  private AlbertFiles() {}

  static TokenizerDefinition define(TokenizerSource source, Path file, TokenizerSettings settings) {
    SentencePieceModel spm = SentencePieceFiles.readUnigram(file);
    if (spm.pieces().size() <= UNK_ID) {
      throw new TokenizerException(file, "has one piece; ALBERT's unknown piece is the second");
    }
    ObjectNode model = Sections.ofType("Unigram").put("unk_id", UNK_ID).put("byte_fallback", false);
    ArrayNode vocab = model.putArray("vocab");
    var pieces = new ArrayList<String>();
    for (SentencePieceModel.Piece piece : spm.pieces()) {
      pieces.add(piece.text());
      vocab.addArray().add(piece.text()).add((double) piece.score());
    }
    var vocabulary =
        new Vocabulary(
            ModelVocabulary.ofList(pieces), SentencePieceFiles.addedTokens(spm, settings));
    ObjectNode sections = JsonNodeFactory.instance.objectNode();
    sections.set(
        "normalizer", normalizer(SentencePieceFiles.normalizer(file, spm.charsMap()), settings));
    ObjectNode metaspace = Sections.metaspace();
    if (!settings.addPrefixSpace().orElse(true)) {
      metaspace.put("prepend_scheme", "never");
    }
    sections.set(
        "pre_tokenizer",
        Sections.sequence("pretokenizers", Sections.ofType("WhitespaceSplit"), metaspace));
    sections.set(
        "post_processor",
        Sections.bert(
            WordPieceFiles.special(settings, SpecialRole.CLS, vocabulary, file),
            WordPieceFiles.special(settings, SpecialRole.SEP, vocabulary, file)));
    sections.set("decoder", metaspace);
    return new TokenizerDefinition(source, file, sections, model.toString(), false, vocabulary);
  }

  /**
   * Quotes, accents and case as the settings say, then the table of the vocabulary's own file.
   *
   * @param stated a normalizer that is or holds that table; null or JSON null for none
   */
  static ObjectNode normalizer(JsonNode stated, TokenizerSettings settings) {
    var members = new ArrayList<ObjectNode>();
    members.add(replace("``"));
    members.add(replace("''"));
    if (!settings.keepAccents().orElse(false)) {
      members.add(Sections.ofType("NFKD"));
      members.add(Sections.ofType("StripAccents"));
    }
    if (settings.doLowerCase().orElse(true)) {
      members.add(Sections.ofType("Lowercase"));
    }
    // a node, or a sequence of them
    if (stated instanceof ObjectNode table && table.has("precompiled_charsmap")) {
      members.add(table);
    } else if (stated != null) {
      for (JsonNode member : stated.path("normalizers")) {
        if (member instanceof ObjectNode table && table.has("precompiled_charsmap")) {
          members.add(table);
        }
      }
    }
    return Sections.sequence("normalizers", members.toArray(ObjectNode[]::new));
  }

  private static ObjectNode replace(String quotes) {
    ObjectNode replace = Sections.ofType("Replace").put("content", "\"");
    replace.putObject("pattern").put("String", quotes);
    return replace;
  }
}
