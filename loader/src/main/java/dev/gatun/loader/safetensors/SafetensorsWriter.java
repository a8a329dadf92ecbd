package dev.gatun.loader.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Writes safetensors files byte for byte as the reference does: same order of tensors, same padding
 * of the header.
 */
public final class SafetensorsWriter {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final long LARGEST_BUFFER = 1L << 30;
  private static final String RESERVED = "__metadata__";

  // Natural alignment of every tensor follows from this order.
  private static final Comparator<TensorData> FILE_ORDER =
      Comparator.comparing(TensorData::dtype)
          .reversed()
          .thenComparing(
              tensor -> tensor.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

  private SafetensorsWriter() {}

  /**
   * A tensor to write.
   *
   * @param shape dimensions, outermost first; empty for a scalar
   * @param data row-major and little-endian, exactly as many bytes as shape and dtype need
   */
  public record TensorData(String name, DType dtype, List<Long> shape, MemorySegment data) {
    public TensorData {
      shape = List.copyOf(shape);
    }
  }

  /**
   * Writes {@code tensors}, in the format's own order, replacing {@code file} in one step: whoever
   * has the old file open or mapped keeps it, and a failure leaves it untouched.
   *
   * @param metadata free text for the header; no entry is written if empty
   * @throws SafetensorsException INVALID_TENSOR_VIEW for data that does not fit its shape or a name
   *     used twice, HEADER_TOO_LARGE, JSON_ERROR for text that is not Unicode, IO_ERROR
   */
  public static void write(
      Path file, Collection<TensorData> tensors, Map<String, String> metadata) {
    List<TensorData> ordered = new ArrayList<>(tensors);
    ordered.sort(FILE_ORDER);
    check(file, ordered);
    byte[] header = header(file, ordered, metadata);
    Path target = file.toAbsolutePath();
    // In the same directory, since a rename across file systems is not atomic.
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        ByteBuffer length =
            ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length);
        writeFully(channel, length.flip());
        writeFully(channel, ByteBuffer.wrap(header));
        for (TensorData tensor : ordered) {
          write(channel, tensor.data());
        }
        channel.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      SafetensorsException failure =
          new SafetensorsException(
              Kind.IO_ERROR, file, "cannot be written: " + StrictJson.reason(e), e);
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException leftover) {
        failure.addSuppressed(leftover);
      }
      throw failure;
    }
  }

  private static void check(Path file, List<TensorData> tensors) {
    Set<String> names = new HashSet<>();
    for (TensorData tensor : tensors) {
      String name = Text.quote(tensor.name());
      if (tensor.name().equals(RESERVED)) {
        throw new SafetensorsException(
            Kind.INVALID_TENSOR_VIEW, file, name + " is not a name for a tensor");
      }
      if (!names.add(tensor.name())) {
        throw new SafetensorsException(
            Kind.INVALID_TENSOR_VIEW, file, "two tensors are named " + name);
      }
      String what = name + " (" + tensor.dtype() + " " + tensor.shape() + ")";
      long bits = tensor.dtype().bits();
      try {
        for (long dimension : tensor.shape()) {
          bits = Math.multiplyExact(bits, dimension);
        }
      } catch (ArithmeticException e) {
        throw new SafetensorsException(
            Kind.VALIDATION_OVERFLOW, file, what + " does not fit 64 bits", e);
      }
      boolean negative = tensor.shape().stream().anyMatch(dimension -> dimension < 0);
      if (negative || bits % 8 != 0 || bits / 8 != tensor.data().byteSize()) {
        throw new SafetensorsException(
            Kind.INVALID_TENSOR_VIEW,
            file,
            what + " does not fit its " + tensor.data().byteSize() + " bytes of data");
      }
    }
  }

  private static byte[] header(Path file, List<TensorData> tensors, Map<String, String> metadata) {
    boolean unicode =
        tensors.stream().allMatch(tensor -> Text.isUnicode(tensor.name()))
            && metadata.entrySet().stream()
                .allMatch(
                    entry -> Text.isUnicode(entry.getKey()) && Text.isUnicode(entry.getValue()));
    if (!unicode) {
      // Jackson would write a replacement character: another name than the one given.
      throw new SafetensorsException(
          Kind.JSON_ERROR, file, "a name or text holds half a surrogate pair");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(RESERVED);
        for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      long begin = 0;
      for (TensorData tensor : tensors) {
        long end = begin + tensor.data().byteSize();
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", tensor.dtype().name());
        json.writeArrayFieldStart("shape");
        for (long dimension : tensor.shape()) {
          json.writeNumber(dimension);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(begin);
        json.writeNumber(end);
        json.writeEndArray();
        json.writeEndObject();
        begin = end;
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new SafetensorsException(
          Kind.JSON_ERROR, file, "its header cannot be written: " + StrictJson.reason(e), e);
    }
    while (out.size() % 8 != 0) {
      out.write(' ');
    }
    if (out.size() > SafetensorsHeader.MAX_LENGTH) {
      throw new SafetensorsException(
          Kind.HEADER_TOO_LARGE,
          file,
          "would need a header of "
              + out.size()
              + " bytes; the limit is "
              + SafetensorsHeader.MAX_LENGTH);
    }
    return out.toByteArray();
  }

  private static void write(FileChannel channel, MemorySegment data) throws IOException {
    // A ByteBuffer holds less than 2 GiB.
    for (long at = 0; at < data.byteSize(); at += LARGEST_BUFFER) {
      writeFully(
          channel, data.asSlice(at, Math.min(LARGEST_BUFFER, data.byteSize() - at)).asByteBuffer());
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
