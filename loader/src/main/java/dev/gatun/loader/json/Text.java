package dev.gatun.loader.json;

/** Text from files, made fit for an error message: short, on one line, no control characters. */
public final class Text {
  private Text() {}

  /**
   * Whether {@code text} can be written as UTF-8: no half of a surrogate pair without the other.
   */
  public static boolean isUnicode(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return false;
      }
    }
    return true;
  }

  /** {@code text} in double quotes, at most about 120 characters of it. */
  public static String quote(String text) {
    return '"' + shorten(text, 120) + '"';
  }

  /** {@code text} with control characters escaped, cut to {@code limit} characters. */
  public static String shorten(String text, int limit) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), limit) + 1);
    for (int i = 0; i < text.length() && i < limit; i++) {
      char c = text.charAt(i);
      if (c < 0x20 || c == 0x7f || Character.isSurrogate(c)) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return text.length() > limit ? out.append('…').toString() : out.toString();
  }
}
