package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A load by id: when the hub is asked, and what happens when it does not answer. */
class HubSourceTest {
  private static final String ID = "org/name";

  @TempDir Path cache;
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Path locate(String id, String... settings) {
    Map<String, String> variables =
        new HashMap<>(
            Map.of("HF_ENDPOINT", hub.endpoint().toString(), "HF_HUB_CACHE", cache.toString()));
    for (String setting : settings) {
      variables.put(setting.split("=")[0], setting.split("=")[1]);
    }
    return ModelLocator.standard(new HubEnvironment(variables, cache)).locateFiles(id, "main");
  }

  @Test
  void downloadsOnceAndThenAsksNobody() {
    TinyModels.sentence(hub, ID);
    Path first = locate(ID);
    int requests = hub.requests.size();
    assertEquals(first, locate(ID));
    assertEquals(requests, hub.requests.size());
    hub.close();
    assertEquals(first, locate(ID));
    assertEquals(first, locate(ID, "HF_HUB_OFFLINE=1"));
  }

  @Test
  void completesWhatIsIncomplete() throws IOException {
    TinyModels.sentence(hub, ID);
    Path snapshot = locate(ID);
    for (String file :
        new String[] {"tokenizer.json", "1_Pooling/config.json", "2_Dense/model.safetensors"}) {
      Files.delete(snapshot.resolve(file));
      locate(ID);
      assertTrue(Files.isRegularFile(snapshot.resolve(file)), file);
    }
  }

  @Test
  void offlineWhatIsThereServes() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = locate(ID);
    Files.delete(snapshot.resolve("vocab.txt"));
    hub.requests.clear();
    assertEquals(snapshot, locate(ID, "TRANSFORMERS_OFFLINE=yes"));
    Files.delete(snapshot.resolve("model.safetensors"));
    ModelNotFoundException e =
        assertThrows(ModelNotFoundException.class, () -> locate(ID, "HF_HUB_OFFLINE=ON"));
    assertTrue(e.getMessage().contains("HF_HUB_OFFLINE"), e::getMessage);
    assertEquals(0, hub.requests.size());
  }

  @Test
  void withoutANetworkWhatIsThereServes() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = locate(ID);
    Files.delete(snapshot.resolve("vocab.txt"));
    hub.close();
    long start = System.nanoTime();
    assertEquals(snapshot, locate(ID));
    assertTrue(System.nanoTime() - start < 3_000_000_000L, "retried what is not needed");
  }

  @Test
  void aModelThatWasTakenBackServesFromTheCache() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = locate(ID);
    Files.delete(snapshot.resolve("vocab.txt"));
    hub.repositories.remove(ID);
    assertEquals(snapshot, locate(ID));
  }

  @Test
  void whatTheHubSendsWronglyIsAnErrorAndNotAnOlderCopy() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = locate(ID);
    Files.delete(snapshot.resolve("vocab.txt").toRealPath());
    FakeHub.Fault wrong =
        (x, c) -> {
          x.sendResponseHeaders(200, c.length);
          x.getResponseBody().write(new byte[c.length]);
          return true;
        };
    hub.fault("GET", "/vocab.txt", wrong, wrong);
    assertThrows(HubException.ChecksumMismatch.class, () -> locate(ID));
  }

  @Test
  void aCacheThatMayOnlyBeReadServesWhatItHas() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = locate(ID);
    Path markers = cache.resolve("models--org--name/.no_exist");
    try (Stream<Path> files = Files.walk(markers)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> assertTrue(file.toFile().delete()));
    }
    // As root everything may be written, so something else is in the way.
    Files.writeString(markers, "not a folder");
    Path refs = cache.resolve("models--org--name/refs/main");
    Files.delete(refs);
    Files.createDirectory(refs);
    assertEquals(snapshot, locate(ID));
  }

  @Test
  void itDoesSoWhereItLacksAFile() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = locate(ID);
    Files.delete(snapshot.resolve("vocab.txt").toRealPath());
    Files.move(cache.resolve(".locks"), cache.resolve("locks"));
    Files.writeString(cache.resolve(".locks"), "not a folder");
    assertThrows(HubException.CacheFailure.class, this::download);
    assertEquals(snapshot, locate(ID));
  }

  private void download() {
    Map<String, String> variables =
        Map.of("HF_ENDPOINT", hub.endpoint().toString(), "HF_HUB_CACHE", cache.toString());
    new Hub(new HubEnvironment(variables, cache), HubListener.NONE).download(ID, "main");
  }

  @Test
  void anEmbeddingModelMayHaveItsWeightsInAFolderAlone() {
    hub.repository(ID)
        .file(
            "modules.json",
            """
            [{"path": "0_StaticEmbedding", "type": "sentence_transformers.models.StaticEmbedding"},
             {"path": "1_Normalize", "type": "sentence_transformers.models.Normalize"}]
            """)
        .file("0_StaticEmbedding/tokenizer.json", "{}")
        .file("0_StaticEmbedding/model.safetensors", TinyModels.safetensors("w", 8, 5));
    Path snapshot = locate(ID);
    assertTrue(Files.isRegularFile(snapshot.resolve("0_StaticEmbedding/model.safetensors")));
    assertTrue(Files.isRegularFile(snapshot.resolve("0_StaticEmbedding/tokenizer.json")));
    int requests = hub.requests.size();
    assertEquals(snapshot, locate(ID));
    assertEquals(snapshot, locate(ID, "HF_HUB_OFFLINE=1"));
    assertEquals(requests, hub.requests.size());
  }

  @Test
  void theHubsRefusalIsTheError() {
    assertThrows(HubException.RepositoryNotFound.class, () -> locate(ID));
    TinyModels.single(hub, ID).gated = true;
    hub.repository(ID).token = "x";
    assertThrows(HubException.GatedRepository.class, () -> locate(ID));
    hub.close();
    assertThrows(HubException.Unreachable.class, () -> locate(ID, "HF_HUB_ETAG_TIMEOUT=1"));
  }

  @Test
  void aNameThatIsShortByConventionIsAskedForInFull() {
    TinyModels.sentence(hub, "sentence-transformers/all-MiniLM-L6-v2");
    Path snapshot = locate("all-MiniLM-L6-v2");
    assertTrue(
        snapshot.startsWith(cache.resolve("models--sentence-transformers--all-MiniLM-L6-v2")));
    int requests = hub.requests.size();
    assertEquals(snapshot, locate("sentence-transformers/all-MiniLM-L6-v2"));
    assertEquals(requests, hub.requests.size());
  }
}
