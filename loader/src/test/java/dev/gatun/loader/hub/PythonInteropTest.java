package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One cache, two clients: this one and the real huggingface_hub. */
class PythonInteropTest {
  private static final String ID = "org/name";

  private static final String DOWNLOAD =
      """
      import sys
      from huggingface_hub import hf_hub_download
      for name in sys.argv[2:]:
          print(hf_hub_download(sys.argv[1], name))
      """;

  private static final String SNAPSHOT =
      """
      import sys
      from huggingface_hub import snapshot_download
      print(snapshot_download(sys.argv[1], allow_patterns=sys.argv[2:] or None, max_workers=4))
      """;

  private static final String HOLD_LOCK =
      """
      import sys
      from huggingface_hub.utils import WeakFileLock
      with WeakFileLock(sys.argv[1]):
          print("held", flush=True)
          sys.stdin.readline()
      print("released", flush=True)
      """;

  private static final String TRY_LOCK =
      """
      import sys
      from filelock import Timeout
      from huggingface_hub.utils import WeakFileLock
      try:
          with WeakFileLock(sys.argv[1], timeout=0.3):
              print("free")
      except Timeout:
          print("taken")
      """;

  @TempDir Path directory;
  private FakeHub hub;
  private Path cache;

  @BeforeEach
  void start() throws Exception {
    Python.require();
    hub = new FakeHub();
    cache = directory.resolve("hub");
  }

  @AfterEach
  void stop() {
    if (hub != null) {
      hub.close();
    }
  }

  private Map<String, String> environment(String... settings) {
    Map<String, String> environment =
        new HashMap<>(
            Map.of(
                "HF_ENDPOINT", hub.endpoint().toString(),
                "HF_HUB_CACHE", cache.toString(),
                "HF_HOME", directory.resolve("home").toString(),
                "HF_HUB_DISABLE_PROGRESS_BARS", "1",
                "HF_HUB_DISABLE_TELEMETRY", "1"));
    for (String setting : settings) {
      environment.put(setting.split("=")[0], setting.split("=")[1]);
    }
    return environment;
  }

  private Path locate(String id, String... settings) {
    return ModelLocator.standard(new HubEnvironment(environment(settings), directory))
        .locateFiles(id, "main");
  }

  private static final String[] LOADED = {
    "config.json",
    "modules.json",
    "tokenizer.json",
    "1_Pooling/config.json",
    "2_Dense/model.safetensors",
    "model.safetensors"
  };

