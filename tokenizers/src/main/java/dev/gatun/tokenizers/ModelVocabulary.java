package dev.gatun.tokenizers;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The vocabulary of the model section, before added tokens. */
final class ModelVocabulary {
  /**
   * Most UTF-8 bytes of a Unigram piece. The Rust library keeps them in a tree of bytes that it
   * frees by recursion, which would overflow the stack.
   */
  private static final int LONGEST_PIECE = 1_024;

  private final Map<String, Integer> ids;

  /** Piece of each id; made when the first is asked for, as encoding never does. */
  private volatile Map<Integer, String> pieces;

  private final int size;

  private ModelVocabulary(Map<String, Integer> ids, Map<Integer, String> pieces, int size) {
    this.ids = ids;
    this.pieces = pieces;
    this.size = size;
  }

  static ModelVocabulary ofIds(Map<String, Integer> ids) {
    return new ModelVocabulary(ids, null, ids.size());
  }

  /** Refuses a piece of a Unigram that is too long. */
  static void checkPiece(Path file, String piece) {
    int bytes = piece.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > LONGEST_PIECE) {
      throw new TokenizerException(
          file,
          "has a piece of %d bytes, \"%s...\"; at most %d are supported"
              .formatted(bytes, piece.substring(0, 40), LONGEST_PIECE));
    }
  }

  static ModelVocabulary ofList(List<String> list) {
    var ids = HashMap.<String, Integer>newHashMap(list.size());
    var pieces = HashMap.<Integer, String>newHashMap(list.size());
    for (int id = 0; id < list.size(); id++) {
      ids.put(list.get(id), id);
      pieces.put(id, list.get(id));
    }
    return new ModelVocabulary(ids, pieces, list.size());
  }

  /** Id of each piece; of a piece that occurs twice, the last. */
  Map<String, Integer> ids() {
    return ids;
  }

  /** The piece of an id, or null. */
  String piece(int id) {
    Map<Integer, String> known = pieces;
    if (known == null) {
      known = HashMap.newHashMap(ids.size());
      for (Map.Entry<String, Integer> entry : ids.entrySet()) {
        known.put(entry.getValue(), entry.getKey());
      }
      pieces = known;
    }
    return known.get(id);
  }

  /**
   * What the Rust model calls its vocabulary size: where new added tokens are numbered from. Not
   * the largest id plus one when ids have holes.
   */
  int size() {
    return size;
  }
}
