package dev.gatun.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import dev.gatun.loader.safetensors.SafetensorsWriter.TensorData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path directory;

  @Test
  void writesWhatTheReferenceWrites() throws IOException {
    Path path = directory.resolve("out.safetensors");
    SafetensorsWriter.write(
        path,
        List.of(
            tensor("b", DType.F32, List.of(2L)),
            tensor("z", DType.I64, List.of()),
            tensor("é\"\\\n", DType.F32, List.of(1L)),
            tensor("a", DType.F32, List.of(0L, 3L)),
            tensor("mask", DType.BOOL, List.of(3L))),
        Map.of("format", "pt"));
    // Taken from a file that the Python library wrote for the same tensors.
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},\"z\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[8,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
            + "\"é\\\"\\\\\\n\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]},"
            + "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[20,23]}}";
    int padded = (header.getBytes(StandardCharsets.UTF_8).length + 7) / 8 * 8;
    byte[] written = Files.readAllBytes(path);
    assertEquals(padded, written[0] & 0xff | (written[1] & 0xff) << 8);
    String text = new String(written, 8, padded, StandardCharsets.UTF_8);
    assertEquals(header, text.stripTrailing());
    assertEquals(8 + padded + 23, written.length);
  }

  @Test
  void readsBackEveryDtypeNaturallyAligned() {
    List<TensorData> tensors = new ArrayList<>();
    for (DType dtype : DType.values()) {
      tensors.add(tensor("t." + dtype, dtype, List.of(3L, 8L)));
      tensors.add(tensor("scalarlike." + dtype, dtype, List.of(8L)));
    }
    Path path = directory.resolve("all.safetensors");
    SafetensorsWriter.write(path, tensors, Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(tensors.size(), file.tensors().size());
      assertTrue(file.metadata().isEmpty());
      for (TensorData tensor : tensors) {
        TensorInfo info = file.tensors().get(tensor.name());
        assertEquals(tensor.shape(), info.shape());
        assertEquals(tensor.dtype(), info.dtype());
        assertEquals(-1, tensor.data().mismatch(file.data(tensor.name())));
        long alignment = Math.max(1, tensor.dtype().bits() / 8);
        assertEquals(0, file.data(tensor.name()).address() % alignment, tensor::name);
      }
    }
  }

  @Test
  void replacesAFileUnderItsReaders() throws IOException {
    Path path = directory.resolve("live.safetensors");
    byte[] ones = {1, 1, 1, 1};
    SafetensorsWriter.write(
        path,
        List.of(new TensorData("a", DType.U8, List.of(4L), MemorySegment.ofArray(ones))),
        Map.of());
    try (SafetensorsFile old = SafetensorsFile.open(path)) {
      SafetensorsWriter.write(path, List.of(tensor("b", DType.F32, List.of(100L))), Map.of());
      assertArrayEquals(ones, old.data("a").toArray(ValueLayout.JAVA_BYTE));
      // Rewriting a file from its own mapping is the case that an in-place write would corrupt.
      SafetensorsWriter.write(
          path, List.of(new TensorData("a", DType.U8, List.of(4L), old.data("a"))), Map.of());
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertArrayEquals(ones, file.data("a").toArray(ValueLayout.JAVA_BYTE));
    }
    assertOnlyFile("live.safetensors");
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertRefused(
        Kind.INVALID_TENSOR_VIEW,
        new TensorData("a", DType.F32, List.of(2L), MemorySegment.ofArray(new byte[4])));
    assertRefused(
        Kind.INVALID_TENSOR_VIEW,
        new TensorData("a", DType.F4, List.of(1L), MemorySegment.ofArray(new byte[1])));
    assertRefused(
        Kind.INVALID_TENSOR_VIEW,
        new TensorData("a", DType.U8, List.of(-1L, -4L), MemorySegment.ofArray(new byte[4])));
    assertRefused(
        Kind.VALIDATION_OVERFLOW,
        new TensorData("a", DType.U8, List.of(1L << 62, 4L), MemorySegment.ofArray(new byte[4])));
    assertRefused(Kind.INVALID_TENSOR_VIEW, tensor("__metadata__", DType.U8, List.of(1L)));
    TensorData twin = tensor("twin", DType.U8, List.of(1L));
    assertRefused(Kind.INVALID_TENSOR_VIEW, twin, twin);
    assertRefused(Kind.JSON_ERROR, tensor("\ud800", DType.U8, List.of(1L)));
  }

  @Test
  void refusesAHeaderThatNoReaderTakes() throws IOException {
    Path path = directory.resolve("big.safetensors");
    Map<String, String> metadata = Map.of("k", "x".repeat(SafetensorsHeader.MAX_LENGTH - 10));
    SafetensorsException e =
        assertThrows(
            SafetensorsException.class, () -> SafetensorsWriter.write(path, List.of(), metadata));
    assertEquals(Kind.HEADER_TOO_LARGE, e.kind());
    assertFalse(Files.exists(path));
  }

  @Test
  void failingLeavesNothingBehind() throws IOException {
    Path occupied = Files.createDirectories(directory.resolve("taken/full")).getParent();
    SafetensorsException e =
        assertThrows(
            SafetensorsException.class,
            () ->
                SafetensorsWriter.write(
                    occupied, List.of(tensor("a", DType.U8, List.of(1L))), Map.of()));
    assertEquals(Kind.IO_ERROR, e.kind());
    assertOnlyFile("taken");
  }

  private void assertRefused(Kind kind, TensorData... tensors) {
    SafetensorsException e =
        assertThrows(
            SafetensorsException.class,
            () ->
                SafetensorsWriter.write(directory.resolve("refused"), List.of(tensors), Map.of()));
    assertEquals(kind, e.kind(), e::getMessage);
  }

  private void assertOnlyFile(String name) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(List.of(directory.resolve(name)), files.toList());
    }
  }

  private static TensorData tensor(String name, DType dtype, List<Long> shape) {
    long elements = shape.stream().reduce(1L, Math::multiplyExact);
    byte[] data = new byte[Math.toIntExact(elements * dtype.bits() / 8)];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (i + name.hashCode());
    }
    return new TensorData(name, dtype, shape, MemorySegment.ofArray(data));
  }
}
