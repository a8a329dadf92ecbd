package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.GatunException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that answer without end, or hardly at all: every wait has a limit. */
class RudeServerTest {
  @TempDir Path directory;
  private HubSettings settings;

  @BeforeEach
  void start() throws IOException {
    try (var hub = new FakeHub()) {
      settings = hub.settings(directory.resolve("hub"));
    }
  }

  private <T extends GatunException> void fails(Class<T> type, String... parts) {
    var hub = new Hub(settings, HubListener.NONE);
    T e = assertThrows(type, () -> hub.download("org/name", "main"));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
    }
  }

  /** A server that sends this and then a byte now and then. */
  private final class Rude implements AutoCloseable {
    private final ServerSocket socket;

    Rude(String head, String drip, long millis) throws IOException {
      socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      Thread.ofVirtual()
          .start(
              () -> {
                while (!socket.isClosed()) {
                  try {
                    Socket client = socket.accept();
                    Thread.ofVirtual().start(() -> answer(client, head, drip, millis));
                  } catch (IOException e) {
                    return;
                  }
                }
              });
      settings = new SettingsEdit(settings).endpoint("http://127.0.0.1:" + socket.getLocalPort());
    }

    private static void answer(Socket client, String head, String drip, long millis) {
      try (client) {
        OutputStream out = client.getOutputStream();
        out.write(head.getBytes(StandardCharsets.ISO_8859_1));
        while (true) {
          out.write(drip.getBytes(StandardCharsets.ISO_8859_1));
          out.flush();
          Thread.sleep(millis);
        }
      } catch (IOException | InterruptedException e) {
        // the client has gone
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void headersThatNeverEnd() throws IOException {
    try (var _ = new Rude("HTTP/1.1 200 OK\r\n", "X-" + "a".repeat(5000) + ": b\r\n", 0)) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(60),
          () -> fails(HubException.Unreachable.class, "Header size too big"));
    }
  }

  @Test
  void headersThatDrip() throws IOException {
    settings = quick();
    try (var _ = new Rude("HTTP/1.1 200 OK\r\nX: ", "a", 100)) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(30), () -> fails(HubException.Timeout.class, "did not answer"));
    }
  }

  @Test
  void aBodyThatDrips() throws IOException {
    settings = quick();
    try (var _ = new Rude("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", " ", 100)) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(30), () -> fails(HubException.Timeout.class, "only"));
    }
  }

  @Test
  void aListingWithoutEnd() throws IOException {
    try (var _ =
        new Rude(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{", " ".repeat(1 << 20), 0)) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(60), () -> fails(HubException.BadResponse.class, "more than"));
    }
  }

  @Test
  void notHttp() throws IOException {
    settings = quick();
    try (var _ = new Rude("SSH-2.0-OpenSSH_9.2\r\n", "", 1000)) {
      assertTimeoutPreemptively(
          Duration.ofSeconds(30), () -> fails(HubException.Unreachable.class));
    }
  }

  private HubSettings quick() {
    return new HubSettings(
        settings.endpoint(),
        settings.token(),
        false,
        settings.cache(),
        true,
        Duration.ofMillis(700),
        Duration.ofMillis(500),
        Duration.ofMillis(700),
        1,
        Duration.ofMillis(5),
        Duration.ofSeconds(1),
        2);
  }
}
