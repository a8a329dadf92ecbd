package dev.gatun.loader.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Hashes content as its etag does: 64 hexadecimal digits are its SHA-256, 40 are git's SHA-1 of it
 * as a blob. Other etags say nothing about the content.
 */
final class ContentCheck {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern GIT_SHA1 = Pattern.compile("[0-9a-f]{40}");
  private static final int BUFFER = 1 << 20;

  private final String etag;
  private final MessageDigest digest;
  private final long size;

  /**
   * @param size bytes of the whole content, which git's hash begins with
   */
  ContentCheck(String etag, long size) {
    this.etag = etag;
    this.size = size;
    this.digest =
        SHA256.matcher(etag).matches()
            ? digest("SHA-256")
            : GIT_SHA1.matcher(etag).matches() ? digest("SHA-1") : null;
    reset();
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + algorithm, e);
    }
  }

  /** Begins again. */
  void reset() {
    if (digest != null) {
      digest.reset();
      if (etag.length() == 40) {
        digest.update(("blob " + size + "\0").getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  /** Takes the next bytes; the buffer is left at its end. */
  void update(ByteBuffer bytes) {
    if (digest != null) {
      digest.update(bytes);
    }
  }

  boolean isPossible() {
    return digest != null;
  }

  /** Whether what was taken is the content; true where the etag does not tell. Ends the check. */
  boolean matches() {
    return digest == null || HexFormat.of().formatHex(digest.digest()).equals(etag);
  }

  /** Whether a file is the content of an etag. */
  static boolean matches(Path file, String etag) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      var check = new ContentCheck(etag, channel.size());
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      while (check.isPossible() && channel.read(buffer) >= 0) {
        check.update(buffer.flip());
        buffer.clear();
      }
      return check.matches();
    }
  }
}
