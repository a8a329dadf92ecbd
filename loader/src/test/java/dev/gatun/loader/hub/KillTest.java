package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A download that is killed at any moment: nothing that shows is ever half, and the next one
 * completes. {@code -Dgatun.kills=50} kills more often.
 */
class KillTest {
  private static final String ID = "org/name";
  private static final int KILLS = Integer.getInteger("gatun.kills", 4);

  @TempDir Path directory;

  @Test
  void nothingHalfIsEverSeen() throws Exception {
    var random = new Random(20260101);
    try (var hub = new FakeHub()) {
      TinyModels.sentence(hub, ID)
          .file("model.safetensors", TinyModels.safetensors("w", 300_000, 9));
      hub.bytesPerSecond = 4_000_000;
      ChildDownload.output(start(hub, directory.resolve("whole")));
      long whole = hub.contentBytes.get();
      int interrupted = 0;
      for (int i = 0; i < KILLS; i++) {
        Path cache = directory.resolve("cache" + i);
        long point = hub.contentBytes.get() + (long) (whole * random.nextDouble());
        Process child = start(hub, cache);
        while (hub.contentBytes.get() < point && child.isAlive()) {
          FakeHub.pause(1);
        }
        FakeHub.pause(random.nextInt(10));
        interrupted += child.isAlive() ? 1 : 0;
        child.destroyForcibly().waitFor();
        check(hub, cache);
        Path snapshot = Path.of(ChildDownload.output(start(hub, cache)).strip());
        check(hub, cache);
        assertArrayEquals(
            hub.repository(ID).files.get("model.safetensors"),
            Files.readAllBytes(snapshot.resolve("model.safetensors")));
      }
      assertTrue(interrupted > KILLS / 2, interrupted + " of " + KILLS + " were still going on");
    }
  }

  @Test
  void oneThatIsAskedToEndLeavesNothingHalf() throws Exception {
    try (var hub = new FakeHub()) {
      TinyModels.sentence(hub, ID)
          .file("model.safetensors", TinyModels.safetensors("w", 300_000, 9));
      hub.bytesPerSecond = 400_000;
      Path cache = directory.resolve("cache");
      Process child = start(hub, cache);
      while (hub.contentBytes.get() < 200_000 && child.isAlive()) {
        FakeHub.pause(1);
      }
      child.destroy();
      assertTrue(child.waitFor() != 0, "it was still going on");
      try (Stream<Path> files = Files.walk(cache)) {
        assertEquals(List.of(), files.filter(f -> f.toString().endsWith("incomplete")).toList());
      }
    }
  }

  private static Process start(FakeHub hub, Path cache) throws IOException {
    return ChildDownload.start(
        Map.of("HF_ENDPOINT", hub.endpoint().toString(), "HF_HUB_CACHE", cache.toString()), ID);
  }

  /** Whatever a reader of the cache could take for a file is whole. */
  private static void check(FakeHub hub, Path cache) throws IOException {
    Path folder = cache.resolve("models--org--name");
    if (!Files.exists(folder)) {
      return;
    }
    Path snapshot = folder.resolve("snapshots").resolve(FakeHub.COMMIT);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        if (file.startsWith(snapshot)) {
          String path = snapshot.relativize(file).toString();
          assertArrayEquals(hub.repository(ID).files.get(path), Files.readAllBytes(file), path);
        } else if (file.getParent().endsWith("blobs") && !name.endsWith(".incomplete")) {
          assertTrue(ContentCheck.matches(file, name), file::toString);
        } else if (file.getParent().endsWith("refs") && !name.endsWith(".tmp")) {
          assertTrue(Files.readString(file).equals(FakeHub.COMMIT), file::toString);
        }
      }
    }
  }
}
