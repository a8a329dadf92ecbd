package dev.gatun.tokenizers;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Regular expressions on which Oniguruma, the Rust library's engine, would end the JVM: by nesting
 * that overflows its stack, or by trying more often than it allows itself, which is a panic. Syntax
 * errors are left to the library, which reports them.
 */
final class RegexChecks {
  private static final int LONGEST = 10_000;
  private static final int DEEPEST = 64;

  /** Over a probe of 40 characters; trying all ends from all beginnings takes 1,600. */
  private static final int MOST_STEPS = 50_000;

  private static final int REPEATS = 20;
  private static final int MOST_LETTERS = 40;

  private final String regex;
  private final Deque<Group> groups = new ArrayDeque<>();
  private int at;

  /** An open parenthesis, or the whole. */
  private static final class Group {
    /** Holds a choice or something whose length may vary. */
    boolean varies;
  }

  private static final class TooManySteps extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManySteps() {
      super(null, null, false, false);
    }
  }

  private RegexChecks(String regex) {
    this.regex = regex;
  }

  /** What is wrong with it, in words that follow its name; null if nothing is. */
  static String defect(String regex) {
    if (regex.length() > LONGEST) {
      return "has " + regex.length() + " characters; at most " + LONGEST + " are read";
    }
    return new RegexChecks(regex).defect();
  }

  private String defect() {
    groups.push(new Group());
    boolean nested = false;
    boolean atomVaries = false;
    while (at < regex.length()) {
      char c = regex.charAt(at++);
      switch (c) {
        case '\\' -> {
          if (at < regex.length() && regex.charAt(at) == 'g') {
            return "calls a group of its own";
          }
          skipEscape();
          atomVaries = false;
        }
        case '[' -> {
          if (skipClass() > DEEPEST) {
            return "is nested too deeply";
          }
          atomVaries = false;
        }
        case '(' -> {
          groups.push(new Group());
          if (groups.size() > DEEPEST) {
            return "is nested too deeply";
          }
          skipGroupHeader();
          atomVaries = false;
        }
        case ')' -> {
          if (groups.size() == 1) {
            return null; // a syntax error
          }
          atomVaries = groups.pop().varies;
          groups.peek().varies |= atomVaries;
        }
        case '|' -> groups.peek().varies = true;
        case '*', '+', '?', '{' -> {
          int[] times = times(c);
          nested |= atomVaries && times[1] > 1;
          atomVaries |= times[0] != times[1];
          groups.peek().varies |= atomVaries;
        }
        default -> atomVaries = false;
      }
    }
    return nested && triesTooOften()
        ? "takes time that grows exponentially with the length of a text"
        : null;
  }

  /** Behind a backslash: one character, with what stands in braces or angle brackets behind it. */
  private void skipEscape() {
    if (at == regex.length()) {
      return;
    }
    char kind = regex.charAt(at++);
    String opening = kind == 'k' ? "<" : "pPx".indexOf(kind) >= 0 ? "{" : "";
    if (!opening.isEmpty() && regex.startsWith(opening, at)) {
      int end = regex.indexOf(kind == 'k' ? '>' : '}', at);
      at = end < 0 ? regex.length() : end + 1;
    }
  }

  /** Behind an opening bracket, to behind its closing one; gives how deep it nests. */
  private int skipClass() {
    int depth = 1;
    int deepest = 1;
    boolean first = true;
    while (at < regex.length() && depth > 0) {
      char c = regex.charAt(at++);
      switch (c) {
        case '\\' -> skipEscape();
        case '[' -> deepest = Math.max(deepest, ++depth);
        case ']' -> depth -= first ? 0 : 1;
        default -> {}
      }
      first = c == '[' || first && c == '^';
    }
    return deepest;
  }

  /** The question mark and what follows up to the group's own expression. */
  private void skipGroupHeader() {
    if (!regex.startsWith("?", at)) {
      return;
    }
    at++;
    if (regex.startsWith("<=", at) || regex.startsWith("<!", at)) {
      at += 2;
    } else if (regex.startsWith("<", at)) {
      int end = regex.indexOf('>', at);
      at = end < 0 ? regex.length() : end + 1;
    } else {
      while (at < regex.length() && "imx-".indexOf(regex.charAt(at)) >= 0) {
        at++;
      }
      if (at < regex.length() && ":=!>~".indexOf(regex.charAt(at)) >= 0) {
        at++;
      }
    }
  }

  /** Least and most times of the quantifier that begins with c, moving behind it. */
  private int[] times(char c) {
    int[] times = {c == '+' ? 1 : 0, c == '?' ? 1 : Integer.MAX_VALUE};
    if (c == '{') {
      Matcher braces = Pattern.compile("(\\d{0,6})(,?)(\\d{0,6})}").matcher(regex);
      if (!braces.region(at, regex.length()).lookingAt() || braces.end() - at < 2) {
        return new int[] {1, 1}; // a brace like any other character
      }
      at = braces.end();
      int least = braces.group(1).isEmpty() ? 0 : Integer.parseInt(braces.group(1));
      boolean open = braces.group(3).isEmpty();
      times[0] = least;
      times[1] =
          !open
              ? Integer.parseInt(braces.group(3))
              : braces.group(2).isEmpty() ? least : Integer.MAX_VALUE;
    }
    // lazy or possessive
    if (at < regex.length() && "?+".indexOf(regex.charAt(at)) >= 0) {
      at++;
    }
    return times;
  }

  /**
   * Tries it on texts that repeat one or two of its characters, with Java's engine, which
   * backtracks alike where it is kept from remembering: it doesn't where a group is referred to.
   */
  private boolean triesTooOften() {
    Pattern pattern;
    try {
      pattern = Pattern.compile(regex + "|(?<gatunProbe>\uFFFF)\\k<gatunProbe>");
    } catch (PatternSyntaxException e) {
      return true;
    }
    List<String> letters = letters();
    for (String first : letters) {
      for (String second : letters) {
        for (String end : List.of("", "\u0001", "a", " ")) {
          if (takesTooLong(pattern, (first + second).repeat(REPEATS) + end)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Those of the expression, and one of each kind that a class may stand for. */
  private List<String> letters() {
    Set<String> letters = new LinkedHashSet<>(List.of("a", "A", "1", " ", "\n", ".", "é", "中"));
    regex
        .codePoints()
        .mapToObj(Character::toString)
        .takeWhile(_ -> letters.size() < MOST_LETTERS)
        .forEach(letters::add);
    return List.copyOf(letters);
  }

  private static boolean takesTooLong(Pattern pattern, String text) {
    var counted =
        new CharSequence() {
          private int steps;

          @Override
          public int length() {
            return text.length();
          }

          @Override
          public char charAt(int index) {
            if (++steps > MOST_STEPS) {
              throw new TooManySteps();
            }
            return text.charAt(index);
          }

          @Override
          public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
          }

          @Override
          public String toString() {
            return text;
          }
        };
    try {
      var matcher = pattern.matcher(counted);
      while (matcher.find()) {
        // to the end of the text
      }
      return false;
    } catch (TooManySteps e) {
      return true;
    }
  }
}
