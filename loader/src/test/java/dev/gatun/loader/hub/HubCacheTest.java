package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Listing, removing and checking what is in the cache. */
class HubCacheTest {
  private static final String NEXT = "e".repeat(40);

  @TempDir Path directory;
  private FakeHub hub;
  private Hub client;
  private HubCache cache;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    client = new Hub(hub.settings(directory.resolve("hub")), HubListener.NONE);
    cache = new HubCache(directory.resolve("hub"));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private static long size(Path root) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.toList()) {
        bytes += !Files.isSymbolicLink(file) && Files.isRegularFile(file) ? Files.size(file) : 0;
      }
    }
    return bytes;
  }

  @Test
  void aCacheThatIsNotThereIsEmpty() {
    assertEquals(List.of(), cache.models());
    assertThrows(ModelNotFoundException.class, () -> cache.remove("org/name"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "../..", "a/b/c", "", "a--b"})
  void removesNothingElse(String id) {
    assertThrows(ModelNotFoundException.class, () -> cache.remove(id));
  }

  @Test
  void listsAndRemovesRevisions() throws IOException {
    TinyModels.single(hub, "org/name").revisions.put("next", NEXT);
    TinyModels.single(hub, "old");
    Path first = client.download("org/name", "main");
    long before = size(first.getParent().getParent().resolve("blobs"));
    hub.repository("org/name").file("config.json", "{\"model_type\": \"gpt2\"}");
    Path second = client.download("org/name", "next");
    client.download("old", "main");

    assertEquals(List.of("old", "org/name"), cache.models().stream().map(CachedModel::id).toList());
    CachedModel model = cache.model("org/name");
    assertEquals(before + 22, model.bytes(), "shared blobs count once");
    assertEquals(2, model.revisions().size());
    assertEquals(List.of("main"), model.revisions().getFirst().refs());
    assertEquals(4, model.revisions().getFirst().files());

    assertEquals(22, cache.remove("org/name", "next"));
    assertFalse(Files.exists(second));
    assertTrue(Files.isRegularFile(first.resolve("model.safetensors")));
    assertFalse(Files.exists(model.folder().resolve("refs/next")));
    assertThrows(ModelNotFoundException.class, () -> cache.remove("org/name", "next"));
    assertTrue(cache.remove("org/name") >= before);
    assertFalse(Files.exists(model.folder()));
    assertEquals(List.of("old"), cache.models().stream().map(CachedModel::id).toList());
    try (Stream<Path> left = Files.list(cache.directory())) {
      assertTrue(left.noneMatch(f -> f.getFileName().toString().startsWith(".removed")));
    }
    client.download("org/name", "main");
  }

  @Test
  void removingDoesNotFollowLinks() throws IOException {
    TinyModels.single(hub, "org/name");
    Path snapshot = client.download("org/name", "main");
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("file"), "mine");
    Files.createSymbolicLink(snapshot.resolve("folder"), elsewhere);
    cache.remove("org/name");
    assertEquals("mine", Files.readString(elsewhere.resolve("file")));
  }

  @Test
  void findsWhatIsWrong() throws IOException {
    TinyModels.sentence(hub, "org/name");
    Path snapshot = client.download("org/name", "main");
    assertEquals(List.of(), cache.verify("org/name"));
    Path blob = snapshot.resolve("model.safetensors").toRealPath();
    byte[] bytes = Files.readAllBytes(blob);
    bytes[500] ^= 1;
    Files.write(blob, bytes);
    Files.delete(snapshot.resolve("config.json").toRealPath());
    Path outside = Files.writeString(directory.resolve("outside"), "x");
    Files.createSymbolicLink(snapshot.resolve("spy.txt"), outside);
    Path half = Files.writeString(blob.resolveSibling("abc.01234567.incomplete"), "half");
    Files.setLastModifiedTime(half, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    Files.writeString(snapshot.getParent().resolveSibling("refs").resolve("v1"), "nothing");
    List<String> problems = cache.verify("org/name");
    assertEquals(5, problems.size(), problems::toString);
    String all = String.join("\n", problems);
    for (String part :
        List.of(
            blob + " has another content",
            "config.json points to nothing",
            "spy.txt leaves the cache",
            "did not end",
            "v1 does not hold a commit")) {
      assertTrue(all.contains(part), all);
    }
  }

  @Test
  void aCacheThatIsAFileIsNamed() throws IOException {
    Files.writeString(cache.directory(), "");
    HubException e = assertThrows(HubException.CacheFailure.class, cache::models);
    assertTrue(e.getMessage().endsWith(cache.directory() + " is not a directory"), e::getMessage);
  }

  @Test
  void aFolderThatMayNotBeReadIsNamed() throws IOException {
    TinyModels.sentence(hub, "org/name");
    Path folder = client.download("org/name", "main").resolve("1_Pooling");
    Files.setPosixFilePermissions(folder, Set.of());
    assumeFalse(Files.isReadable(folder), "root may read everything");
    try {
      HubException e = assertThrows(HubException.CacheFailure.class, cache::models);
      assertTrue(e.getMessage().contains(folder + ": permission denied"), e::getMessage);
    } finally {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void whatKilledProcessesLeftGoesWithTheNextDownload() throws IOException {
    TinyModels.single(hub, "org/name");
    Path blobs =
        Files.createDirectories(cache.directory().resolve("models--org--name").resolve("blobs"));
    String etag = FakeHub.sha256(hub.repository("org/name").files.get("model.safetensors"));
    Path old = Files.writeString(blobs.resolve(etag + ".0123abcd.incomplete"), "x");
    Path recent = Files.writeString(blobs.resolve(etag + ".4567abcd.incomplete"), "x");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    client.download("org/name", "main");
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(recent), "another process may still be writing it");
    assertEquals(List.of(), cache.verify("org/name"), "nothing is wrong while that is so");
    Files.setLastModifiedTime(recent, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    client.download("org/name", "main");
    assertFalse(Files.exists(recent), "also where nothing is left to transfer");
  }
}
