package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.hub.ModelLocation.CachedSnapshot;
import dev.gatun.loader.hub.ModelLocation.Catalogued;
import dev.gatun.loader.hub.ModelLocation.LocalDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLocatorTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String OTHER = "ffffffffffffffffffffffffffffffffffffffff";

  @TempDir Path directory;
  private Path cache;
  private ModelLocator locator;

  @BeforeEach
  void setUp() throws IOException {
    cache = Files.createDirectory(directory.resolve("cache"));
    Path working = Files.createDirectory(directory.resolve("working"));
    locator =
        new ModelLocator(
            List.of(
                new DirectorySource(working),
                new CacheSource(cache, CacheSource.Need.CONFIG),
                new CatalogueSource()));
  }

  @Test
  void aDirectoryWinsOverAnId() throws IOException {
    cached("gpt2", COMMIT, "main");
    Path local = Files.createDirectory(directory.resolve("working/gpt2"));
    Files.writeString(local.resolve("config.json"), "{}");
    assertEquals(new LocalDirectory(local), locator.locate("gpt2"));
    assertEquals(new LocalDirectory(local), locator.locate(local.toString()));
    assertEquals(new LocalDirectory(local), locator.locate("./gpt2/"));
  }

  @Test
  void anEmbeddingModelMayHaveItsConfigurationInAFolderOfModulesJson() throws IOException {
    Path local = Files.createDirectory(directory.resolve("working/static"));
    Files.writeString(local.resolve("modules.json"), "[]");
    assertEquals(new LocalDirectory(local), locator.locate("static"));
    Path snapshot = cached("org/static", COMMIT, "main");
    Files.move(snapshot.resolve("config.json"), snapshot.resolve("modules.json"));
    assertEquals(snapshot, locator.locateFiles("org/static", "main"));
  }

  @Test
  void aDirectoryWithoutConfigurationIsAnErrorAtOnce() throws IOException {
    Files.createDirectory(directory.resolve("working/gpt2"));
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locator.locate("gpt2"));
    assertTrue(e.getMessage().contains("holds no config.json"), e::getMessage);
    Files.writeString(directory.resolve("working/file"), "");
    assertThrows(ModelNotFoundException.class, () -> locator.locate("file"));
  }

  @Test
  void findsSnapshotsByBranchNestedRefAndCommit() throws IOException {
    Path main = cached("org/name", COMMIT, "main");
    Path pr = cached("org/name", OTHER, "refs/pr/1");
    assertEquals(new CachedSnapshot(main, "org/name", COMMIT), locator.locate("org/name"));
    assertEquals(
        new CachedSnapshot(pr, "org/name", OTHER), locator.locate("org/name", "refs/pr/1"));
    assertEquals(new CachedSnapshot(pr, "org/name", OTHER), locator.locate("org/name", OTHER));
    assertEquals(main, locator.locateFiles("org/name", "main"));
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locator.locate("org/name", "v1"));
    assertTrue(
        e.getMessage().contains("models--org--name has no revision v1 (no refs/v1)"),
        e::getMessage);
  }

  @Test
  void readsThroughTheLinksOfTheCache() throws IOException {
    Path folder = Files.createDirectories(cache.resolve("models--org--linked"));
    Files.createDirectories(folder.resolve("blobs"));
    Files.writeString(folder.resolve("blobs/abc"), "{}");
    Path snapshot = Files.createDirectories(folder.resolve("snapshots").resolve(COMMIT));
    Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/abc"));
    Files.createDirectories(folder.resolve("refs"));
    Files.writeString(folder.resolve("refs/main"), COMMIT + "\n");
    assertEquals(new CachedSnapshot(snapshot, "org/linked", COMMIT), locator.locate("org/linked"));
    // Half downloaded: the link is there, the file is not.
    Files.delete(folder.resolve("blobs/abc"));
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locator.locate("org/linked"));
    assertTrue(e.getMessage().contains("no config.json at commit " + COMMIT), e::getMessage);
  }

  @Test
  void oldAndNewIdsAreOneModel() throws IOException {
    Path canonical = cached("google-bert/bert-base-uncased", COMMIT, "main");
    assertEquals(
        new CachedSnapshot(canonical, "google-bert/bert-base-uncased", COMMIT),
        locator.locate("bert-base-uncased"));
    Path legacy = cached("t5-small", OTHER, "main");
    assertEquals(
        new CachedSnapshot(legacy, "t5-small", OTHER), locator.locate("google-t5/t5-small"));
    // Both there: the one that was typed.
    Path typed = cached("bert-base-uncased", OTHER, "main");
    assertEquals(
        new CachedSnapshot(typed, "bert-base-uncased", OTHER), locator.locate("bert-base-uncased"));
  }

  @Test
  void theCatalogueComesLastAndHasNoWeights() throws IOException {
    Catalogued found = (Catalogued) locator.locate("gpt2");
    assertEquals("openai-community/gpt2", found.id());
    assertTrue(found.configJson().contains("\"n_layer\": 12"));
    assertTrue(found.directory().isEmpty());
    ModelNotFoundException weights =
        assertThrows(ModelNotFoundException.class, () -> locator.locateFiles("gpt2", "main"));
    assertTrue(weights.getMessage().contains("no weights"), weights::getMessage);
    assertThrows(ModelNotFoundException.class, () -> locator.locate("gpt2", OTHER));
    cached("gpt2", COMMIT, "main");
    assertEquals(CachedSnapshot.class, locator.locate("gpt2").getClass());
  }

  @Test
  void namesThePlacesInOrderAndWhatToDo() {
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locator.locate("org/name"));
    assertEquals(
        """
        no model "org/name"; searched, in this order:
          directory %s/working/org/name: does not exist
          Hugging Face cache %s: no models--org--name
          built-in catalogue: knows nothing of "org/name"
        Check the id; download it where there is a network, gatun download org/name; or give a directory that holds \
        config.json and model.safetensors."""
            .formatted(directory, cache),
        e.getMessage());
    assertEquals(3, e.searched().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../secret",
        "org/../name",
        "org/..",
        "..",
        "a//b",
        "a/b/c",
        "-a/b",
        "a/b-",
        ".a/b",
        "a/b.",
        "a--b/c",
        "a/b..c",
        "models\\x",
        "a b/c",
        "org/ü",
        "a\0b",
        "org/name\n",
        "~/x"
      })
  void refusesIdsThatAreNone(String id) throws IOException {
    // A folder that a naive join of the id would reach.
    Files.createDirectories(directory.resolve("secret"));
    Files.writeString(directory.resolve("cache/config.json"), "{}");
    ModelNotFoundException e = assertThrows(ModelNotFoundException.class, () -> locator.locate(id));
    assertTrue(
        e.getMessage().contains("is not a hub id")
            || e.getMessage().contains("holds no config.json"),
        e::getMessage);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "..", "../main", "/main", "a/../b", "a//b", "main\0", "a b", "refs/", "HEAD~1", "a@{1}",
        "a*"
      })
  void refusesRevisionsThatAreNone(String revision) {
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locator.locate("org/name", revision));
    assertTrue(e.getMessage().contains("is not a branch, tag or commit"), e::getMessage);
  }

  @Test
  void refusesRefsThatHoldNoCommit() throws IOException {
    cached("org/name", COMMIT, "main");
    Files.writeString(cache.resolve("models--org--name/refs/main"), "../../elsewhere");
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locator.locate("org/name"));
    assertTrue(e.getMessage().contains("does not hold a commit"), e::getMessage);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  "})
  void refusesNothing(String id) {
    assertThrows(ModelNotFoundException.class, () -> locator.locate(id));
  }

  private Path cached(String id, String commit, String ref) throws IOException {
    Path folder = cache.resolve("models--" + id.replace("/", "--"));
    Path snapshot = Files.createDirectories(folder.resolve("snapshots").resolve(commit));
    Files.writeString(snapshot.resolve("config.json"), "{}");
    Path refFile = folder.resolve("refs").resolve(ref);
    Files.createDirectories(refFile.getParent());
    Files.writeString(refFile, commit);
    return snapshot;
  }
}
