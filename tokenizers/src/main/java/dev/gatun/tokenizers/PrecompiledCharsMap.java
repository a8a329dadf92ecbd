package dev.gatun.tokenizers;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/**
 * Checks a SentencePiece normalization table: a double-array trie of byte strings whose values
 * point into a blob of NUL-terminated replacements.
 *
 * <p>The Rust library walks the table without bounds checks of its own, and a panic there ends the
 * JVM. So a table is only handed over when every walk, over any bytes, stays inside.
 */
final class PrecompiledCharsMap {
  private final int[] units;
  private final byte[] replacements;

  private PrecompiledCharsMap(int[] units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /** What is wrong with the table, or null when it is sound. */
  static String defect(byte[] table) {
    if (table.length < 4) {
      return "is shorter than its own length field";
    }
    ByteBuffer buffer = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
    long trieBytes = Integer.toUnsignedLong(buffer.getInt());
    if (trieBytes == 0 || trieBytes % 4 != 0 || trieBytes > buffer.remaining()) {
      return "announces a trie of " + trieBytes + " bytes in a table of " + table.length;
    }
    var units = new int[(int) (trieBytes / 4)];
    buffer.asIntBuffer().get(units);
    buffer.position(buffer.position() + (int) trieBytes);
    var replacements = new byte[buffer.remaining()];
    buffer.get(replacements);
    if (!isUtf8(replacements)) {
      return "holds replacements that are not UTF-8";
    }
    return new PrecompiledCharsMap(units, replacements).walk();
  }

  private String walk() {
    var seen = new BitSet(units.length);
    Deque<Integer> pending = new ArrayDeque<>();
    pending.push(offset(units[0]));
    while (!pending.isEmpty()) {
      int state = pending.pop();
      if (state < units.length && seen.get(state)) {
        continue;
      }
      for (int label = 1; label < 256; label++) {
        int position = state ^ label;
        if (position >= units.length) {
          return "leads out of its trie at unit " + position + " of " + units.length;
        }
        int unit = units[position];
        // bit 31 marks a value unit, which no byte label can match
        if ((unit & 0x800000FF) != label) {
          continue;
        }
        int next = position ^ offset(unit);
        if (next >= units.length) {
          return "leads out of its trie at unit " + next + " of " + units.length;
        }
        if ((unit >>> 8 & 1) == 1 && !isReplacement(units[next] & 0x7FFFFFFF)) {
          return "has a value outside its replacements";
        }
        if (!seen.get(next)) {
          pending.push(next);
        }
      }
      seen.set(state);
    }
    return null;
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 1 << 9) >>> 6);
  }

  /** Whether a replacement may begin here: inside the blob and on a character. */
  private boolean isReplacement(int index) {
    return index == replacements.length
        || index < replacements.length && (replacements[index] & 0xC0) != 0x80;
  }

  private static boolean isUtf8(byte[] bytes) {
    var decoder = StandardCharsets.UTF_8.newDecoder();
    CoderResult result =
        decoder.decode(ByteBuffer.wrap(bytes), CharBuffer.allocate(bytes.length + 1), true);
    try {
      if (result.isError()) {
        result.throwException();
      }
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
