package dev.gatun.loader.safetensors;

import static dev.gatun.loader.safetensors.RawFile.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The vectors of the reference's own tests, its published attacks, and what running it showed. */
class SafetensorsHeaderTest {
  private static final String FOUR_INTS = entry("test", "I32", "[2,2]", "[0,16]");

  @Test
  void readsTheReferenceExample() {
    SafetensorsHeader header = MemoryChannel.read(RawFile.of("{" + FOUR_INTS + "}  ", 16));
    TensorInfo info = header.tensors().get("test");
    assertEquals(new TensorInfo("test", DType.I32, List.of(2L, 2L), 0, 16), info);
    assertEquals(4, info.elementCount());
    assertEquals(16, info.byteSize());
    assertEquals(header.fileSize() - 16, header.dataStart());
    assertEquals(Map.of(), header.metadata());
  }

  @Test
  void readsScalarsAndEmptyTensors() {
    String header =
        "{"
            + entry("scalar", "F64", "[]", "[0,8]")
            + ","
            + entry("none", "F32", "[2,0]", "[0,0]")
            + ","
            + entry("end", "U8", "[0]", "[8,8]")
            + "}";
    Map<String, TensorInfo> tensors = MemoryChannel.read(RawFile.of(header, 8)).tensors();
    assertEquals(1, tensors.get("scalar").elementCount());
    assertEquals(0, tensors.get("none").elementCount());
    assertEquals(List.of("none", "scalar", "end"), List.copyOf(tensors.keySet()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{}\r \t\n",
        "\t\n{}\r ",
        "{\"__metadata__\":null}",
        "{\"__metadata__\":{}}"
      })
  void readsFilesWithoutTensors(String header) {
    assertTrue(MemoryChannel.read(RawFile.of(header, 0)).tensors().isEmpty());
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void readsEveryDtype(DType dtype) {
    int bytes = dtype.bits(); // eight elements
    String header = "{" + entry("a", dtype.name(), "[2,4]", "[0," + bytes + "]") + "}";
    assertEquals(dtype, MemoryChannel.read(RawFile.of(header, bytes)).tensors().get("a").dtype());
    assertKind(Kind.TENSOR_INVALID_INFO, RawFile.of(header.replace("[2,4]", "[2,8]"), bytes));
  }

  @Test
  void acceptsWhatTheReferenceAccepts() {
    String extra =
        "{\"\":{\"dtype\":\"U8\",\"x\":{\"y\":[1,2.5,null,\"z\"]},\"shape\":[],\"data_offsets\":[0,1]}}";
    assertEquals(1, MemoryChannel.read(RawFile.of(extra, 1)).tensors().get("").byteSize());
    String escaped =
        "{\"\\u00fc\\n\":{\"dt\\u0079pe\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}";
    assertTrue(MemoryChannel.read(RawFile.of(escaped, 1)).tensors().containsKey("ü\n"));
    String twice =
        "{" + entry("a", "U8", "[4]", "[0,4]") + "," + entry("a", "F32", "[1]", "[0,4]") + "}";
    assertEquals(DType.F32, MemoryChannel.read(RawFile.of(twice, 4)).tensors().get("a").dtype());
    String metadata = "{\"__metadata__\":{\"b\":\"1\",\"a\":\"x\",\"b\":\"2\"}}";
    assertEquals(
        Map.of("a", "x", "b", "2"), MemoryChannel.read(RawFile.of(metadata, 0)).metadata());
    String nested =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"x\":"
            + "[".repeat(125)
            + "]".repeat(125)
            + "}}";
    assertEquals(1, MemoryChannel.read(RawFile.of(nested, 1)).tensors().size());
  }

  @Test
  void ordersTensorsByTheirData() {
    String header =
        "{"
            + entry("late", "U8", "[2]", "[6,8]")
            + ","
            + entry("early", "U8", "[6]", "[0,6]")
            + "}";
    assertEquals(
        List.of("early", "late"),
        List.copyOf(MemoryChannel.read(RawFile.of(header, 8)).tensors().keySet()));
  }

  @Test
  void refusesImpossibleLengths() {
    assertKind(Kind.HEADER_TOO_SMALL, new byte[0]);
    assertKind(Kind.HEADER_TOO_SMALL, new byte[7]);
    byte[] huge = "<\0\0\0\0\u00ff\u00ff\u00ff".getBytes(StandardCharsets.ISO_8859_1);
    assertKind(Kind.HEADER_TOO_LARGE, huge);
    assertKind(Kind.HEADER_TOO_LARGE, RawFile.of(-1, new byte[2], 0));
    assertKind(Kind.HEADER_TOO_LARGE, RawFile.of(Long.MAX_VALUE, new byte[2], 0));
    assertKind(Kind.HEADER_TOO_LARGE, RawFile.of(SafetensorsHeader.MAX_LENGTH + 1, new byte[2], 0));
    assertKind(
        Kind.INVALID_HEADER_LENGTH, RawFile.of(SafetensorsHeader.MAX_LENGTH, new byte[2], 0));
    assertKind(Kind.INVALID_HEADER_LENGTH, "<\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1));
    assertKind(
        Kind.INVALID_HEADER_LENGTH,
        RawFile.of(1000, ("{" + FOUR_INTS + "}").getBytes(StandardCharsets.UTF_8), 16));
  }

  @Test
  void refusesTextThatIsNotUtf8() {
    assertKind(Kind.INVALID_HEADER, RawFile.of(1, new byte[] {(byte) 0xff}, 0));
    // Both wrong: encoding is looked at before syntax.
    assertKind(Kind.INVALID_HEADER, RawFile.of(3, new byte[] {'{', '[', (byte) 0xc3}, 0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "   ",
        "{",
        "[]",
        "\"text\"",
        "{}{}",
        "{}\0",
        "\ufeff{}",
        "\f{}",
        "{'a':1}",
        "{\"a\":1}",
        "{\"a\":null}",
        "{\"a\":[\"U8\",[],[0,0]]}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}",
        "{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"f32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":{\"U8\":null},\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[-0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0.0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[00],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0,18446744073709551616],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":0,\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[\"0\"],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1e999}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":\"\\ud800\"}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":NaN}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],}}",
        "{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\n\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"__metadata__\":[]}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":{\"a\":null}}",
        "{\"__metadata__\":{},\"__metadata__\":{}}",
      })
  void refusesMalformedHeaders(String header) {
    assertKind(Kind.INVALID_HEADER_DESERIALIZATION, RawFile.of(header, 0));
  }

  @Test
  void refusesNestingAndRankWithoutEnd() {
    String deep = "{\"a\":{\"x\":" + "[".repeat(200_000);
    assertKind(Kind.INVALID_HEADER_DESERIALIZATION, RawFile.of(deep, 0));
    String ones = "[" + "1,".repeat(500_000) + "1]";
    assertKind(
        Kind.INVALID_HEADER_DESERIALIZATION,
        RawFile.of("{" + entry("a", "U8", ones, "[0,1]") + "}", 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        // A hole at the start, between, an overlap, reversed.
        "INVALID_OFFSET;   a U8 [4] [1,5]",
        "INVALID_OFFSET;   a U8 [2] [0,2], b U8 [2] [3,5]",
        "INVALID_OFFSET;   a U8 [4] [0,4], b U8 [3] [2,5]",
        "INVALID_OFFSET;   a U8 [0] [0,0], b U8 [3] [4,1]",
        "INVALID_OFFSET;   a U8 [1] [18446744073709551615,0]",
        // A later 0 does not undo an overflow; u64 throughout.
        "VALIDATION_OVERFLOW; a I32 [2,18446744073709551614] [0,5]",
        "VALIDATION_OVERFLOW; a I32 [2,9223372036854775807] [0,5]",
        "VALIDATION_OVERFLOW; a I32 [4294967296,4294967296,0] [0,5]",
        "VALIDATION_OVERFLOW; a U8 [4611686018427387904] [0,5]",
        "MISALIGNED_SLICE; a F4 [1] [0,1]",
        "MISALIGNED_SLICE; a F6_E2M3 [3] [0,2]",
        "TENSOR_INVALID_INFO; a I32 [2,2] [0,4]",
        "TENSOR_INVALID_INFO; a F6_E3M2 [4] [0,4]",
        "TENSOR_INVALID_INFO; a U8 [] [0,18446744073709551615]",
        // Trailing bytes (a file that is also something else), and a cut file.
        "METADATA_INCOMPLETE_BUFFER; a U8 [4] [0,4]",
        "METADATA_INCOMPLETE_BUFFER; a U8 [6] [0,6]",
        "METADATA_INCOMPLETE_BUFFER; a U8 [2305843009213693951] [0,2305843009213693951]",
        // Wrong in two ways: the first tensor in the file decides, and its offsets before its size.
        "INVALID_OFFSET; a I32 [2,18446744073709551614] [1,5]",
        "TENSOR_INVALID_INFO; a I32 [] [0,1], b U8 [1] [3,4]",
      })
  void refusesTensorsThatDoNotFillTheFile(Kind kind, String tensors) {
    String header =
        Arrays.stream(tensors.split(", "))
            .map(tensor -> tensor.split(" "))
            .map(part -> entry(part[0], part[1], part[2], part[3]))
            .collect(Collectors.joining(",", "{", "}"));
    assertKind(kind, RawFile.of(header, 5));
  }

  @Test
  void refusesManyTensorsOverTheSameBytes() {
    String header =
        IntStream.range(0, 100_000)
            .mapToObj(i -> entry("t" + i, "I32", "[2,2]", "[0,16]"))
            .collect(Collectors.joining(",", "{", "}"));
    assertKind(Kind.INVALID_OFFSET, RawFile.of(header, 16));
  }

  @Test
  void messageNamesFileTensorAndNumbers() {
    String header = "{" + entry("layer.0\\n", "F32", "[2,2]", "[0,4]") + "}";
    SafetensorsException e =
        assertThrows(SafetensorsException.class, () -> MemoryChannel.read(RawFile.of(header, 4)));
    assertEquals(
        "test.safetensors: tensor \"layer.0\\u000a\" (F32 [2, 2]) spans [0, 4), but its shape and dtype need 16 bytes"
            + " [TENSOR_INVALID_INFO]",
        e.getMessage());
    assertEquals(Path.of("test.safetensors"), e.file());
    String endless = "{" + entry("n".repeat(1_000_000), "F32", "[1,1]", "[0,8]") + "}";
    SafetensorsException shortened =
        assertThrows(SafetensorsException.class, () -> MemoryChannel.read(RawFile.of(endless, 8)));
    assertTrue(shortened.getMessage().length() < 400);
  }

  private static void assertKind(Kind kind, byte[] file) {
    SafetensorsException e =
        assertThrows(SafetensorsException.class, () -> MemoryChannel.read(file));
    assertEquals(kind, e.kind(), e::getMessage);
  }
}
