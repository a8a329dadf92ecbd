package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many who want the same model at once: its bytes come once. */
class SharedDownloadTest {
  private static final String ID = "org/name";

  @TempDir Path cache;
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    TinyModels.sentence(hub, ID).file("model.safetensors", TinyModels.safetensors("w", 200_000, 9));
    hub.bytesPerSecond = 1_000_000;
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void eightProcesses() throws Exception {
    Map<String, String> environment =
        Map.of("HF_ENDPOINT", hub.endpoint().toString(), "HF_HUB_CACHE", cache.toString());
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      processes.add(ChildDownload.start(environment, ID));
    }
    String snapshot = ChildDownload.output(processes.getFirst()).strip();
    for (Process process : processes) {
      if (process != processes.getFirst()) {
        assertEquals(snapshot, ChildDownload.output(process).strip());
      }
    }
    assertEquals(bytes(Path.of(snapshot)), hub.contentBytes.get());
  }

  @Test
  void eightThreads() throws Exception {
    var client = new Hub(hub.settings(cache), HubListener.NONE);
    Callable<Path> download = () -> client.download(ID, "main");
    List<Future<Path>> running = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 8; i++) {
        running.add(threads.submit(download));
      }
    }
    assertEquals(bytes(running.getFirst().get()), hub.contentBytes.get());
  }

  /** The child has 64 MB of memory. */
  @Test
  void aFileLargerThanMemory() throws Exception {
    hub.bytesPerSecond = 0;
    hub.repository(ID).file("model.safetensors", TinyModels.safetensors("w", 25_000_000, 1));
    Map<String, String> environment =
        Map.of("HF_ENDPOINT", hub.endpoint().toString(), "HF_HUB_CACHE", cache.toString());
    Path snapshot = Path.of(ChildDownload.output(ChildDownload.start(environment, ID)).strip());
    assertEquals(
        hub.repository(ID).files.get("model.safetensors").length,
        Files.size(snapshot.resolve("model.safetensors")));
  }

  private static long bytes(Path snapshot) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(snapshot)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }
}