  @ParameterizedTest
  @ValueSource(strings = {"0", "1"})
  void pythonReadsWhatJavaWrote(String noLinks) throws Exception {
    TinyModels.sentence(hub, ID);
    Path snapshot = locate(ID, "HF_HUB_DISABLE_SYMLINKS=" + noLinks);
    hub.requests.clear();
    // With a network Python asks what is new and transfers nothing; without, it asks nobody.
    String online = Python.run(environment(), DOWNLOAD, args(ID, LOADED));
    assertEquals(0, hub.requests.stream().filter(r -> r.method().equals("GET")).count());
    hub.requests.clear();
    String offline = Python.run(environment("HF_HUB_OFFLINE=1"), DOWNLOAD, args(ID, LOADED));
    assertEquals(0, hub.requests.size());
    assertEquals(online, offline);
    String[] paths = offline.split("\n");
    for (int i = 0; i < LOADED.length; i++) {
      assertEquals(snapshot.resolve(LOADED[i]).toString(), paths[i]);
      assertArrayEquals(
          hub.repository(ID).files.get(LOADED[i]), Files.readAllBytes(Path.of(paths[i])));
    }
    assertEquals(
        snapshot.toString(),
        Python.run(environment("HF_HUB_OFFLINE=1"), SNAPSHOT, args(ID, LOADED)));
    // What this client found absent Python knows to be absent.
    assertEquals(
        "True",
        Python.run(
            environment("HF_HUB_OFFLINE=1"),
            """
            import sys
            from huggingface_hub import try_to_load_from_cache, _CACHED_NO_EXIST
            print(try_to_load_from_cache(sys.argv[1], "generation_config.json") is _CACHED_NO_EXIST)
            """,
            ID));
    assertEquals(
        "model " + ID + " 1",
        Python.run(
            environment(),
            """
            from huggingface_hub import scan_cache_dir
            info = scan_cache_dir()
            assert not info.warnings, info.warnings
            for repo in info.repos:
                print(repo.repo_type, repo.repo_id, len(repo.revisions))
            """));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1"})
  void javaReadsWhatPythonWrote(String noLinks) throws Exception {
    TinyModels.sentence(hub, ID);
    String snapshot = Python.run(environment("HF_HUB_DISABLE_SYMLINKS=" + noLinks), SNAPSHOT, ID);
    hub.requests.clear();
    assertEquals(snapshot, locate(ID).toString());
    assertEquals(0, hub.requests.size(), "Python's list of files says that nothing is missing");
    assertEquals(snapshot, locate(ID, "HF_HUB_OFFLINE=1").toString());
  }

  @Test
  void javaCompletesWhatPythonBegan() throws Exception {
    TinyModels.sentence(hub, ID);
    Python.run(environment(), DOWNLOAD, ID, "config.json", "model.safetensors", "vocab.txt");
    long before = hub.contentBytes.get();
    Path snapshot = locate(ID);
    for (String file : LOADED) {
      assertArrayEquals(
          hub.repository(ID).files.get(file), Files.readAllBytes(snapshot.resolve(file)));
    }
    assertTrue(hub.contentBytes.get() - before < 10_000, "the weights were not fetched again");
    before = hub.contentBytes.get();
    assertEquals(snapshot.toString(), Python.run(environment(), SNAPSHOT, args(ID, LOADED)));
    assertEquals(before, hub.contentBytes.get());
  }

  @Test
  void bothLeaveTheSameTree() throws Exception {
    TinyModels.sentence(hub, ID).revisions.put("refs/pr/7", FakeHub.COMMIT);
    hub.repository("old").movedTo = ID;
    for (String id : new String[] {ID, "old"}) {
      Path java = directory.resolve("java-" + id.length());
      Path python = directory.resolve("python-" + id.length());
      var mine = new Hub(hub.settings(java), HubListener.NONE);
      mine.download(id, "refs/pr/7");
      Path snapshot = mine.download(id, "main");
      String[] files;
      try (Stream<Path> all = Files.walk(snapshot)) {
        files =
            all.filter(Files::isRegularFile)
                .map(f -> snapshot.relativize(f).toString())
                .toArray(String[]::new);
      }
      for (String revision : new String[] {"main", "refs/pr/7"}) {
        Python.run(
            environment("HF_HUB_CACHE=" + python),
            """
            import sys
            from huggingface_hub import hf_hub_download
            for name in sys.argv[3:]:
                hf_hub_download(sys.argv[1], name, revision=sys.argv[2])
            """,
            args(id, args(revision, files)));
      }
      assertEquals(tree(python), tree(java));
    }
  }

  /** Every path with what it is: a link's target, a file's mode and content. */
  private static Map<String, String> tree(Path root) throws IOException {
    Map<String, String> tree = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.toList()) {
        String name = root.relativize(path).toString();
        if (name.contains(".no_exist")) {
          continue;
        }
        tree.put(
            name,
            Files.isSymbolicLink(path)
                ? "-> " + Files.readSymbolicLink(path)
                : Files.isDirectory(path)
                    ? "folder"
                    : PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS))
                        + " "
                        + FakeHub.sha256(Files.readAllBytes(path)));
      }
    }
    return tree;
  }

  @Test
  void eachWaitsForTheOthersLock() throws Exception {
    Path lock = Files.createDirectories(directory.resolve("locks")).resolve("x.lock");
    try (CacheLock _ = CacheLock.acquire(lock, _ -> {})) {
      assertEquals("taken", Python.run(environment(), TRY_LOCK, lock.toString()));
    }
    assertEquals("free", Python.run(environment(), TRY_LOCK, lock.toString()));
    Process holder = Python.start(environment(), HOLD_LOCK, lock.toString());
    assertEquals("held", holder.inputReader().readLine());
    var told = new AtomicInteger();
    Thread release =
        Thread.ofVirtual()
            .start(
                () -> {
                  FakeHub.pause(500);
                  try {
                    holder.outputWriter().append("\n").flush();
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    long start = System.nanoTime();
    try (CacheLock _ = CacheLock.acquire(lock, _ -> told.incrementAndGet())) {
      assertTrue(System.nanoTime() - start > 400_000_000L, "the lock was held by Python");
      assertEquals(1, told.get());
    }
    release.join();
    assertEquals("released", holder.inputReader().readLine());
    assertEquals(0, holder.waitFor());
  }

  @Test
  void aKilledHolderGivesTheLockBack() throws Exception {
    Path lock = Files.createDirectories(directory.resolve("locks")).resolve("x.lock");
    Process holder = Python.start(environment(), HOLD_LOCK, lock.toString());
    assertEquals("held", holder.inputReader().readLine());
    holder.destroyForcibly().waitFor();
    try (CacheLock _ = CacheLock.acquire(lock, _ -> {})) {
      assertEquals("taken", Python.run(environment(), TRY_LOCK, lock.toString()));
    }
  }

  @Test
  void eightProcessesOfBothKindsTransferEachByteOnce() throws Exception {
    TinyModels.sentence(hub, ID).file("model.safetensors", TinyModels.safetensors("w", 400_000, 9));
    hub.bytesPerSecond = 2_000_000;
    Set<Process> processes = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      processes.add(ChildDownload.start(environment(), ID));
      processes.add(Python.start(environment(), SNAPSHOT, args(ID, LOADED)));
    }
    Set<String> snapshots = new TreeSet<>();
    for (Process process : processes) {
      snapshots.add(ChildDownload.output(process).strip());
    }
    assertEquals(1, snapshots.size(), snapshots::toString);
    Path snapshot = Path.of(snapshots.iterator().next());
    long bytes = 0;
    try (Stream<Path> files = Files.walk(snapshot)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = snapshot.relativize(file).toString();
        assertArrayEquals(hub.repository(ID).files.get(name), Files.readAllBytes(file), name);
        bytes += Files.size(file);
      }
    }
    assertEquals(bytes, hub.contentBytes.get());
  }

  private static String[] args(String first, String... rest) {
    return Stream.concat(Stream.of(first), Stream.of(rest)).toArray(String[]::new);
  }
}
