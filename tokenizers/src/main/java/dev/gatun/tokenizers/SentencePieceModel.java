package dev.gatun.tokenizers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The parts of a SentencePiece model file ({@code sentencepiece_model.proto}) that a tokenizer
 * needs.
 *
 * @param pieces by id
 * @param kind the trainer's algorithm
 * @param unkId id of the unknown piece
 * @param byteFallback whether unknown text becomes byte pieces
 * @param charsMap the normalization table, empty for none
 */
record SentencePieceModel(
    List<Piece> pieces, Kind kind, int unkId, boolean byteFallback, byte[] charsMap) {

  /** One entry of the vocabulary. */
  record Piece(String text, float score, Type type) {}

  /** {@code SentencePiece.Type}; the number in the file is the ordinal plus one. */
  enum Type {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE
  }

  /** {@code TrainerSpec.ModelType}; the number in the file is the ordinal plus one. */
  enum Kind {
    UNIGRAM,
    BPE,
    WORD,
    CHAR
  }

  /** Parses a model file. */
  static SentencePieceModel read(Path file) {
    var pieces = new ArrayList<Piece>();
    Trainer trainer = new Trainer(Kind.UNIGRAM, 0, false);
    byte[] charsMap = new byte[0];
    for (var model = ProtobufReader.of(file); model.next(); ) {
      switch (model.field()) {
        case 1 -> pieces.add(piece(file, model.message()));
        case 2 -> trainer = trainer(file, model.message());
        case 3 -> charsMap = charsMap(model.message());
        default -> model.skip();
      }
    }
    if (pieces.isEmpty()) {
      throw new TokenizerException(file, "is no SentencePiece model: it has no pieces");
    }
    if (trainer.unkId < 0 || trainer.unkId >= pieces.size()) {
      throw new TokenizerException(
          file, "unk_id " + trainer.unkId + " is outside its " + pieces.size() + " pieces");
    }
    return new SentencePieceModel(
        List.copyOf(pieces), trainer.kind, trainer.unkId, trainer.byteFallback, charsMap);
  }

  private record Trainer(Kind kind, int unkId, boolean byteFallback) {}

  private static Piece piece(Path file, ProtobufReader message) {
    String text = "";
    float score = 0;
    Type type = Type.NORMAL;
    while (message.next()) {
      switch (message.field()) {
        case 1 -> text = message.text();
        case 2 -> score = message.float32();
        case 3 -> type = ordinal(file, "piece type", message.varint(), Type.values());
        default -> message.skip();
      }
    }
    if (!Float.isFinite(score)) {
      throw new TokenizerException(file, "piece \"" + text + "\" has score " + score);
    }
    ModelVocabulary.checkPiece(file, text);
    return new Piece(text, score, type);
  }

  private static Trainer trainer(Path file, ProtobufReader message) {
    Kind kind = Kind.UNIGRAM;
    int unkId = 0;
    boolean byteFallback = false;
    while (message.next()) {
      switch (message.field()) {
        case 3 -> kind = ordinal(file, "model_type", message.varint(), Kind.values());
        case 35 -> byteFallback = message.varint() != 0;
        case 40 -> unkId = (int) message.varint();
        default -> message.skip();
      }
    }
    return new Trainer(kind, unkId, byteFallback);
  }

  private static byte[] charsMap(ProtobufReader message) {
    byte[] map = new byte[0];
    while (message.next()) {
      if (message.field() == 2) {
        map = message.bytes();
      } else {
        message.skip();
      }
    }
    return map;
  }

  private static <E> E ordinal(Path file, String what, long number, E[] values) {
    if (number < 1 || number > values.length) {
      throw new TokenizerException(file, "unknown " + what + " " + number);
    }
    return values[(int) number - 1];
  }
}
