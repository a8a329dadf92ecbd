package dev.gatun.tokenizers;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The whole vocabulary: the model's pieces and the added tokens. It numbers added tokens exactly as
 * the Rust library does, which ignores the ids written in tokenizer.json: a token that the model
 * knows keeps the model's id, any other gets the next free one.
 */
final class Vocabulary {
  private final ModelVocabulary model;
  private final List<AddedToken> added;
  private final Map<String, Integer> addedIds = new HashMap<>();
  private final Map<Integer, AddedToken> addedById = new HashMap<>();
  private final Set<Integer> specialIds = new HashSet<>();

  Vocabulary(ModelVocabulary model, List<AddedToken> added) {
    this.model = model;
    this.added = List.copyOf(added);
    int largest = -1;
    for (AddedToken token : this.added) {
      if (token.content().isEmpty()) {
        continue; // ignored by the library as well
      }
      Integer known = addedIds.get(token.content());
      if (known == null) {
        known = model.ids().get(token.content());
      }
      int id = known != null ? known : Math.max(model.size(), largest + 1);
      largest = Math.max(largest, id);
      addedIds.put(token.content(), id);
      addedById.put(id, token);
      if (token.special()) {
        specialIds.add(id);
      }
    }
  }

  OptionalInt id(String token) {
    Integer id = addedIds.get(token);
    if (id == null) {
      id = model.ids().get(token);
    }
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** The token of an id, or null. */
  String token(int id) {
    AddedToken token = addedById.get(id);
    return token != null ? token.content() : model.piece(id);
  }

  boolean isSpecial(int id) {
    return specialIds.contains(id);
  }

  /** The token with its id; empty for a token that was never added, such as an empty one. */
  Optional<SpecialToken> special(String content) {
    OptionalInt id = id(content);
    return id.isPresent()
        ? Optional.of(new SpecialToken(content, id.getAsInt()))
        : Optional.empty();
  }

  /** All special tokens, in the order in which they were added. */
  List<SpecialToken> specials() {
    return added.stream()
        .filter(AddedToken::special)
        .flatMap(token -> special(token.content()).stream())
        .distinct()
        .toList();
  }

  /** Number of distinct tokens, {@code len(tokenizer)} in transformers. */
  int size() {
    int beyondModel = 0;
    for (String content : addedIds.keySet()) {
      if (!model.ids().containsKey(content)) {
        beyondModel++;
      }
    }
    return model.size() + beyondModel;
  }

  /** How many tokens were added, those that the model has too included. */
  int addedCount() {
    return added.size();
  }

  /** The added_tokens section of tokenizer.json. */
  ArrayNode addedTokensJson() {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (AddedToken token : added) {
      Integer id = addedIds.get(token.content());
      if (id != null) {
        array.add(token.toJson(id));
      }
    }
    return array;
  }
}
