package dev.gatun.tokenizers;

/** Java strings against the code points that the Rust library counts in. */
final class Utf16 {
  private Utf16() {}

  static boolean hasUnpairedSurrogate(String text) {
    return firstUnpairedSurrogate(text, 0) >= 0;
  }

  /**
   * The text with each surrogate that has no partner replaced by U+FFFD. Such a char has no UTF-8
   * form; handed over as it is, it would make the JNI layer garble the rest of the text too. The
   * length in UTF-16 units stays.
   */
  static String replaceUnpairedSurrogates(String text) {
    int at = firstUnpairedSurrogate(text, 0);
    if (at < 0) {
      return text;
    }
    char[] chars = text.toCharArray();
    for (; at >= 0; at = firstUnpairedSurrogate(text, at + 1)) {
      chars[at] = '\uFFFD';
    }
    return new String(chars);
  }

  private static int firstUnpairedSurrogate(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else {
        return i;
      }
    }
    return -1;
  }

  /**
   * The UTF-16 index of every code point, and of the end.
   *
   * @return null when both counts are the same because the text has no astral character
   */
  static int[] codePointIndexes(String text) {
    int codePoints = text.codePointCount(0, text.length());
    if (codePoints == text.length()) {
      return null;
    }
    var indexes = new int[codePoints + 1];
    int index = 0;
    for (int i = 0; i <= codePoints; i++) {
      indexes[i] = index;
      if (i < codePoints) {
        index += Character.charCount(text.codePointAt(index));
      }
    }
    return indexes;
  }
}
