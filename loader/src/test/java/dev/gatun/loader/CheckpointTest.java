package dev.gatun.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.safetensors.SafetensorsException;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path directory;

  @Test
  void prefersTheSingleFile() throws IOException {
    Weights.write(directory.resolve("model.safetensors"), Map.of("a", new float[] {1}));
    Files.writeString(directory.resolve(INDEX), "not even JSON");
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      assertEquals(Set.of("a"), checkpoint.names());
      assertEquals(List.of(directory.resolve("model.safetensors")), checkpoint.files());
    }
  }

  @Test
  void loadsEveryTensorOfEveryShard() throws IOException {
    Weights.write(
        directory.resolve("model-00002-of-00002.safetensors"),
        Map.of("b", new float[] {2}, "twice", new float[] {22}));
    Weights.write(
        directory.resolve("model-00001-of-00002.safetensors"),
        Map.of("a", new float[] {1}, "twice", new float[] {11}));
    // The map neither picks (b is not named) nor decides (twice is said to be in the first). There
    // is no metadata.
    Files.writeString(
        directory.resolve(INDEX),
        """
        {"weight_map": {"twice": "model-00001-of-00002.safetensors", "x": "model-00002-of-00002.safetensors",
                        "a": "model-00001-of-00002.safetensors"}}
        """);
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      assertEquals(Set.of("a", "b", "twice"), checkpoint.names());
      assertEquals(22, checkpoint.data("twice").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
      assertEquals(2, checkpoint.files().size());
      assertTrue(checkpoint.contains("b"));
      assertFalse(checkpoint.contains("x"));
      SafetensorsException e = assertThrows(SafetensorsException.class, () -> checkpoint.data("x"));
      assertEquals(Kind.TENSOR_NOT_FOUND, e.kind());
    }
  }

  @Test
  void loadsShardsThroughTheLinksOfACache() throws IOException {
    Path blobs = Files.createDirectory(directory.resolve("blobs"));
    Path snapshot = Files.createDirectory(directory.resolve("snapshot"));
    Weights.write(blobs.resolve("abc"), Map.of("a", new float[] {1}));
    Files.createSymbolicLink(snapshot.resolve("s.safetensors"), Path.of("../blobs/abc"));
    Files.writeString(
        snapshot.resolve(INDEX), "{\"metadata\": {}, \"weight_map\": {\"a\": \"s.safetensors\"}}");
    try (Checkpoint checkpoint = Checkpoint.open(snapshot)) {
      assertEquals(Set.of("a"), checkpoint.names());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../secret.safetensors",
        "/etc/passwd",
        "a/../../secret.safetensors",
        "..",
        ".",
        "",
        "x/..",
        "a/../.."
      })
  void refusesShardsOutsideTheDirectory(String name) throws IOException {
    Files.writeString(directory.resolve(INDEX), "{\"weight_map\": {\"a\": \"" + name + "\"}}");
    assertKind(Kind.PATH_ESCAPE, directory, "outside its directory");
  }

  @Test
  void namesAnAbsentShard() throws IOException {
    Files.writeString(
        directory.resolve(INDEX), "{\"weight_map\": {\"a\": \"model-1.safetensors\"}}");
    assertKind(Kind.MISSING_FILE, directory, "model-1.safetensors");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "{\"weight_map\": []}",
        "{\"weight_map\": {}}",
        "{\"weight_map\": {\"a\": 1}}",
        "{\"weight_map\": {\"a\": \"x\\u0000\"}}",
        "{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}",
      })
  void refusesAMalformedIndex(String index) throws IOException {
    Files.writeString(directory.resolve(INDEX), index);
    assertKind(Kind.JSON_ERROR, directory, INDEX);
  }

  @Test
  void saysWhatToDoAboutPickledWeights() throws IOException {
    assertKind(Kind.MISSING_FILE, directory, "holds neither model.safetensors nor");
    Files.writeString(directory.resolve("pytorch_model.bin"), "");
    assertKind(Kind.MISSING_FILE, directory, "pytorch_model.bin. A .bin file is a Python pickle");
  }

  @Test
  void closesTheFirstShardsIfALaterOneIsBroken() throws IOException {
    Weights.write(directory.resolve("1.safetensors"), Map.of("a", new float[] {1}));
    Files.writeString(directory.resolve("2.safetensors"), "broken");
    Files.writeString(
        directory.resolve(INDEX),
        "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}");
    assertKind(Kind.HEADER_TOO_SMALL, directory, "2.safetensors");
    Path maps = Path.of("/proc/self/maps");
    if (Files.exists(maps)) {
      assertFalse(Files.readString(maps).contains(directory.resolve("1.safetensors").toString()));
    }
  }

  @Test
  @SuppressWarnings("try") // closing twice is the point
  void useAfterCloseNamesTheFile() {
    Path file = directory.resolve("model.safetensors");
    Weights.write(file, Map.of("a", new float[] {1}));
    Checkpoint checkpoint = Checkpoint.open(file);
    checkpoint.close();
    checkpoint.close();
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> checkpoint.data("a"));
    assertTrue(e.getMessage().contains(file.toString()), e::getMessage);
  }

  private static void assertKind(Kind kind, Path path, String message) {
    SafetensorsException e = assertThrows(SafetensorsException.class, () -> Checkpoint.open(path));
    assertEquals(kind, e.kind(), e::getMessage);
    assertTrue(e.getMessage().contains(message), e::getMessage);
  }
}
