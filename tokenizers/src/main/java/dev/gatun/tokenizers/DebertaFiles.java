package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * DeBERTa v2 and v3 from spm.model: transformers' {@code DebertaV2Tokenizer}, {@code
 * tokenization_deberta_v2.py}, which has normalizers of its own in place of the model's table.
 */
final class DebertaFiles {
  /** The id of unknown text where the model's unknown piece has another name. */
  private static final int DEFAULT_UNKNOWN = 1;

  private DebertaFiles() {}

  static TokenizerDefinition define(TokenizerSource source, Path file, TokenizerSettings settings) {
    SentencePieceModel spm = SentencePieceFiles.readUnigram(file);
    String unknown = WordPieceFiles.named(settings, SpecialRole.UNK, file);
    int unknownId = -1;
    ObjectNode model = Sections.ofType("Unigram");
    ArrayNode vocab = model.putArray("vocab");
    List<String> pieces = new ArrayList<>();
    for (SentencePieceModel.Piece piece : spm.pieces()) {
      if (unknownId < 0 && piece.text().equals(unknown) && piece.score() == 0) {
        unknownId = pieces.size();
      }
      pieces.add(piece.text());
      vocab.addArray().add(piece.text()).add((double) piece.score());
    }
    if (unknownId < 0) {
      unknownId = DEFAULT_UNKNOWN;
    }
    if (unknownId >= pieces.size()) {
      throw new TokenizerException(file, "has no piece " + unknown + " and no piece " + unknownId);
    }
    model.put("unk_id", unknownId).put("byte_fallback", false);

    var vocabulary =
        new Vocabulary(
            ModelVocabulary.ofList(pieces), SentencePieceFiles.addedTokens(spm, settings));
    ObjectNode sections = JsonNodeFactory.instance.objectNode();
    sections.set("normalizer", normalizer(settings));
    sections.set("pre_tokenizer", preTokenizer(settings));
    SpecialToken cls = WordPieceFiles.special(settings, SpecialRole.CLS, vocabulary, file);
    SpecialToken sep = WordPieceFiles.special(settings, SpecialRole.SEP, vocabulary, file);
    sections.set(
        "post_processor",
        new Sections.Template()
            .single(cls)
            .singleText()
            .single(sep)
            .pair(cls, 0)
            .pairText("A", 0)
            .pair(sep, 0)
            .pairText("B", 1)
            .pair(sep, 1)
            .build());
    sections.set("decoder", metaspace(settings));
    return new TokenizerDefinition(source, file, sections, model.toString(), false, vocabulary);
  }

  private static ObjectNode normalizer(TokenizerSettings settings) {
    ObjectNode spaces = Sections.ofType("Replace").put("content", " ");
    spaces.putObject("pattern").put("Regex", "\\s{2,}|[\\n\\r\\t]");
    ObjectNode nfc = Sections.ofType("NFC");
    ObjectNode strip = Sections.ofType("Strip").put("strip_left", false).put("strip_right", true);
    return settings.doLowerCase().orElse(false)
        ? Sections.sequence("normalizers", Sections.ofType("Lowercase"), spaces, nfc, strip)
        : Sections.sequence("normalizers", spaces, nfc, strip);
  }

  private static ObjectNode preTokenizer(TokenizerSettings settings) {
    ObjectNode metaspace = metaspace(settings);
    return settings.splitByPunct()
        ? Sections.sequence(
            "pretokenizers", Sections.ofType("Punctuation").put("behavior", "Isolated"), metaspace)
        : Sections.sequence("pretokenizers", metaspace);
  }

  private static ObjectNode metaspace(TokenizerSettings settings) {
    return Sections.metaspace()
        .put("prepend_scheme", settings.addPrefixSpace().orElse(true) ? "always" : "first");
  }
}
