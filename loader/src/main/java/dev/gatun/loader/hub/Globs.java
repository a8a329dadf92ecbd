package dev.gatun.loader.hub;

import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Patterns as the Python client's {@code allow_patterns}: {@code *} and {@code ?} match slashes
 * too, {@code [...]} is a set, a pattern that ends with a slash stands for all below it.
 */
final class Globs {
  private final List<Pattern> patterns;

  Globs(Collection<String> globs) {
    this.patterns = globs.stream().map(Globs::pattern).toList();
  }

  boolean match(String name) {
    return patterns.stream().anyMatch(pattern -> pattern.matcher(name).matches());
  }

  private static Pattern pattern(String glob) {
    String text = glob.endsWith("/") ? glob + "*" : glob;
    var regex = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int end = c == '[' ? endOfSet(text, i) : -1;
      if (c == '*') {
        regex.append(".*");
      } else if (c == '?') {
        regex.append('.');
      } else if (end > 0) {
        regex.append(set(text.substring(i + 1, end)));
        i = end;
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** A bracket that comes first in the set is one of its characters. */
  private static int endOfSet(String text, int start) {
    return text.indexOf(']', start + (text.startsWith("!", start + 1) ? 3 : 2));
  }

  private static String set(String text) {
    boolean negated = text.startsWith("!");
    var members = new StringBuilder();
    for (int i = negated ? 1 : 0; i < text.length(); i++) {
      char from = text.charAt(i);
      char to = from;
      if (i + 2 < text.length() && text.charAt(i + 1) == '-') {
        i += 2;
        to = text.charAt(i);
      }
      if (from <= to) {
        members.append(String.format("\\u%04x-\\u%04x", (int) from, (int) to));
      }
    }
    // A range that runs backwards has no members.
    String none = negated ? "." : "(?!)";
    return members.isEmpty() ? none : (negated ? "[^" : "[") + members + "]";
  }
}
