package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** T5 from spiece.model: transformers' {@code T5Tokenizer}, {@code tokenization_t5.py}. */
final class SentencePieceFiles {
  private SentencePieceFiles() {}

  static TokenizerDefinition define(TokenizerSource source, Path file, TokenizerSettings settings) {
    SentencePieceModel spm = readUnigram(file);
    ObjectNode model =
        Sections.ofType("Unigram").put("unk_id", spm.unkId()).put("byte_fallback", false);
    ArrayNode vocab = model.putArray("vocab");
    var pieces = new ArrayList<String>();
    for (SentencePieceModel.Piece piece : spm.pieces()) {
      pieces.add(piece.text());
      vocab.addArray().add(piece.text()).add((double) piece.score());
    }
    // the sentinels count down to <extra_id_0>, which has the largest id
    for (int i = settings.extraIds() - 1; i >= 0; i--) {
      pieces.add(sentinel(i));
      vocab.addArray().add(sentinel(i)).add(0.0);
    }

    List<AddedToken> added = addedTokens(spm, settings);
    for (int i = 0; i < settings.extraIds(); i++) {
      addUnlessKnown(added, AddedToken.special(sentinel(i)));
    }
    var vocabulary = new Vocabulary(ModelVocabulary.ofList(pieces), added);
    ObjectNode sections = JsonNodeFactory.instance.objectNode();
    sections.set("normalizer", normalizer(file, spm.charsMap()));
    sections.set(
        "pre_tokenizer",
        Sections.sequence(
            "pretokenizers", Sections.ofType("WhitespaceSplit"), Sections.metaspace()));
    SpecialToken eos = WordPieceFiles.special(settings, SpecialRole.EOS, vocabulary, file);
    sections.set(
        "post_processor",
        new Sections.Template()
            .singleText()
            .single(eos)
            .pairText("A", 0)
            .pair(eos, 0)
            .pairText("B", 0)
            .pair(eos, 0)
            .build());
    sections.set("decoder", Sections.metaspace());
    return new TokenizerDefinition(source, file, sections, model.toString(), false, vocabulary);
  }

  static SentencePieceModel readUnigram(Path file) {
    SentencePieceModel spm = SentencePieceModel.read(file);
    if (spm.kind() != SentencePieceModel.Kind.UNIGRAM) {
      throw new TokenizerException(
          file,
          "model_type "
              + spm.kind()
              + " is not supported without a tokenizer.json;"
              + " supported: UNIGRAM");
    }
    return spm;
  }

  /** The model's own table of replacements; null if it has none. */
  static ObjectNode normalizer(Path file, byte[] charsMap) {
    if (charsMap.length == 0) {
      return null;
    }
    String defect = PrecompiledCharsMap.defect(charsMap);
    if (defect != null) {
      throw new TokenizerException(file, "its precompiled_charsmap " + defect);
    }
    return Sections.ofType("Precompiled")
        .put("precompiled_charsmap", Base64.getEncoder().encodeToString(charsMap));
  }

  /** Control pieces are special; user-defined pieces are matched but not special. */
  static List<AddedToken> addedTokens(SentencePieceModel spm, TokenizerSettings settings) {
    var tokens = new ArrayList<>(AddedTokens.complete(List.of(), settings));
    for (SentencePieceModel.Piece piece : spm.pieces()) {
      switch (piece.type()) {
        case CONTROL -> addUnlessKnown(tokens, AddedToken.special(piece.text()));
        case USER_DEFINED ->
            addUnlessKnown(tokens, new AddedToken(piece.text(), false, false, false, false, false));
        default -> {}
      }
    }
    return tokens;
  }

  private static void addUnlessKnown(List<AddedToken> tokens, AddedToken token) {
    if (tokens.stream().noneMatch(known -> known.content().equals(token.content()))) {
      tokens.add(token);
    }
  }

  private static String sentinel(int i) {
    return "<extra_id_" + i + ">";
  }
}
