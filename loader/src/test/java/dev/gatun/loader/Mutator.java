package dev.gatun.loader;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Damages text as a fuzzer does: bits, bytes, digits, cuts, copies and tokens that parsers dislike.
 */
public final class Mutator {
  private static final List<String> SYNTAX =
      List.of("{", "}", "[", "]", ",", ":", "\"", "\\", "0", "true", "null", " ", "\n", "\0", "é");

  private final Random random;
  private final List<String> tokens;

  /**
   * @param tokens pieces of the format under test, to be put where they do not belong
   */
  public Mutator(Random random, List<String> tokens) {
    this.random = random;
    this.tokens = List.copyOf(tokens);
  }

  /** A copy of {@code bytes} with one defect. */
  public byte[] mutate(byte[] bytes) {
    if (bytes.length == 0) {
      return token();
    }
    int at = random.nextInt(bytes.length);
    byte[] copy = bytes.clone();
    switch (random.nextInt(8)) {
      case 0 -> copy[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> copy[at] = (byte) random.nextInt(256);
      case 2 -> {
        return splice(bytes, at, at, token());
      }
      case 3 -> {
        return splice(bytes, at, Math.min(bytes.length, at + random.nextInt(12)), token());
      }
      case 4 -> {
        return splice(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(12)), new byte[0]);
      }
      case 5 -> {
        int end = Math.min(bytes.length, at + 1 + random.nextInt(60));
        return splice(bytes, at, at, Arrays.copyOfRange(bytes, at, end));
      }
      default -> {
        int digit = digitFrom(bytes, at);
        if (digit >= 0) {
          return random.nextBoolean()
              ? splice(bytes, digit, digit + 1, new byte[] {(byte) ('0' + random.nextInt(10))})
              : splice(bytes, digit, digit + 1, token());
        }
      }
    }
    return copy;
  }

  private byte[] token() {
    List<String> pool = random.nextBoolean() ? tokens : SYNTAX;
    return pool.get(random.nextInt(pool.size())).getBytes(StandardCharsets.UTF_8);
  }

  private static int digitFrom(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] >= '0' && bytes[i] <= '9') {
        return i;
      }
    }
    return -1;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] middle) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, from);
    out.writeBytes(middle);
    out.write(bytes, to, bytes.length - to);
    return out.toByteArray();
  }
}
