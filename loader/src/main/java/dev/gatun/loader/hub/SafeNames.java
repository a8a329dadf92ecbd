package dev.gatun.loader.hub;

import dev.gatun.loader.json.Text;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Names that come from the hub and become paths. */
final class SafeNames {
  private static final int LONGEST_FILE = 1000;
  private static final int LONGEST_PART = 255;
  private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  // On Windows ':' begins an alternate stream or ends a drive, '\' separates.
  private static final Pattern NEVER = Pattern.compile("[\\x00-\\x1f\\x7f\\\\:]");

  private SafeNames() {}

  /** Whether {@code name} is a relative path that stays below any directory, on every system. */
  static boolean isFile(String name) {
    if (name.isEmpty()
        || name.length() > LONGEST_FILE
        || NEVER.matcher(name).find()
        || !Text.isUnicode(name)) {
      return false;
    }
    for (String part : name.split("/", -1)) {
      // Windows drops dots and spaces at the end: ".. " is "..".
      String stripped = part.replaceAll("[. ]+$", "");
      if (part.length() > LONGEST_PART || stripped.isEmpty()) {
        return false;
      }
    }
    return canBePath(name);
  }

  /** Not so in a C locale, where Java has only ASCII for paths, nor for some names on Windows. */
  private static boolean canBePath(String name) {
    try {
      return !Path.of(name).isAbsolute();
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * @throws HubException.UnsafeName if the name could lead out of the cache
   */
  static String file(String name, String origin) {
    if (!isFile(name)) {
      throw new HubException.UnsafeName(
          origin
              + " names the file "
              + Text.quote(Text.shorten(name, 200))
              + ", which is not a path below the model; nothing of it is written. Tell the model's"
              + " owner, and don't use it");
    }
    return name;
  }

  /** Whether an etag can be the name of a blob. */
  static boolean isEtag(String etag) {
    return ETAG.matcher(etag).matches() && !etag.endsWith(".incomplete");
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }
}
