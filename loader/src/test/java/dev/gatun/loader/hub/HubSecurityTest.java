package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.GatunException;
import dev.gatun.loader.safetensors.SafetensorsException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hub, a model or a network that means harm. */
class HubSecurityTest {
  private static final String ID = "org/name";
  private static final String SECRET = "hf_verySecretToken";

  @TempDir Path directory;
  private FakeHub hub;
  private Path cache;
  private HubSettings settings;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    cache = directory.resolve("hub");
    settings = new SettingsEdit(hub.settings(cache)).token(new HubToken(SECRET, "the test"));
  }

  @AfterEach
  void stop() throws IOException {
    hub.close();
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> outside = files.filter(f -> !f.equals(cache) && !f.endsWith("elsewhere")).toList();
      assertEquals(List.of(), outside, "written outside the cache");
    }
  }

  private Path download() {
    return new Hub(settings, HubListener.NONE).download(ID, "main");
  }

  private <T extends GatunException> T fails(Class<T> type, String... parts) {
    T e = assertThrows(type, this::download);
    var trace = new StringWriter();
    e.printStackTrace(new PrintWriter(trace));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
    }
    assertFalse(trace.toString().contains(SECRET), "the token is in the exception");
    assertFalse(trace.toString().contains("Signature"), "a signature is in the exception");
    return e;
  }

  // Names

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../../elsewhere/model.safetensors",
        "/tmp/model.safetensors",
        "a/../../model.safetensors",
        "..\\\\model.safetensors",
        "C:model.safetensors",
        "a//b.safetensors",
        "./model.safetensors",
        ".. /model.safetensors",
        "",
        "a\\u0000b",
      })
  void shardsThatLeadElsewhere(String shard) {
    TinyModels.sharded(hub, ID)
        .file(
            "model.safetensors.index.json",
            "{\"metadata\": {}, \"weight_map\": {\"a\": \"" + shard + "\"}}");
    fails(HubException.UnsafeName.class, "model.safetensors.index.json names the file");
    assertEquals(0, hub.count("GET", "/model-1.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "../other", "/etc", "a/../..", "\\u0000", "~/../.."})
  void modulesThatLeadElsewhere(String path) {
    TinyModels.sentence(hub, ID)
        .file("modules.json", "[{\"path\": \"" + path + "\", \"type\": \"a.Dense\"}]");
    fails(HubException.UnsafeName.class, "modules.json names the file");
  }

  @Test
  void filesOfTheListingThatLeadElsewhereAreNoFiles() throws IOException {
    TinyModels.single(hub, ID).file("../../../escaped.json", "x").file("/abs.json", "x");
    HubException e =
        assertThrows(
            HubException.class,
            () ->
                new Hub(settings, HubListener.NONE)
                    .download(ID, "main", List.of("*escaped*", "/abs*")));
    assertTrue(e instanceof HubException.FileNotFound, e::toString);
    download();
    assertEquals(0, hub.requests.stream().filter(r -> r.path().contains("escaped")).count());
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../x", "a/b", "", "..", ".hidden", "a\\b"})
  void etagsThatAreNoFileNames(String etag) {
    TinyModels.single(hub, ID);
    hub.fault(
        "HEAD",
        "/config.json",
        (x, c) -> {
          x.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
          x.getResponseHeaders().set("ETag", "\"" + etag + "\"");
          x.sendResponseHeaders(200, -1);
          return true;
        });
    fails(HubException.BadResponse.class, "ETag");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../x", "0123", "ABCDEF7890abcdef1234567890abcdef12345678"})
  void commitsThatAreNone(String commit) {
    TinyModels.single(hub, ID).revisions.put("main", commit);
    fails(HubException.BadResponse.class, "commit");
  }

  @Test
  void foldersThatAreLinksAreNotWrittenThrough() throws IOException {
    TinyModels.sentence(hub, ID);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path snapshot = cache.resolve("models--org--name/snapshots/" + FakeHub.COMMIT);
    Files.createDirectories(snapshot);
    Files.createSymbolicLink(snapshot.resolve("1_Pooling"), elsewhere);
    fails(HubException.UnsafeName.class, "1_Pooling is a link");
    try (Stream<Path> files = Files.list(elsewhere)) {
      assertEquals(0, files.count());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {".locks", ".locks/models--org--name"})
  void foldersOfLocksToo(String folder) throws IOException {
    TinyModels.single(hub, ID);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.createDirectories(cache.resolve(folder).getParent());
    Files.createSymbolicLink(cache.resolve(folder), elsewhere);
    fails(HubException.UnsafeName.class, folder + " is a link");
    try (Stream<Path> files = Files.list(elsewhere)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aFileThatIsALinkIsReplacedNotWrittenThrough() throws IOException {
    TinyModels.single(hub, ID);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path snapshot = cache.resolve("models--org--name/snapshots/" + FakeHub.COMMIT);
    Files.createDirectories(snapshot);
    Files.createSymbolicLink(snapshot.resolve("config.json"), elsewhere.resolve("made"));
    Path refs = Files.createDirectories(cache.resolve("models--org--name/refs"));
    Files.createSymbolicLink(refs.resolve("main"), elsewhere.resolve("ref"));
    download();
    try (Stream<Path> files = Files.list(elsewhere)) {
      assertEquals(0, files.count());
    }
  }

  // The token

  @Test
  void theTokenGoesToTheHubAlone() {
    TinyModels.single(hub, ID);
    download();
    assertTrue(hub.requests.stream().anyMatch(FakeHub.Request::store));
    for (FakeHub.Request request : hub.requests) {
      if (request.store()) {
        assertNull(request.authorization(), request::path);
      } else {
        assertEquals("Bearer " + SECRET, request.authorization(), request::path);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET /revision/main", "HEAD /config.json", "GET /config.json"})
  void theTokenDoesNotFollowARedirect(String at) throws IOException {
    TinyModels.single(hub, ID);
    try (var mirror = new FakeHub()) {
      TinyModels.single(mirror, ID);
      String[] where = at.split(" ");
      hub.fault(
          where[0],
          where[1],
          (x, _) -> {
            FakeHub.redirect(x, 308, mirror.endpoint() + x.getRequestURI().getRawPath());
            return true;
          });
      download();
      assertTrue(mirror.requests.size() > 0);
      mirror.requests.forEach(request -> assertNull(request.authorization(), request::path));
    }
  }

  @Test
  void theTokenShowsNowhere() {
    var environment =
        new HubEnvironment(
            Map.of("HF_TOKEN", SECRET, "HF_ENDPOINT", hub.endpoint().toString()), directory);
    assertFalse(environment.toString().contains(SECRET));
    assertFalse(HubSettings.of(environment).toString().contains(SECRET));
    assertEquals("(token)", environment.token().orElseThrow().toString());
    // The JDK would put the header into the message of its own exception.
    for (String bad : List.of(SECRET + "\r\nX: y", SECRET + " x", SECRET + "é", SECRET + "\0")) {
      var broken = new HubEnvironment(Map.of("HF_TOKEN", bad), directory);
      HubException e = assertThrows(HubException.InvalidToken.class, broken::token);
      assertFalse(e.toString().contains(SECRET), e::toString);
    }
    fails(HubException.RepositoryNotFound.class);
    TinyModels.single(hub, ID).token = "other";
    fails(HubException.Forbidden.class);
    hub.close();
    fails(HubException.Unreachable.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://user:pass@host", "ftp://host", "host", "http://", "http://a b"})
  void endpointsThatAreNone(String endpoint) {
    var environment = new HubEnvironment(Map.of("HF_ENDPOINT", endpoint), directory);
    HubException e = assertThrows(HubException.BadSetting.class, environment::endpoint);
    assertFalse(e.getMessage().contains("pass"), e::getMessage);
  }

  // Redirects

  @Test
  void redirectsWithoutEnd() {
    TinyModels.single(hub, ID);
    FakeHub.Fault again =
        (x, _) -> {
          FakeHub.redirect(x, 302, x.getRequestURI().getRawPath());
          return true;
        };
    for (int i = 0; i < 30; i++) {
      hub.fault("GET", "/revision/main", again);
    }
    fails(HubException.BadRedirect.class, "more than 10 times");
    assertEquals(11, hub.requests.size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"file:///etc/passwd", "ftp://x/y", "http://a b/", "//", "http://u:p@127.0.0.1/x"})
  void redirectsToNowhere(String location) {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/config.json",
        (x, _) -> {
          FakeHub.redirect(x, 302, location);
          return true;
        });
    fails(HubException.BadRedirect.class);
  }

  @Test
  void fromHttpsToHttpIsNotFollowed() {
    HubException e =
        assertThrows(
            HubException.BadRedirect.class,
            () -> HubUrls.redirect(URI.create("https://a/b"), "http://a/c"));
    assertTrue(e.getMessage().contains("https to http"), e::getMessage);
  }

  @Test
  void aFileLargerThanTheDisk() {
    TinyModels.single(hub, ID);
    hub.fault(
        "HEAD",
        "/model.safetensors",
        (x, c) -> {
          x.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
          x.getResponseHeaders().set("ETag", "\"" + FakeHub.sha256(c) + "\"");
          x.getResponseHeaders().set("X-Linked-Size", "900000000000000000");
          x.sendResponseHeaders(200, -1);
          return true;
        });
    fails(HubException.CacheFailure.class, "900000000000000000", "free");
    assertEquals(0, hub.count("GET", "/model.safetensors"));
  }

  @Test
  void aSafetensorsHeaderThatClaimsTooMuch() {
    byte[] huge =
        ByteBuffer.allocate(200_000).order(ByteOrder.LITTLE_ENDIAN).putLong(25_000_001).array();
    TinyModels.single(hub, ID).file("model.safetensors", huge);
    SafetensorsException e =
        assertThrows(
            SafetensorsException.class,
            () -> new Hub(settings, HubListener.NONE).inspect(ID, "main"));
    assertEquals(SafetensorsException.Kind.HEADER_TOO_LARGE, e.kind());
    assertEquals(8, hub.contentBytes.get() - hub.repository(ID).files.get("config.json").length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "{", "{\"weight_map\": []}", "{\"weight_map\": {}}", "\u0000"})
  void indexesThatAreNone(String index) {
    TinyModels.sharded(hub, ID).file("model.safetensors.index.json", index);
    fails(HubException.BadResponse.class, "model.safetensors.index.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[", "7"})
  void modulesThatAreNone(String modules) {
    TinyModels.sentence(hub, ID).file("modules.json", modules);
    fails(HubException.BadResponse.class, "modules.json");
  }
}
