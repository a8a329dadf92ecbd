package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import org.junit.jupiter.api.io.TempDir;

/** What tests of a download share: a hub that may misbehave, a cache, and what must hold after. */
abstract class FakeHubTest {
  static final String ID = "org/name";

  @TempDir Path directory;
  FakeHub hub;
  Path cache;
  HubSettings settings;
  final List<String> retried = Collections.synchronizedList(new ArrayList<>());

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

  Hub client() {
    return new Hub(
        settings,
        new HubListener() {
          @Override
          public void retrying(String what, int attempt, Duration wait, String reason) {
            retried.add(what + " " + attempt + " " + wait + " " + reason);
          }
        });
  }

  Path download() {
    return client().download(ID, "main");
  }

  <T extends GatunException> T fails(Class<T> type, String... parts) {
    T e = assertThrows(type, this::download);
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
    }
    assertNothingHalf();
    return e;
  }

  /** No temporary file is left, and what a snapshot shows is whole. */
  void assertNothingHalf() {
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

  void assertDownloaded(Path snapshot, String... files) throws IOException {
    for (String file : files) {
      assertArrayEquals(
          hub.repository(ID).files.get(file), Files.readAllBytes(snapshot.resolve(file)), file);
    }
    assertNothingHalf();
  }

  boolean corrupt(HttpExchange exchange, byte[] content) throws IOException {
    byte[] wrong = content.clone();
    wrong[wrong.length / 2] ^= 1;
    exchange.sendResponseHeaders(200, wrong.length);
    exchange.getResponseBody().write(wrong);
    return true;
  }

  static boolean cut(HttpExchange exchange, byte[] content, int from, int to) throws IOException {
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content, from, to - from);
    exchange.getResponseBody().flush();
    FakeHub.pause(50);
    return true;
  }

  static boolean stall(HttpExchange exchange, byte[] content, int sent, long millis)
      throws IOException {
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content, 0, sent);
    exchange.getResponseBody().flush();
    FakeHub.pause(millis);
    return true;
  }

  static boolean answer(HttpExchange exchange, int status, String code) throws IOException {
    FakeHub.error(exchange, status, code, "");
    return true;
  }

  static boolean limited(HttpExchange exchange, String header, String value) throws IOException {
    exchange.getResponseHeaders().set(header, value);
    exchange.sendResponseHeaders(429, -1);
    return true;
  }

  static boolean text(HttpExchange exchange, String body) throws IOException {
    exchange.sendResponseHeaders(200, body.length());
    exchange.getResponseBody().write(body.getBytes());
    return true;
  }

  HubSettings withToken(String token) {
    return new SettingsEdit(settings).token(new HubToken(token, "the test"));
  }

  HubSettings withLinks(boolean links) {
    return new SettingsEdit(settings).links(links);
  }

  HubSettings offline() {
    return new SettingsEdit(settings).offline();
  }
}
