package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small rules: settings, waits, patterns, addresses. */
class HubDetailsTest {
  @TempDir Path home;

  private HubEnvironment environment(String... settings) {
    Map<String, String> variables = new HashMap<>();
    for (String setting : settings) {
      variables.put(
          setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
    }
    return new HubEnvironment(variables, home);
  }

  private static Optional<String> header(HubEnvironment environment) {
    return environment.token().map(HubToken::header);
  }

  @Test
  void tokensInTheirOrder() throws IOException {
    assertEquals(Optional.empty(), header(environment()));
    Path file = home.resolve(".cache/huggingface/token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "  of-file\n");
    assertEquals(Optional.of("Bearer of-file"), header(environment()));
    assertEquals(Optional.of("Bearer old"), header(environment("HUGGING_FACE_HUB_TOKEN=old")));
    assertEquals(
        Optional.of("Bearer new"),
        header(environment("HUGGING_FACE_HUB_TOKEN=old", "HF_TOKEN= new\n")));
    assertEquals(
        Optional.empty(), header(environment("HF_TOKEN=a", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1")));
    Files.writeString(home.resolve("other"), "elsewhere");
    assertEquals(Optional.of("Bearer elsewhere"), header(environment("HF_TOKEN_PATH=~/other")));
    assertEquals(Optional.empty(), header(environment("HF_TOKEN_PATH=~/absent")));
  }

  @Test
  void settingsAsThePythonClientReadsThem() {
    assertEquals(URI.create("https://huggingface.co"), environment().endpoint());
    assertEquals(
        URI.create("http://localhost:80/hub"),
        environment("HF_ENDPOINT=http://localhost:80/hub//").endpoint());
    for (String yes : List.of("1", "on", "Yes", "TRUE")) {
      assertTrue(environment("HF_HUB_OFFLINE=" + yes).isOffline());
      assertTrue(environment("TRANSFORMERS_OFFLINE=" + yes).isOffline());
      assertFalse(environment("HF_HUB_DISABLE_SYMLINKS=" + yes).mayLink());
    }
    assertFalse(environment("HF_HUB_OFFLINE=0", "TRANSFORMERS_OFFLINE=1").isOffline());
    assertFalse(environment("HF_HUB_OFFLINE=true-ish").isOffline());
    assertEquals(Duration.ofSeconds(10), environment().etagTimeout());
    assertEquals(Duration.ofSeconds(3), environment("HF_HUB_ETAG_TIMEOUT=3").etagTimeout());
    assertEquals(
        Duration.ofSeconds(90), environment("HF_HUB_DOWNLOAD_TIMEOUT=90").downloadTimeout());
    for (String bad : List.of("x", "-1", "1.5", "99999999999")) {
      HubException e =
          assertThrows(
              HubException.BadSetting.class,
              environment("HF_HUB_ETAG_TIMEOUT=" + bad)::etagTimeout);
      assertTrue(e.getMessage().contains("HF_HUB_ETAG_TIMEOUT"), e::getMessage);
    }
  }

  @Test
  void waitsThatServersAskFor() {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    assertEquals(Optional.of(Duration.ofSeconds(7)), wait(now, "Retry-After", "7"));
    assertEquals(
        Optional.of(Duration.ofSeconds(30)),
        wait(now, "Retry-After", "Thu, 01 Jan 2026 00:00:30 GMT"));
    assertEquals(
        Optional.of(Duration.ZERO), wait(now, "Retry-After", "Wed, 01 Jan 2025 00:00:30 GMT"));
    assertEquals(Optional.of(Duration.ofSeconds(56)), wait(now, "ratelimit", "\"api\";r=0;t=55"));
    for (String none : List.of("", "soon", "-5", "1e9", "99999999999999999999")) {
      assertEquals(Optional.empty(), wait(now, "Retry-After", none));
    }
    assertEquals(Optional.empty(), wait(now, "RateLimit", "\"api\";r=3;t=55"));
  }

  private static Optional<Duration> wait(Instant now, String name, String value) {
    return RetryAfter.of(HttpHeaders.of(Map.of(name, List.of(value)), (_, _) -> true), now);
  }

  @Test
  void waitsBeforeRetries() {
    HubSettings settings = HubSettings.of(environment());
    assertEquals(
        List.of(1L, 2L, 4L, 8L, 8L),
        List.of(1, 2, 3, 4, 5).stream().map(n -> settings.backoff(n).toSeconds()).toList());
  }

  @Test
  void patternsAsThePythonClientReadsThem() {
    assertTrue(new Globs(List.of("*.json")).match("1_Pooling/config.json"));
    assertTrue(new Globs(List.of("1_*/")).match("1_Pooling/config.json"));
    assertTrue(new Globs(List.of("model-0000[1-3]?of*")).match("model-00002-of-3.safetensors"));
    assertFalse(new Globs(List.of("model-0000[!1-3]*")).match("model-00002-of-3.safetensors"));
    assertFalse(new Globs(List.of("config.json")).match("configXjson"));
    assertFalse(new Globs(List.of("a[", "(")).match("a"));
    assertTrue(new Globs(List.of("a[", "(")).match("a["));
    assertTrue(new Globs(List.of("[]x]*")).match("]."));
    assertTrue(new Globs(List.of("[!]a]*")).match("b"));
    assertFalse(new Globs(List.of("[!]a]*")).match("]b"));
    assertTrue(new Globs(List.of("[^a-]")).match("^"));
    assertTrue(new Globs(List.of("[^a-]")).match("-"));
    assertFalse(new Globs(List.of("[z-a]")).match("b"));
    assertTrue(new Globs(List.of("[!z-a]")).match("b"));
  }

  @Test
  void originsAreSchemeHostAndPort() {
    URI hub = URI.create("https://Huggingface.co");
    assertTrue(HubHttp.sameOrigin(hub, URI.create("https://huggingface.co:443/x")));
    for (String other :
        List.of(
            "http://huggingface.co/",
            "https://huggingface.co:444/",
            "https://huggingface.co.evil.org/",
            "https://cdn.huggingface.co/")) {
      assertFalse(HubHttp.sameOrigin(hub, URI.create(other)), other);
    }
  }

  @Test
  void hashesOfGitAndSha256() throws IOException {
    Path file = Files.writeString(home.resolve("f"), "hello\n");
    // git hash-object, sha256sum
    assertTrue(ContentCheck.matches(file, "ce013625030ba8dba906f756967f9e9ca394464a"));
    assertTrue(
        ContentCheck.matches(
            file, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"));
    assertFalse(ContentCheck.matches(file, "ce013625030ba8dba906f756967f9e9ca394464b"));
    assertTrue(ContentCheck.matches(file, "etag-of-another-kind"));
  }
}
