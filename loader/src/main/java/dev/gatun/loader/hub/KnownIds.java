package dev.gatun.loader.hub;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Models older than the hub's organisations: the short id is still what everyone types, and the hub
 * redirects it. Without a network the redirect is this table.
 */
final class KnownIds {
  private static final Map<String, List<String>> NAMES_BY_ORGANISATION =
      Map.of(
          "google-bert",
          List.of(
              "bert-base-uncased",
              "bert-base-cased",
              "bert-base-chinese",
              "bert-base-multilingual-cased",
              "bert-base-multilingual-uncased",
              "bert-large-uncased",
              "bert-large-cased"),
          "openai-community",
          List.of("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"),
          "google-t5",
          List.of("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b"),
          "FacebookAI",
          List.of("roberta-base", "roberta-large", "xlm-roberta-base", "xlm-roberta-large"),
          "distilbert",
          List.of(
              "distilbert-base-uncased",
              "distilbert-base-cased",
              "distilbert-base-multilingual-cased",
              "distilgpt2",
              "distilroberta-base"),
          "albert",
          List.of(
              "albert-base-v1",
              "albert-base-v2",
              "albert-large-v2",
              "albert-xlarge-v2",
              "albert-xxlarge-v2"),
          // Not the hub's but the sentence-transformers library's convention for a bare name.
          "sentence-transformers",
          List.of("all-MiniLM-L6-v2", "all-mpnet-base-v2"));

  private static final Map<String, String> TODAY = new HashMap<>();
  private static final Map<String, String> OLD = new HashMap<>();

  static {
    NAMES_BY_ORGANISATION.forEach(
        (organisation, names) ->
            names.forEach(
                name -> {
                  TODAY.put(name, organisation + "/" + name);
                  OLD.put(organisation + "/" + name, name);
                }));
  }

  private KnownIds() {}

  /** The id that the hub uses today for {@code id}. */
  static String today(String id) {
    return TODAY.getOrDefault(id, id);
  }

  /**
   * The id to ask the hub for and to cache under. The hub knows its old ids; a name that is short
   * by the convention of a library is known only to that library.
   */
  static String onHub(String id) {
    String today = today(id);
    return today.startsWith("sentence-transformers/") ? today : id;
  }

  /** {@code id} as given, then the other id of the same model if it has one. */
  static List<String> spellings(String id) {
    String other = TODAY.getOrDefault(id, OLD.get(id));
    return other == null ? List.of(id) : List.of(id, other);
  }
}
