package dev.gatun.loader.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Header JSON to tensors. Syntax and types first for the whole header, then the tensors in the
 * order of their offsets: the same order as the reference, so that a file wrong in two ways is
 * named the same.
 */
final class HeaderParser {
  private static final String METADATA = "__metadata__";

  /**
   * Most dimensions of a tensor. The reference has no such limit; PyTorch and NumPy stop at 64.
   * Here it keeps a hostile header from costing many times its own size.
   */
  private static final int MAX_RANK = 1024;

  private static final Comparator<Entry> BY_OFFSETS =
      ((Comparator<Entry>) (a, b) -> Long.compareUnsigned(a.begin, b.begin))
          .thenComparing((a, b) -> Long.compareUnsigned(a.end, b.end));

  private final Path file;
  private final long dataStart;
  private final long fileSize;

  /** An entry as written: dimensions and offsets are u64 and nothing about them is known yet. */
  private record Entry(String name, DType dtype, long[] shape, long begin, long end) {}

  HeaderParser(Path file, long dataStart, long fileSize) {
    this.file = file;
    this.dataStart = dataStart;
    this.fileSize = fileSize;
  }

  SafetensorsHeader parse(byte[] header) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    Map<String, String> metadata = new TreeMap<>();
    try (JsonParser parser = StrictJson.parser(header)) {
      boolean hasMetadata = false;
      expect(parser.nextToken(), JsonToken.START_OBJECT, "the header");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = wellFormed(parser.currentName());
        parser.nextToken();
        if (!name.equals(METADATA)) {
          // The reference collects tensors into a map: of two with one name the last stays.
          entries.put(name, entry(parser, name));
        } else if (hasMetadata) {
          throw malformed(METADATA + " appears twice");
        } else {
          hasMetadata = true;
          readMetadata(parser, metadata);
        }
      }
      if (parser.nextToken() != null) {
        throw malformed("there is text after the header's JSON object");
      }
    } catch (IOException e) {
      throw new SafetensorsException(
          Kind.INVALID_HEADER_DESERIALIZATION,
          file,
          "has a malformed header: " + StrictJson.reason(e),
          e);
    }
    return new SafetensorsHeader(
        dataStart, fileSize, validate(entries.values().toArray(Entry[]::new)), metadata);
  }

  private void readMetadata(JsonParser parser, Map<String, String> metadata) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    expect(parser.currentToken(), JsonToken.START_OBJECT, METADATA);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = wellFormed(parser.currentName());
      expect(parser.nextToken(), JsonToken.VALUE_STRING, METADATA + " " + Text.quote(key));
      metadata.put(key, wellFormed(parser.getText()));
    }
  }

  private Entry entry(JsonParser parser, String name) throws IOException {
    String what = "tensor " + Text.quote(name);
    expect(parser.currentToken(), JsonToken.START_OBJECT, what);
    DType dtype = null;
    long[] shape = null;
    long[] offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (field) {
        case "dtype" -> {
          once(dtype, what, field);
          expect(value, JsonToken.VALUE_STRING, what + ", dtype");
          String text = parser.getText();
          dtype =
              DType.fromName(text)
                  .orElseThrow(
                      () -> malformed(what + " has the unknown dtype " + Text.quote(text)));
        }
        case "shape" -> {
          once(shape, what, field);
          shape = integers(parser, what + ", shape", MAX_RANK);
        }
        case "data_offsets" -> {
          once(offsets, what, field);
          offsets = integers(parser, what + ", data_offsets", 2);
          if (offsets.length != 2) {
            throw malformed(what + " has " + offsets.length + " data_offsets instead of 2");
          }
        }
        default -> skip(parser, what + ", " + Text.quote(field));
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      throw malformed(
          what + " has no " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  /**
   * Passes over a field that the format does not have. Its content must still be what the reference
   * can hold: numbers within a double, whole characters.
   */
  private void skip(JsonParser parser, String what) throws IOException {
    int depth = 0;
    do {
      JsonToken token = parser.currentToken();
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      } else if (token.isNumeric() && Double.isInfinite(Double.parseDouble(parser.getText()))) {
        throw malformed(what + " holds a number beyond the range of a double");
      } else if (token == JsonToken.VALUE_STRING || token == JsonToken.FIELD_NAME) {
        wellFormed(parser.getText());
      }
    } while (depth > 0 && parser.nextToken() != null);
  }

  private long[] integers(JsonParser parser, String what, int limit) throws IOException {
    expect(parser.currentToken(), JsonToken.START_ARRAY, what);
    long[] values = new long[4];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (count == limit) {
        throw malformed(what + " has more than " + limit + " elements");
      }
      if (count == values.length) {
        values = Arrays.copyOf(values, 2 * count);
      }
      values[count++] = unsigned(parser, what);
    }
    return Arrays.copyOf(values, count);
  }

  /** A JSON integer between 0 and 2^64 - 1, as the unsigned value of a {@code long}. */
  private long unsigned(JsonParser parser, String what) throws IOException {
    expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
    String text = parser.getText();
    try {
      if (!text.startsWith("-")) {
        return Long.parseUnsignedLong(text);
      }
    } catch (NumberFormatException beyond64Bits) {
      // said below, together with negative numbers
    }
    throw malformed(
        what + " holds " + Text.shorten(text, 40) + ", which is not between 0 and 2^64 - 1");
  }

  private Map<String, TensorInfo> validate(Entry[] entries) {
    Arrays.sort(entries, BY_OFFSETS);
    Map<String, TensorInfo> tensors = LinkedHashMap.newLinkedHashMap(entries.length);
    long end = 0;
    for (Entry entry : entries) {
      if (entry.begin != end || Long.compareUnsigned(entry.end, entry.begin) < 0) {
        throw invalid(
            Kind.INVALID_OFFSET,
            entry,
            "spans " + offsets(entry) + " where byte " + Long.toUnsignedString(end) + " is next");
      }
      end = entry.end;
      long bytes = byteSize(entry);
      if (entry.end - entry.begin != bytes) {
        throw invalid(
            Kind.TENSOR_INVALID_INFO,
            entry,
            "spans "
                + offsets(entry)
                + ", but its shape and dtype need "
                + Long.toUnsignedString(bytes)
                + " bytes");
      }
      List<Long> shape = new ArrayList<>(entry.shape.length);
      for (long dimension : entry.shape) {
        shape.add(dimension);
      }
      tensors.put(
          entry.name, new TensorInfo(entry.name, entry.dtype, shape, entry.begin, entry.end));
    }
    // Not end + dataStart == fileSize: end is any u64, and the sum could wrap round to the right
    // answer.
    if (end != fileSize - dataStart) {
      throw new SafetensorsException(
          Kind.METADATA_INCOMPLETE_BUFFER,
          file,
          "has "
              + (fileSize - dataStart)
              + " bytes of data, but its tensors span "
              + Long.toUnsignedString(end));
    }
    return tensors;
  }

  private long byteSize(Entry entry) {
    long bits = 1;
    for (long dimension : entry.shape) {
      // A dimension beyond a signed long is refused even where a later 0 would make the tensor
      // empty.
      if (dimension < 0) {
        throw overflow(entry);
      }
      bits = multiply(bits, dimension, entry);
    }
    bits = multiply(bits, entry.dtype.bits(), entry);
    if (bits % 8 != 0) {
      throw invalid(Kind.MISALIGNED_SLICE, entry, "does not fill its last byte");
    }
    return bits >>> 3;
  }

  private long multiply(long a, long b, Entry entry) {
    if (Math.unsignedMultiplyHigh(a, b) != 0) {
      throw overflow(entry);
    }
    return a * b;
  }

  private SafetensorsException overflow(Entry entry) {
    return invalid(Kind.VALIDATION_OVERFLOW, entry, "has a size that does not fit 64 bits");
  }

  private static String offsets(Entry entry) {
    return "[" + Long.toUnsignedString(entry.begin) + ", " + Long.toUnsignedString(entry.end) + ")";
  }

  private SafetensorsException invalid(Kind kind, Entry entry, String problem) {
    String shape =
        Arrays.stream(entry.shape).limit(8).mapToObj(Long::toUnsignedString).toList()
            + (entry.shape.length > 8 ? "…" : "");
    return new SafetensorsException(
        kind,
        file,
        "tensor " + Text.quote(entry.name) + " (" + entry.dtype + " " + shape + ") " + problem);
  }

  private void once(Object previous, String what, String field) {
    if (previous != null) {
      throw malformed(what + " has two fields named " + field);
    }
  }

  private void expect(JsonToken found, JsonToken expected, String what) {
    if (found != expected) {
      throw malformed(
          what
              + " should be "
              + StrictJson.describe(expected)
              + " and is "
              + StrictJson.describe(found));
    }
  }

  /** Escapes can spell half a surrogate pair, which no UTF-8 text holds. */
  private String wellFormed(String text) {
    if (!Text.isUnicode(text)) {
      throw malformed("a name or text holds half a surrogate pair: " + Text.quote(text));
    }
    return text;
  }

  private SafetensorsException malformed(String problem) {
    return new SafetensorsException(
        Kind.INVALID_HEADER_DESERIALIZATION, file, "has a malformed header: " + problem);
  }
}
