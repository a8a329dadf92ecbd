package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Chooses among the files of a model directory and turns them into a definition. */
final class TokenizerFiles {
  private static final List<String> UNSUPPORTED =
      List.of("sentencepiece.bpe.model", "tokenizer.model", "tekken.json");

  private final Path directory;
  private final TokenizerSettings settings;
  private final List<Path> settingsFiles;

  TokenizerFiles(Path directory, TokenizerSettings settings, List<Path> settingsFiles) {
    this.directory = directory;
    this.settings = settings;
    this.settingsFiles = settingsFiles;
  }

  /**
   * The definition: tokenizer.json, else what the tokenizer class names, else what is there.
   *
   * @throws TokenizerException naming what was searched when there is nothing usable
   */
  TokenizerDefinition define() {
    Path json = directory.resolve("tokenizer.json");
    Path vocabJson = directory.resolve("vocab.json");
    Path merges = directory.resolve("merges.txt");
    Path vocabText = directory.resolve("vocab.txt");
    Path spiece = directory.resolve("spiece.model");
    Path spm = directory.resolve("spm.model");
    if (Files.isRegularFile(json)) {
      return fromJson(json);
    }
    TokenizerFamily family = settings.family().orElse(null);
    if (suits(family, TokenizerFamily.GPT2, TokenizerFamily.ROBERTA) && exist(vocabJson, merges)) {
      return ByteLevelBpeFiles.define(
          source(TokenizerSource.Kind.BYTE_LEVEL_BPE, vocabJson, merges),
          vocabJson,
          merges,
          withFamily(TokenizerFamily.GPT2));
    }
    if (suits(family, TokenizerFamily.BERT, TokenizerFamily.MPNET) && exist(vocabText)) {
      return WordPieceFiles.define(
          source(TokenizerSource.Kind.WORD_PIECE, vocabText),
          vocabText,
          withFamily(TokenizerFamily.BERT));
    }
    if (suits(family, TokenizerFamily.T5) && exist(spiece)) {
      return SentencePieceFiles.define(
          source(TokenizerSource.Kind.SENTENCE_PIECE, spiece),
          spiece,
          withFamily(TokenizerFamily.T5));
    }
    // Several families use this file, each with ids of its own: only a name tells which.
    Path bpeModel = directory.resolve("sentencepiece.bpe.model");
    if (family == TokenizerFamily.XLM_ROBERTA && exist(bpeModel)) {
      return XlmRobertaFiles.define(
          source(TokenizerSource.Kind.SENTENCE_PIECE, bpeModel), bpeModel, settings);
    }
    if (family == TokenizerFamily.ALBERT && exist(spiece)) {
      return AlbertFiles.define(
          source(TokenizerSource.Kind.SENTENCE_PIECE, spiece), spiece, settings);
    }
    if (suits(family, TokenizerFamily.DEBERTA_V2) && exist(spm)) {
      return DebertaFiles.define(
          source(TokenizerSource.Kind.SENTENCE_PIECE, spm),
          spm,
          withFamily(TokenizerFamily.DEBERTA_V2));
    }
    throw nothingUsable();
  }

  /** Settings of a directory that names no class, taken as the given family. */
  private TokenizerSettings withFamily(TokenizerFamily family) {
    return settings.withDefaultFamily(family);
  }

  /** Without a family the files decide, but never against a class that was named. */
  private boolean suits(TokenizerFamily family, TokenizerFamily... accepted) {
    if (family == null) {
      return settings.tokenizerClass().isEmpty();
    }
    return List.of(accepted).contains(family);
  }

  private static boolean exist(Path... files) {
    for (Path file : files) {
      if (!Files.isRegularFile(file)) {
        return false;
      }
    }
    return true;
  }

  private TokenizerSource source(TokenizerSource.Kind kind, Path... vocabularyFiles) {
    var files = new ArrayList<Path>(List.of(vocabularyFiles));
    files.addAll(settingsFiles);
    return new TokenizerSource(kind, files);
  }

  private TokenizerDefinition fromJson(Path file) {
    TokenizerJsonFile json = TokenizerJsonFile.read(file);
    applyFlags(json.sections());
    return json.define(source(TokenizerSource.Kind.TOKENIZER_JSON, file), settings);
  }

  /**
   * tokenizer.json is the contract, but a flag that tokenizer_config.json states outright wins over
   * it, as in every version of transformers. A flag that is absent changes nothing (transformers
   * would put its class's default).
   */
  private void applyFlags(ObjectNode sections) {
    TokenizerFamily family = settings.family().orElse(null);
    if (suits(family, TokenizerFamily.BERT, TokenizerFamily.MPNET)
        && family != null
        && sections.get("normalizer") instanceof ObjectNode normalizer
        && isType(normalizer, "BertNormalizer")) {
      settings.doLowerCase().ifPresent(lower -> normalizer.put("lowercase", lower));
      settings.stripAccents().ifPresent(strip -> WordPieceFiles.putStripAccents(normalizer, strip));
      settings
          .tokenizeChineseChars()
          .ifPresent(handle -> normalizer.put("handle_chinese_chars", handle));
    }
    if (family == TokenizerFamily.ALBERT
        && (settings.doLowerCase().isPresent() || settings.keepAccents().isPresent())) {
      sections.set("normalizer", AlbertFiles.normalizer(sections.get("normalizer"), settings));
    }
    if (suits(family, TokenizerFamily.GPT2, TokenizerFamily.ROBERTA)
        && family != null
        && sections.get("pre_tokenizer") instanceof ObjectNode preTokenizer
        && isType(preTokenizer, "ByteLevel")) {
      settings.addPrefixSpace().ifPresent(add -> preTokenizer.put("add_prefix_space", add));
      // Or the offsets of a text's first token would lose a character to the space that was added.
      if (sections.get("post_processor") instanceof ObjectNode processor
          && isType(processor, "RobertaProcessing")) {
        settings.addPrefixSpace().ifPresent(add -> processor.put("add_prefix_space", add));
        settings.trimOffsets().ifPresent(trim -> processor.put("trim_offsets", trim));
      }
    }
  }

  private static boolean isType(JsonNode section, String type) {
    return section.path("type").asText().equals(type);
  }

  private TokenizerException nothingUsable() {
    var detail = new StringBuilder("no tokenizer. Searched: tokenizer.json");
    detail.append("; vocab.json with merges.txt (GPT-2, RoBERTa); vocab.txt (BERT, MPNet)");
    detail.append("; spiece.model (T5, ALBERT); spm.model (DeBERTa);");
    detail.append(" sentencepiece.bpe.model (where the files name XLM-RoBERTa).");
    settings
        .tokenizerClass()
        .ifPresent(name -> detail.append(" The tokenizer class is ").append(name).append('.'));
    for (String name : UNSUPPORTED) {
      if (exist(directory.resolve(name))) {
        detail.append(" There is a ").append(name).append(", which cannot be read by itself.");
      }
    }
    detail.append(" Save a tokenizer.json with transformers' save_pretrained.");
    return new TokenizerException(directory, detail.toString());
  }
}
