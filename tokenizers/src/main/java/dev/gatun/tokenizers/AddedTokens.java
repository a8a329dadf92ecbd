package dev.gatun.tokenizers;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** The list of added tokens that transformers ends with ({@code TokenizersBackend.__init__}). */
final class AddedTokens {
  private AddedTokens() {}

  /**
   * The tokens of tokenizer.json, then what the settings know beyond them: added tokens that are
   * new or have other attributes, then special tokens that nobody has added yet.
   */
  static List<AddedToken> complete(List<AddedToken> inFile, TokenizerSettings settings) {
    var tokens = new ArrayList<AddedToken>(inFile);
    var known = new HashSet<>(inFile);
    var contents = new HashSet<String>();
    inFile.forEach(token -> contents.add(token.content()));
    for (AddedToken token : settings.addedTokens()) {
      if (!known.contains(token)) {
        boolean named =
            settings.named().values().stream()
                .anyMatch(special -> special.content().equals(token.content()));
        tokens.add(named ? asSpecial(token) : token);
        contents.add(token.content());
      }
    }
    for (SpecialRole role : SpecialRole.values()) {
      AddedToken token = settings.named().get(role);
      if (token != null && contents.add(token.content())) {
        tokens.add(asSpecial(token));
      }
    }
    for (AddedToken token : settings.additional()) {
      if (contents.add(token.content())) {
        tokens.add(token);
      }
    }
    return tokens;
  }

  private static AddedToken asSpecial(AddedToken token) {
    return new AddedToken(
        token.content(),
        token.singleWord(),
        token.lstrip(),
        token.rstrip(),
        token.normalized(),
        true);
  }
}
