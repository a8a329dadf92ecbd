package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a hub that answers well. */
class HubProtocolTest extends FakeHubTest {
  @Test
  void bringsWhatALoadReadsAndNothingElse() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = download();
    assertDownloaded(snapshot, "config.json", "tokenizer.json", "vocab.txt", "model.safetensors");
    try (Stream<Path> files = Files.list(snapshot)) {
      assertEquals(4, files.count());
    }
    assertEquals(0, hub.count("GET", "/pytorch_model.bin"));
    assertTrue(Files.isSymbolicLink(snapshot.resolve("model.safetensors")));
    assertEquals(
        Path.of("../../blobs/" + FakeHub.sha256(hub.repository(ID).files.get("model.safetensors"))),
        Files.readSymbolicLink(snapshot.resolve("model.safetensors")));
    Path folder = cache.resolve("models--org--name");
    assertEquals(FakeHub.COMMIT, Files.readString(folder.resolve("refs/main")));
    assertTrue(
        Files.isRegularFile(folder.resolve(".no_exist/" + FakeHub.COMMIT + "/modules.json")));
    assertTrue(Files.isRegularFile(cache.resolve("CACHEDIR.TAG")));
  }

  @Test
  void asksNothingTwice() throws IOException {
    TinyModels.single(hub, ID);
    download();
    int requests = hub.requests.size();
    Path snapshot = download();
    assertEquals(requests + 1, hub.requests.size(), "only the list of files is asked for again");
    assertDownloaded(snapshot, "config.json");
  }

  @Test
  void bringsShardsOfTheIndexAlone() throws IOException {
    TinyModels.sharded(hub, ID);
    Path snapshot = download();
    assertDownloaded(
        snapshot, "model.safetensors.index.json", "model-1.safetensors", "model-2.safetensors");
    assertFalse(Files.exists(snapshot.resolve("model-3.safetensors")));
  }

  @Test
  void bringsTheModulesOfSentenceTransformers() throws IOException {
    TinyModels.sentence(hub, ID);
    Path snapshot = download();
    assertDownloaded(
        snapshot,
        "modules.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
        "1_Pooling/config.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors");
    assertFalse(Files.exists(snapshot.resolve("2_Dense/pytorch_model.bin")));
    assertEquals(
        Path.of("../../../blobs"),
        Files.readSymbolicLink(snapshot.resolve("1_Pooling/config.json")).getParent());
  }

  @Test
  void bringsMatchingFiles() throws IOException {
    TinyModels.sentence(hub, ID);
    Path snapshot = client().download(ID, "main", List.of("*.md", "2_Dense/"));
    assertDownloaded(snapshot, "README.md", "2_Dense/pytorch_model.bin", "2_Dense/config.json");
    assertFalse(Files.exists(snapshot.resolve("config.json")));
    HubException.FileNotFound e =
        assertThrows(
            HubException.FileNotFound.class,
            () -> client().download(ID, "main", List.of("*.gguf")));
    assertTrue(e.getMessage().contains("config.json"), e::getMessage);
  }

  @Test
  void followsARenamedIdAndKeepsTheFolderOfTheTypedOne() throws IOException {
    TinyModels.single(hub, ID);
    hub.repository("old").movedTo = ID;
    Path snapshot = client().download("old", "main");
    assertDownloaded(snapshot, "config.json", "model.safetensors");
    assertTrue(snapshot.startsWith(cache.resolve("models--old")));
  }

  @Test
  void takesBranchesTagsPullRequestsAndCommits() throws IOException {
    String other = "f".repeat(40);
    TinyModels.single(hub, ID).revisions.put("refs/pr/1", other);
    Path snapshot = client().download(ID, "refs/pr/1");
    assertEquals(other, snapshot.getFileName().toString());
    assertEquals(other, Files.readString(cache.resolve("models--org--name/refs/refs/pr/1")));
    assertTrue(
        hub.requests.stream().anyMatch(r -> r.path().endsWith("/revision/refs%2Fpr%2F1")),
        "the slashes of a revision are quoted");
    assertEquals(snapshot, client().download(ID, other));
    assertFalse(Files.exists(cache.resolve("models--org--name/refs/" + other)));
    assertThrows(HubException.RevisionNotFound.class, () -> client().download(ID, "v9"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"release#2", "v1,0=x!", "user@home"})
  void takesWhateverGitTakesForAName(String revision) {
    TinyModels.single(hub, ID).revisions.put(revision, "f".repeat(40));
    Path snapshot = client().download(ID, revision);
    assertEquals("f".repeat(40), snapshot.getFileName().toString());
    assertTrue(Files.exists(cache.resolve("models--org--name/refs").resolve(revision)));
  }

  @Test
  void namesFilesThatNeedQuoting() throws IOException {
    TinyModels.single(hub, ID).file("a b/ü+%41 #1?.json", "{}");
    assertDownloaded(client().download(ID, "main", List.of("a b/*")), "a b/ü+%41 #1?.json");
  }

  @Test
  void anEmptyFileIsAFile() throws IOException {
    TinyModels.single(hub, ID).file("added_tokens.json", "");
    assertDownloaded(download(), "added_tokens.json");
  }

  @Test
  void withoutLinksSnapshotsHoldTheFiles() throws IOException {
    TinyModels.single(hub, ID).file("special_tokens_map.json", TinyModels.CONFIG);
    settings = withLinks(false);
    Path snapshot = download();
    assertDownloaded(snapshot, "config.json", "special_tokens_map.json", "model.safetensors");
    assertFalse(Files.isSymbolicLink(snapshot.resolve("model.safetensors")));
    int requests = hub.requests.size();
    download();
    assertEquals(requests + 1, hub.requests.size());
  }

  @Test
  void aBlobOfAnotherCommitIsUsedAgain() throws IOException {
    TinyModels.single(hub, ID).revisions.put("next", "e".repeat(40));
    download();
    long before = hub.contentBytes.get();
    hub.repository(ID).file("config.json", "{\"model_type\": \"bert\"}");
    Path snapshot = client().download(ID, "next");
    assertDownloaded(snapshot, "config.json", "model.safetensors");
    assertEquals(
        hub.repository(ID).files.get("config.json").length, hub.contentBytes.get() - before);
  }

  @Test
  void aDanglingLinkIsReplaced() throws IOException {
    TinyModels.single(hub, ID);
    Path snapshot = download();
    Files.delete(snapshot.resolve("config.json").toRealPath());
    assertDownloaded(download(), "config.json");
  }
}
