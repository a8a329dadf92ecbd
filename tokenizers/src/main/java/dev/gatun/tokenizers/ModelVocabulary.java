package dev.gatun.tokenizers;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The vocabulary of the model section, before added tokens.
 *
 * @param ids id of each piece; of a piece that occurs twice, the last
 * @param pieces piece of each id
 * @param size what the Rust model calls its vocabulary size: where new added tokens are numbered
 *     from. Not the largest id plus one when ids have holes.
 */
record ModelVocabulary(Map<String, Integer> ids, Map<Integer, String> pieces, int size) {

  static ModelVocabulary ofIds(Map<String, Integer> ids) {
    var pieces = HashMap.<Integer, String>newHashMap(ids.size());
    ids.forEach((piece, id) -> pieces.put(id, piece));
    return new ModelVocabulary(ids, pieces, ids.size());
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
}
