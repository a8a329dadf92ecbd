package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hub that refuses, or is none. */
class HubRefusalTest extends FakeHubTest {
  @Test
  void aRepositoryThatIsNotThere() {
    fails(HubException.RepositoryNotFound.class, "\"org/name\"", "private", "HF_TOKEN");
    settings = withToken("good");
    fails(HubException.RepositoryNotFound.class, "the present one");
  }

  @Test
  void aPrivateRepository() throws IOException {
    TinyModels.single(hub, ID).token = "good";
    fails(HubException.RepositoryNotFound.class, "HF_TOKEN");
    settings = withToken("other");
    fails(HubException.Forbidden.class, "403");
    settings = withToken("good");
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void aGatedRepository() throws IOException {
    TinyModels.single(hub, ID).token = "good";
    hub.repository(ID).gated = true;
    fails(HubException.GatedRepository.class, hub.endpoint() + "/org/name", "accept");
    settings = withToken("other");
    fails(HubException.GatedRepository.class, "accept");
  }

  @Test
  void aDisabledRepository() {
    TinyModels.single(hub, ID).disabled = true;
    fails(HubException.RepositoryDisabled.class, "disabled");
  }

  @Test
  void aTokenThatIsRefused() {
    TinyModels.single(hub, ID);
    settings = withToken("bad");
    fails(HubException.InvalidToken.class, "401", "HF_TOKEN");
  }

  @Test
  void aFileThatIsListedButNotThere() {
    TinyModels.single(hub, ID);
    hub.fault("HEAD", "/vocab.txt", (x, _) -> answer(x, 404, "EntryNotFound"));
    fails(HubException.FileNotFound.class, "vocab.txt");
  }

  @Test
  void weightsAsPicklesOnly() {
    hub.repository(ID)
        .file("config.json", TinyModels.CONFIG)
        .file("pytorch_model.bin", "x")
        .file("tf_model.h5", "x");
    fails(
        HubException.NoSafetensors.class, "pytorch_model.bin, tf_model.h5", "pickle", "refs/pr/N");
    assertEquals(1, hub.requests.size(), "found out before anything is transferred");
  }

  @Test
  void aModuleWithPicklesOnly() {
    TinyModels.sentence(hub, ID).files.remove("2_Dense/model.safetensors");
    fails(HubException.NoSafetensors.class, "in 2_Dense", "2_Dense/pytorch_model.bin");
    assertEquals(0, hub.count("GET", "/model.safetensors"));
  }

  @Test
  void noModelAtAll() {
    hub.repository(ID).file("README.md", "hello");
    fails(HubException.FileNotFound.class, "config.json", "not a transformers model");
  }

  @Test
  void aShardThatIsNotThere() {
    TinyModels.sharded(hub, ID).files.remove("model-2.safetensors");
    fails(HubException.FileNotFound.class, "model-2.safetensors");
    assertEquals(0, hub.count("GET", "/model-1.safetensors"));
  }

  @Test
  void offlineWhatTheCacheHasServes() {
    TinyModels.single(hub, ID);
    Path snapshot = client().download(ID, "main");
    settings = offline();
    hub.requests.clear();
    assertEquals(snapshot, client().download(ID, "main"));
    assertEquals(snapshot, client().download(ID, FakeHub.COMMIT));
    assertEquals(snapshot, client().download(ID, "main", List.of("*.safetensors")));
    assertThrows(
        HubException.Offline.class, () -> client().download(ID, "main", List.of("*.onnx")));
    assertThrows(HubException.Offline.class, () -> client().download(ID, "v2"));
    assertEquals(0, hub.requests.size());
  }

  @Test
  void offlineAsksNobody() {
    TinyModels.single(hub, ID);
    settings = offline();
    fails(HubException.Offline.class, "HF_HUB_OFFLINE");
    assertEquals(List.of(), hub.requests);
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>", "[]", "{\"sha\": \"main\", \"siblings\": []}", "{}"})
  void aListingThatIsNone(String body) {
    hub.fault("GET", "/revision/main", (x, _) -> text(x, body));
    fails(HubException.BadResponse.class, "not a hub", "HF_ENDPOINT");
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-Repo-Commit", "ETag"})
  void metadataThatIsMissing(String header) {
    TinyModels.single(hub, ID);
    hub.fault(
        "HEAD",
        "/config.json",
        (x, c) -> {
          x.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
          x.getResponseHeaders().set("ETag", "\"" + FakeHub.gitSha1(c) + "\"");
          x.getResponseHeaders().remove(header);
          x.sendResponseHeaders(200, -1);
          return true;
        });
    fails(HubException.BadResponse.class, header);
  }

  @Test
  void aSizeThatIsNotSaidIsNotNeeded() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault(
        "HEAD",
        "/config.json",
        (x, c) -> {
          x.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
          x.getResponseHeaders().set("ETag", "W/\"" + FakeHub.gitSha1(c) + "\"");
          x.sendResponseHeaders(200, -1);
          return true;
        });
    assertDownloaded(download(), "config.json");
  }

  @Test
  void anotherCommitThanAskedFor() {
    TinyModels.single(hub, ID);
    hub.fault(
        "HEAD",
        "/config.json",
        (x, c) -> {
          x.getResponseHeaders().set("X-Repo-Commit", "0".repeat(40));
          x.getResponseHeaders().set("ETag", "\"" + FakeHub.gitSha1(c) + "\"");
          x.sendResponseHeaders(200, -1);
          return true;
        });
    fails(HubException.BadResponse.class, "answers for 0000");
  }
}
