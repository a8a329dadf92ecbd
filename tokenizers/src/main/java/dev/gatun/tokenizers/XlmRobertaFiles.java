package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * XLM-RoBERTa from sentencepiece.bpe.model (a Unigram model, whatever its name says): transformers'
 * {@code XLMRobertaTokenizer}, {@code tokenization_xlm_roberta.py}.
 */
final class XlmRobertaFiles {
  /** Pieces that the file begins with and fairseq replaces: unknown, begin, end. */
  private static final int REPLACED_PIECES = 3;

  private XlmRobertaFiles() {}

  static TokenizerDefinition define(TokenizerSource source, Path file, TokenizerSettings settings) {
    SentencePieceModel spm = SentencePieceFiles.readUnigram(file);
    // Ids are fairseq's: four special tokens instead of the file's three, so that every other piece
    // moves up by one, and the mask behind all.
    var pieces = new ArrayList<SentencePieceModel.Piece>();
    for (SpecialRole role :
        List.of(SpecialRole.BOS, SpecialRole.PAD, SpecialRole.EOS, SpecialRole.UNK)) {
      pieces.add(special(settings, role, file));
    }
    int unknown = pieces.size() - 1;
    spm.pieces().stream().skip(REPLACED_PIECES).forEach(pieces::add);
    pieces.add(special(settings, SpecialRole.MASK, file));

    ObjectNode model =
        Sections.ofType("Unigram").put("unk_id", unknown).put("byte_fallback", false);
    ArrayNode vocab = model.putArray("vocab");
    pieces.forEach(piece -> vocab.addArray().add(piece.text()).add((double) piece.score()));

    List<String> texts = pieces.stream().map(SentencePieceModel.Piece::text).toList();
    var vocabulary =
        new Vocabulary(
            ModelVocabulary.ofList(texts), SentencePieceFiles.addedTokens(spm, settings));
    boolean addPrefixSpace = settings.addPrefixSpace().orElse(true);
    ObjectNode sections = JsonNodeFactory.instance.objectNode();
    sections.set("normalizer", SentencePieceFiles.normalizer(file, spm.charsMap()));
    sections.set(
        "pre_tokenizer",
        Sections.sequence(
            "pretokenizers",
            Sections.ofType("WhitespaceSplit"),
            Sections.metaspace(addPrefixSpace)));
    SpecialToken bos = WordPieceFiles.special(settings, SpecialRole.BOS, vocabulary, file);
    SpecialToken eos = WordPieceFiles.special(settings, SpecialRole.EOS, vocabulary, file);
    sections.set(
        "post_processor",
        new Sections.Template()
            .single(bos)
            .singleText()
            .single(eos)
            .pair(bos, 0)
            .pairText("A", 0)
            .pair(eos, 0)
            .pair(eos, 0)
            .pairText("B", 0)
            .pair(eos, 0)
            .build());
    sections.set("decoder", Sections.metaspace(addPrefixSpace));
    return new TokenizerDefinition(source, file, sections, model.toString(), false, vocabulary);
  }

  private static SentencePieceModel.Piece special(
      TokenizerSettings settings, SpecialRole role, Path file) {
    return new SentencePieceModel.Piece(
        WordPieceFiles.named(settings, role, file), 0, SentencePieceModel.Type.CONTROL);
  }
}
