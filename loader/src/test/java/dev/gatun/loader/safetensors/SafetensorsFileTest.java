package dev.gatun.loader.safetensors;

import static dev.gatun.loader.safetensors.RawFile.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
  @TempDir Path directory;

  @Test
  void dataIsTheFilesOwnBytes() throws IOException {
    byte[] bytes =
        RawFile.of(
            "{" + entry("a", "U8", "[3]", "[0,3]") + "," + entry("b", "F32", "[1]", "[3,7]") + "}",
            7);
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(bytes.length - 5, (byte) 9)
        .putFloat(bytes.length - 4, 1.5f);
    try (SafetensorsFile file = SafetensorsFile.open(write("a.safetensors", bytes))) {
      assertArrayEquals(new byte[] {0, 0, 9}, file.data("a").toArray(ValueLayout.JAVA_BYTE));
      MemorySegment b = file.data(file.tensors().get("b"));
      assertEquals(1.5f, b.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
      assertTrue(b.isReadOnly());
      assertTrue(b.isMapped());
      assertEquals(file.data("a").address() + 3, b.address());
      SafetensorsException e = assertThrows(SafetensorsException.class, () -> file.data("c"));
      assertEquals(Kind.TENSOR_NOT_FOUND, e.kind());
    }
  }

  @Test
  void namesWhatTheSystemRefuses() throws IOException {
    SafetensorsException absent =
        assertThrows(
            SafetensorsException.class, () -> SafetensorsFile.open(directory.resolve("none")));
    assertEquals(Kind.IO_ERROR, absent.kind());
    assertTrue(absent.getMessage().contains("no such file"), absent::getMessage);
    assertThrows(
        SafetensorsException.class, () -> SafetensorsFile.header(directory.resolve("none")));
    SafetensorsException folder =
        assertThrows(SafetensorsException.class, () -> SafetensorsFile.open(directory));
    assertTrue(folder.getMessage().contains(directory.toString()), folder::getMessage);
    SafetensorsException empty =
        assertThrows(
            SafetensorsException.class, () -> SafetensorsFile.open(write("empty", new byte[0])));
    assertEquals(Kind.HEADER_TOO_SMALL, empty.kind());
  }

  @Test
  void readsTensorsBeyondTwoGigabytes() throws IOException {
    long large = (1L << 31) + (1L << 20);
    String header =
        "{"
            + entry("large", "U8", "[" + large + "]", "[0," + large + "]")
            + ","
            + entry("last", "F32", "[1]", "[" + large + "," + (large + 4) + "]")
            + "}";
    byte[] start = RawFile.of(header, 0);
    Path path = directory.resolve("large.safetensors");
    // Sparse: the file system stores the few blocks that are written.
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(start));
      ByteBuffer last =
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(-2.5f).flip();
      channel.write(last, start.length + large);
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(large, file.data("large").byteSize());
      assertEquals(0, file.data("large").get(ValueLayout.JAVA_BYTE, large - 1));
      assertEquals(-2.5f, file.data("last").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
    }
  }

  @Test
  @SuppressWarnings("try") // closing twice is the point
  void closingTwiceIsFineAndUseAfterwardsIsNamed() throws IOException {
    Path path = write("a.safetensors", RawFile.of("{" + entry("a", "U8", "[3]", "[0,3]") + "}", 3));
    SafetensorsFile file = SafetensorsFile.open(path);
    MemorySegment data = file.data("a");
    file.close();
    file.close();
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> file.data("a"));
    assertTrue(e.getMessage().contains(path.toString()), e::getMessage);
    assertThrows(IllegalStateException.class, () -> data.get(ValueLayout.JAVA_BYTE, 0));
    assertEquals(1, file.tensors().size());
  }

  @Test
  void readersNeverCrashWhenAnotherThreadCloses() throws Exception {
    Path path =
        write(
            "a.safetensors", RawFile.of("{" + entry("a", "U8", "[4096]", "[0,4096]") + "}", 4096));
    for (int round = 0; round < 20; round++) {
      SafetensorsFile file = SafetensorsFile.open(path);
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread[] readers = new Thread[3];
      for (int i = 0; i < readers.length; i++) {
        readers[i] =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        while (true) {
                          file.data("a").get(ValueLayout.JAVA_BYTE, 4095);
                        }
                      } catch (IllegalStateException closed) {
                        // the expected end
                      } catch (Throwable e) {
                        failure.set(e);
                      }
                    });
      }
      file.close();
      for (Thread reader : readers) {
        reader.join();
      }
      assertEquals(null, failure.get());
    }
  }

  @Test
  void leavesNoMappingBehind() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    Assumptions.assumeTrue(Files.exists(maps), "needs /proc/self/maps");
    Path good =
        write(
            "mapped.safetensors",
            RawFile.of("{" + entry("a", "U8", "[8192]", "[0,8192]") + "}", 8192));
    Path bad =
        write(
            "mapped-bad.safetensors",
            RawFile.of("{" + entry("a", "U8", "[8192]", "[0,8192]") + "}", 8191));
    for (int i = 0; i < 1000; i++) {
      try (SafetensorsFile file = SafetensorsFile.open(good)) {
        file.data("a").get(ValueLayout.JAVA_BYTE, i);
      }
      assertThrows(SafetensorsException.class, () -> SafetensorsFile.open(bad));
    }
    try (Stream<String> lines = Files.lines(maps, StandardCharsets.ISO_8859_1)) {
      assertEquals(
          0,
          lines
              .filter(line -> line.contains("mapped"))
              .filter(line -> line.contains(directory.toString()))
              .count());
    }
  }

  @Test
  void headerAloneMapsNothingAndToleratesNothing() throws IOException {
    byte[] bytes =
        RawFile.of(
            "{\"__metadata__\":{\"format\":\"pt\"}," + entry("a", "U8", "[3]", "[0,3]") + "}", 3);
    SafetensorsHeader header = SafetensorsFile.header(write("a.safetensors", bytes));
    assertEquals("pt", header.metadata().get("format"));
    assertEquals(bytes.length, header.fileSize());
    assertThrows(UnsupportedOperationException.class, () -> header.tensors().clear());
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(directory.resolve(name), bytes);
  }
}
