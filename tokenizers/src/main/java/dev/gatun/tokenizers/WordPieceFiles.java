package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.tokenizers.TokenizerSettings.StripAccents;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * BERT and MPNet from vocab.txt: transformers' {@code tokenization_bert.py} and {@code
 * tokenization_mpnet.py}.
 */
final class WordPieceFiles {
  private WordPieceFiles() {}

  static TokenizerDefinition define(
      TokenizerSource source, Path vocabFile, TokenizerSettings settings) {
    Map<String, Integer> ids = readVocabulary(vocabFile);
    ObjectNode model =
        Sections.ofType("WordPiece")
            .put("unk_token", named(settings, SpecialRole.UNK, vocabFile))
            .put("continuing_subword_prefix", "##")
            .put("max_input_chars_per_word", 100);
    ObjectNode vocab = model.putObject("vocab");
    ids.forEach(vocab::put);

    var vocabulary =
        new Vocabulary(ModelVocabulary.ofIds(ids), AddedTokens.complete(List.of(), settings));
    ObjectNode sections = JsonNodeFactory.instance.objectNode();
    sections.set("normalizer", normalizer(settings));
    sections.set("pre_tokenizer", Sections.ofType("BertPreTokenizer"));
    SpecialToken cls = special(settings, SpecialRole.CLS, vocabulary, vocabFile);
    SpecialToken sep = special(settings, SpecialRole.SEP, vocabulary, vocabFile);
    sections.set(
        "post_processor",
        settings.family().orElse(null) == TokenizerFamily.MPNET
            ? Sections.roberta(cls, sep, true, false)
            : Sections.bert(cls, sep));
    sections.set("decoder", Sections.ofType("WordPiece").put("prefix", "##").put("cleanup", true));
    return new TokenizerDefinition(
        source, vocabFile, sections, model.toString(), false, "##", vocabulary);
  }

  private static ObjectNode normalizer(TokenizerSettings settings) {
    ObjectNode normalizer =
        Sections.ofType("BertNormalizer")
            .put("clean_text", true)
            .put("handle_chinese_chars", settings.tokenizeChineseChars().orElse(true))
            .put("lowercase", settings.doLowerCase().orElse(true));
    putStripAccents(normalizer, settings.stripAccents().orElse(StripAccents.FOLLOW_LOWERCASE));
    return normalizer;
  }

  static void putStripAccents(ObjectNode normalizer, StripAccents strip) {
    switch (strip) {
      case FOLLOW_LOWERCASE -> normalizer.putNull("strip_accents");
      case YES -> normalizer.put("strip_accents", true);
      case NO -> normalizer.put("strip_accents", false);
    }
  }

  /**
   * One piece per line, its id the line number. As the Rust reader that transformers 5 uses: lines
   * end at LF or CR LF, whitespace at their end goes, and of a repeated piece the last line counts.
   */
  private static Map<String, Integer> readVocabulary(Path file) {
    String text = Json.readText(file);
    var ids = new HashMap<String, Integer>();
    int id = 0;
    for (int begin = 0; begin < text.length(); id++) {
      int newline = text.indexOf('\n', begin);
      int end = newline < 0 ? text.length() : newline;
      ids.put(stripTrailing(text, begin, end), id);
      begin = end + 1;
    }
    if (ids.isEmpty()) {
      throw new TokenizerException(file, "is empty");
    }
    return ids;
  }

  /** Unicode White_Space, which is more than {@link String#stripTrailing()} knows. */
  private static String stripTrailing(String text, int begin, int end) {
    while (end > begin) {
      char c = text.charAt(end - 1);
      boolean white = c >= '\t' && c <= '\r' || c == 0x85 || Character.isSpaceChar(c);
      if (!white) {
        break;
      }
      end--;
    }
    return text.substring(begin, end);
  }

  static String named(TokenizerSettings settings, SpecialRole role, Path file) {
    AddedToken token = settings.named().get(role);
    if (token == null) {
      throw new TokenizerException(file, "needs a " + role.key() + " in tokenizer_config.json");
    }
    return token.content();
  }

  static SpecialToken special(
      TokenizerSettings settings, SpecialRole role, Vocabulary vocabulary, Path file) {
    String content = named(settings, role, file);
    return new SpecialToken(content, vocabulary.id(content).orElseThrow());
  }
}
