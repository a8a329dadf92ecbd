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
      int end = c == '[' ? text.indexOf(']', i + 2) : -1;
      if (c == '*') {
        regex.append(".*");
      } else if (c == '?') {
        regex.append('.');
      } else if (end > 0) {
        String set = text.substring(i + 1, end).replaceAll("[\\\\\\[&^]", "\\\\$0");
        regex.append('[').append(set.replaceFirst("^!", "^")).append(']');
        i = end;
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }
}
