package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * GPT-2 and RoBERTa from vocab.json and merges.txt: transformers' {@code tokenization_gpt2.py} and
 * {@code tokenization_roberta.py}.
 */
final class ByteLevelBpeFiles {
  private ByteLevelBpeFiles() {}

  static TokenizerDefinition define(
      TokenizerSource source, Path vocabFile, Path mergesFile, TokenizerSettings settings) {
    Map<String, Integer> ids = readVocabulary(vocabFile);
    ObjectNode model =
        Sections.ofType("BPE")
            .putNull("dropout")
            .putNull("unk_token")
            .put("continuing_subword_prefix", "")
            .put("end_of_word_suffix", "")
            .put("fuse_unk", false)
            .put("byte_fallback", false);
    ObjectNode vocab = model.putObject("vocab");
    ids.forEach(vocab::put);
    readMerges(mergesFile, ids, model.putArray("merges"));

    var vocabulary =
        new Vocabulary(ModelVocabulary.ofIds(ids), AddedTokens.complete(List.of(), settings));
    boolean addPrefixSpace = settings.addPrefixSpace().orElse(false);
    ObjectNode sections = JsonNodeFactory.instance.objectNode();
    sections.putNull("normalizer");
    sections.set("pre_tokenizer", Sections.byteLevel(addPrefixSpace));
    boolean roberta = settings.family().orElse(null) == TokenizerFamily.ROBERTA;
    sections.set(
        "post_processor",
        roberta
            ? robertaProcessor(settings, vocabulary, vocabFile, addPrefixSpace)
            : gpt2Processor(settings, vocabulary));
    sections.set("decoder", Sections.byteLevel(true));
    return new TokenizerDefinition(source, vocabFile, sections, model.toString(), true, vocabulary);
  }

  private static ObjectNode robertaProcessor(
      TokenizerSettings settings, Vocabulary vocabulary, Path file, boolean addPrefixSpace) {
    SpecialToken cls = WordPieceFiles.special(settings, SpecialRole.CLS, vocabulary, file);
    SpecialToken sep = WordPieceFiles.special(settings, SpecialRole.SEP, vocabulary, file);
    return Sections.roberta(cls, sep, settings.trimOffsets().orElse(true), addPrefixSpace);
  }

  /** Nothing, unless add_bos_token or add_eos_token asks for it. */
  private static ObjectNode gpt2Processor(TokenizerSettings settings, Vocabulary vocabulary) {
    AddedToken bos =
        settings.addBosToken().orElse(false) ? settings.named().get(SpecialRole.BOS) : null;
    AddedToken eos =
        settings.addEosToken().orElse(false) ? settings.named().get(SpecialRole.EOS) : null;
    var template = new Sections.Template();
    for (int sequence = 0; sequence < 2; sequence++) {
      if (bos != null) {
        SpecialToken token = withId(bos, vocabulary);
        if (sequence == 0) {
          template.single(token);
        }
        template.pair(token, sequence);
      }
      if (sequence == 0) {
        template.singleText();
      }
      template.pairText(sequence == 0 ? "A" : "B", sequence);
      if (eos != null) {
        SpecialToken token = withId(eos, vocabulary);
        if (sequence == 0) {
          template.single(token);
        }
        template.pair(token, sequence);
      }
    }
    return template.build();
  }

  private static SpecialToken withId(AddedToken token, Vocabulary vocabulary) {
    return new SpecialToken(token.content(), vocabulary.id(token.content()).orElseThrow());
  }

  private static Map<String, Integer> readVocabulary(Path file) {
    ObjectNode object =
        Json.readObjectIfPresent(file)
            .orElseThrow(() -> new TokenizerException(file, "does not exist"));
    var ids = HashMap.<String, Integer>newHashMap(object.size());
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      JsonNode id = entry.getValue();
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
        throw new TokenizerException(
            file, "\"" + entry.getKey() + "\" must be a token id, not " + id);
      }
      ids.put(entry.getKey(), id.intValue());
    }
    if (ids.isEmpty()) {
      throw new TokenizerException(file, "is empty");
    }
    return ids;
  }

  private static void readMerges(Path file, Map<String, Integer> ids, ArrayNode merges) {
    List<String> lines = Json.readText(file).lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("#version") || line.isEmpty() && i == lines.size() - 1) {
        continue;
      }
      int space = line.indexOf(' ');
      if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
        throw new TokenizerException(
            file, "line " + (i + 1) + " must be two pieces with a space between: \"" + line + "\"");
      }
      String left = line.substring(0, space);
      String right = line.substring(space + 1);
      for (String piece : List.of(left, right, left + right)) {
        if (!ids.containsKey(piece)) {
          throw new TokenizerException(
              file, "line " + (i + 1) + ": \"" + piece + "\" is not in the vocabulary");
        }
      }
      merges.addArray().add(left).add(right);
    }
  }
}
