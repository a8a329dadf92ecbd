package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import dev.gatun.loader.GatunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a hub that answers well, badly, late or not at all. */
class HubProtocolTest {
  private static final String ID = "org/name";

  @TempDir Path directory;
  private FakeHub hub;
  private Path cache;
  private HubSettings settings;
  private final List<String> retried = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    cache = directory.resolve("hub");
    settings = hub.settings(cache);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Hub client() {
    return new Hub(
        settings,
        new HubListener() {
          @Override
          public void retrying(String what, int attempt, Duration wait, String reason) {
            retried.add(what + " " + attempt + " " + wait + " " + reason);
          }
        });
  }

  private Path download() {
    return client().download(ID, "main");
  }

  private <T extends GatunException> T fails(Class<T> type, String... parts) {
    T e = assertThrows(type, this::download);
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
    }
    assertNothingHalf();
    return e;
  }

  /** No temporary file is left, and what a snapshot shows is whole. */
  private void assertNothingHalf() {
    try (Stream<Path> files = Files.exists(cache) ? Files.walk(cache) : Stream.of()) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        assertFalse(name.endsWith(".incomplete") || name.endsWith(".tmp"), file::toString);
        if (file.getParent().endsWith("blobs")) {
          assertTrue(ContentCheck.matches(file, name), file + " is not what its name says");
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void assertDownloaded(Path snapshot, String... files) throws IOException {
    for (String file : files) {
      assertArrayEquals(
          hub.repository(ID).files.get(file), Files.readAllBytes(snapshot.resolve(file)), file);
    }
    assertNothingHalf();
  }

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

  // Refusals

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
  void offlineAsksNobody() {
    TinyModels.single(hub, ID);
    settings = offline();
    fails(HubException.Offline.class, "HF_HUB_OFFLINE");
    assertEquals(List.of(), hub.requests);
  }

  // Failures that pass

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504})
  void aStatusThatPasses(int status) throws IOException {
    TinyModels.single(hub, ID);
    FakeHub.Fault fault = (x, _) -> answer(x, status, "");
    hub.fault("GET", "/revision/main", fault);
    hub.fault("HEAD", "/config.json", fault, fault);
    hub.fault("GET", "/model.safetensors", fault, fault, fault);
    assertDownloaded(download(), "config.json", "model.safetensors");
    assertEquals(6, retried.size(), retried::toString);
  }

  @Test
  void aStatusThatStays() {
    TinyModels.single(hub, ID);
    FakeHub.Fault down = (x, _) -> answer(x, 503, "");
    hub.fault("GET", "/revision/main", down, down, down, down);
    fails(HubException.ServerFailure.class, "503", "try again later");
    assertEquals(4, hub.requests.size());
  }

  @Test
  void tooManyRequestsWaitAsLongAsTheHubAsks() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/revision/main", (x, _) -> limited(x, "Retry-After", "1"));
    hub.fault("HEAD", "/config.json", (x, _) -> limited(x, "RateLimit", "\"api\";r=0;t=1"));
    long start = System.nanoTime();
    assertDownloaded(download(), "config.json");
    assertTrue(System.nanoTime() - start >= 2_900_000_000L, retried::toString);
  }

  @Test
  void tooManyRequestsForTooLong() {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/revision/main", (x, _) -> limited(x, "Retry-After", "86400"));
    fails(HubException.RateLimited.class, "429", "HF_TOKEN");
    assertEquals(List.of(), retried, "nobody waits a day");
  }

  @Test
  void aTransferThatBreaksGoesOnWhereItStopped() throws IOException {
    byte[] weights = TinyModels.single(hub, ID).files.get("model.safetensors");
    hub.fault("GET", "/model.safetensors", (x, c) -> cut(x, c, 0, 120_000));
    Path snapshot = download();
    assertDownloaded(snapshot, "model.safetensors");
    List<String> ranges =
        hub.requests.stream()
            .filter(r -> r.store() && r.path().endsWith("/model.safetensors"))
            .map(FakeHub.Request::range)
            .toList();
    assertEquals(2, ranges.size(), ranges::toString);
    assertTrue(ranges.get(1).startsWith("bytes="), ranges::toString);
    assertTrue(hub.contentBytes.get() < 2L * weights.length);
  }

  @Test
  void aServerThatIgnoresRangesStartsAgain() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/model.safetensors",
        (x, c) -> cut(x, c, 0, 120_000),
        (x, c) -> {
          x.sendResponseHeaders(200, c.length);
          x.getResponseBody().write(c);
          return true;
        });
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void aPartFromElsewhereIsNotTaken() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/model.safetensors",
        (x, c) -> cut(x, c, 0, 120_000),
        (x, c) -> {
          x.getResponseHeaders().set("Content-Range", "bytes 7-" + (c.length - 1) + "/" + c.length);
          x.sendResponseHeaders(206, c.length - 7);
          x.getResponseBody().write(c, 7, c.length - 7);
          return true;
        });
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void aTransferThatStallsGoesOn() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/model.safetensors", (x, c) -> stall(x, c, 1000, 2000));
    assertDownloaded(download(), "model.safetensors");
    assertTrue(retried.getFirst().contains("nothing came for 500 ms"), retried::toString);
  }

  @Test
  void aTransferThatStallsForEver() {
    TinyModels.single(hub, ID);
    FakeHub.Fault stall = (x, c) -> stall(x, c, 0, 2000);
    hub.fault("GET", "/vocab.txt", stall, stall, stall, stall);
    fails(HubException.Timeout.class, "nothing came for 500 ms", "HF_HUB_DOWNLOAD_TIMEOUT");
  }

  @Test
  void aSignedAddressThatHasExpiredIsMadeAnew() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/model.safetensors", (x, _) -> answer(x, 403, ""));
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void bytesThatAreWrongOnce() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/model.safetensors", this::corrupt);
    hub.fault("GET", "/config.json", this::corrupt);
    assertDownloaded(download(), "model.safetensors", "config.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json"})
  void bytesThatAreWrongAlways(String file) {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/" + file, this::corrupt, this::corrupt);
    fails(HubException.ChecksumMismatch.class, file, "nothing was kept");
    assertFalse(
        Files.exists(cache.resolve("models--org--name/snapshots/" + FakeHub.COMMIT + "/" + file)));
  }

  @Test
  void moreBytesThanSaid() {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/config.json",
        (x, c) -> {
          x.sendResponseHeaders(200, c.length + 1000);
          x.getResponseBody().write(new byte[c.length + 1000]);
          return true;
        });
    fails(HubException.SizeMismatch.class, "config.json", "longer");
  }

  @Test
  void fewerBytesThanSaid() {
    TinyModels.single(hub, ID);
    FakeHub.Fault shorter =
        (x, c) -> {
          x.sendResponseHeaders(200, c.length - 5);
          x.getResponseBody().write(c, 0, c.length - 5);
          return true;
        };
    hub.fault("GET", "/config.json", shorter, shorter, shorter, shorter);
    fails(HubException.Unreachable.class, "ended after");
  }

  @Test
  void compressionThatNobodyAskedFor() {
    TinyModels.single(hub, ID);
    FakeHub.Fault zipped =
        (x, c) -> {
          x.getResponseHeaders().set("Content-Encoding", "gzip");
          x.sendResponseHeaders(200, c.length);
          x.getResponseBody().write(c);
          return true;
        };
    hub.fault("GET", "/config.json", zipped, zipped, zipped, zipped);
    fails(HubException.BadResponse.class, "gzip");
  }

  @Test
  void nobodyListens() {
    hub.close();
    fails(HubException.Unreachable.class, "connection refused", "HF_ENDPOINT", "proxy");
  }

  @Test
  void aHostThatHasNoAddress() throws IOException {
    settings = new SettingsEdit(settings).endpoint("http://gatun.invalid");
    fails(HubException.Unreachable.class, "host name is not known");
  }

  // What is no hub

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

  // Helpers

  private boolean corrupt(HttpExchange exchange, byte[] content) throws IOException {
    byte[] wrong = content.clone();
    wrong[wrong.length / 2] ^= 1;
    exchange.sendResponseHeaders(200, wrong.length);
    exchange.getResponseBody().write(wrong);
    return true;
  }

  private static boolean cut(HttpExchange exchange, byte[] content, int from, int to)
      throws IOException {
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content, from, to - from);
    exchange.getResponseBody().flush();
    FakeHub.pause(50);
    return true;
  }

  private static boolean stall(HttpExchange exchange, byte[] content, int sent, long millis)
      throws IOException {
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content, 0, sent);
    exchange.getResponseBody().flush();
    FakeHub.pause(millis);
    return true;
  }

  private static boolean answer(HttpExchange exchange, int status, String code) throws IOException {
    FakeHub.error(exchange, status, code, "");
    return true;
  }

  private static boolean limited(HttpExchange exchange, String header, String value)
      throws IOException {
    exchange.getResponseHeaders().set(header, value);
    exchange.sendResponseHeaders(429, -1);
    return true;
  }

  private static boolean text(HttpExchange exchange, String body) throws IOException {
    exchange.sendResponseHeaders(200, body.length());
    exchange.getResponseBody().write(body.getBytes());
    return true;
  }

  private HubSettings withToken(String token) {
    return new SettingsEdit(settings).token(new HubToken(token, "the test"));
  }

  private HubSettings withLinks(boolean links) {
    return new SettingsEdit(settings).links(links);
  }

  private HubSettings offline() {
    return new SettingsEdit(settings).offline();
  }
}
