package dev.gatun.runtime.ops;

import static dev.gatun.runtime.testing.Values.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.config.Activation;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.KvCache;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.tensor.WorkspacePool;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.Linear;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many callers at once, closing under load, and memory over many lives. */
class LifetimeTest {

  private static final int HIDDEN = 64;
  private static final ContextOptions OPTIONS = ContextOptions.defaults().withThreads(2);

  @TempDir static Path directory;

  @BeforeAll
  static void writeCheckpoint() throws IOException {
    new TestModel.Builder()
        .add("a.weight", Shape.of(HIDDEN, HIDDEN), random(1, HIDDEN * HIDDEN))
        .add("a.bias", Shape.of(HIDDEN), random(2, HIDDEN))
        .write(directory.resolve("a.safetensors"));
  }

  private static TestModel<Linear> load(NativeContext context) {
    return TestModel.open(
        directory.resolve("a.safetensors"), context, scope -> scope.linear("a", HIDDEN, HIDDEN));
  }

  private static float[] forward(Ops ops, Workspace workspace, Linear linear, int rows) {
    Tensor x = workspace.floats(rows, HIDDEN, random(rows, rows * HIDDEN));
    Sequences sequences = Sequences.of(workspace, rows);
    for (int layer = 0; layer < 3; layer++) {
      long mark = workspace.mark();
      Tensor y = ops.linear(workspace, linear, x, Epilogue.activation(Activation.GELU_ERF));
      Tensor z =
          ops.attention(workspace, y, y, y, AttentionOptions.of(4, 16), sequences, sequences);
      ops.linear(workspace, linear, z, Epilogue.residual(x).withScale(0.1f), x);
      workspace.release(mark);
    }
    return x.toFloatArray();
  }

  @Test
  void manyVirtualThreadsShareOneModel() throws Exception {
    try (NativeContext context = NativeContext.open(OPTIONS);
        TestModel<Linear> model = load(context);
        WorkspacePool pool = new WorkspacePool(context, 3, 1 << 20);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Ops ops = new Ops(context);
      List<float[]> expected = new ArrayList<>();
      for (int rows = 1; rows <= 8; rows++) {
        try (Workspace workspace = pool.acquire()) {
          expected.add(forward(ops, workspace, model.model(), rows));
        }
      }
      List<Future<float[]>> results = new ArrayList<>();
      for (int call = 0; call < 200; call++) {
        int rows = call % 8 + 1;
        results.add(
            threads.submit(
                () -> {
                  try (Workspace workspace = pool.acquire()) {
                    return forward(ops, workspace, model.model(), rows);
                  }
                }));
      }
      for (int call = 0; call < 200; call++) {
        assertArrayEquals(expected.get(call % 8), results.get(call).get());
      }
    }
  }

  /**
   * Everything is closed in the worst order while calls run: each call ends well or with an ISE.
   */
  @Test
  void closingUnderLoadNeverCrashes() throws Exception {
    for (int round = 0; round < 20; round++) {
      NativeContext context = NativeContext.open(OPTIONS);
      TestModel<Linear> model = load(context);
      Ops ops = new Ops(context);
      AtomicInteger finished = new AtomicInteger();
      try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
        List<Workspace> workspaces = new ArrayList<>();
        List<Future<?>> callers = new ArrayList<>();
        for (int caller = 0; caller < 3; caller++) {
          Workspace workspace = Workspace.open(context);
          workspaces.add(workspace);
          callers.add(
              threads.submit(
                  () -> {
                    try {
                      while (true) {
                        forward(ops, workspace, model.model(), 9);
                        finished.incrementAndGet();
                        workspace.reset();
                      }
                    } catch (IllegalStateException closed) {
                      return;
                    }
                  }));
        }
        while (finished.get() < 3) {
          Thread.onSpinWait();
        }
        if (round % 2 == 0) {
          model.close();
          workspaces.forEach(Workspace::close);
          context.close();
        } else {
          context.close();
          workspaces.forEach(Workspace::close);
          model.close();
        }
        for (Future<?> caller : callers) {
          caller.get();
        }
      }
    }
  }

  @Test
  void memoryIsFlatOverAThousandLives() throws IOException {
    life(); // warm: caches, classes
    for (int i = 0; i < 200; i++) {
      life();
    }
    long before = residentBytes();
    for (int i = 0; i < 1000; i++) {
      life();
    }
    long growth = residentBytes() - before;
    // One life holds more than 1 MiB of native memory: a leak of it would show as 1 GiB.
    assertTrue(growth < 100 << 20, "resident memory grew by " + growth);
  }

  private static void life() {
    try (NativeContext context = NativeContext.open(OPTIONS)) {
      use(context); // the context keeps its threads' scratch
      long baseline = context.bytes();
      use(context);
      assertEquals(baseline, context.bytes());
    }
  }

  private static void use(NativeContext context) {
    try (TestModel<Linear> model = load(context);
        Workspace workspace = Workspace.open(context);
        KvCache cache = new KvCache(context, 1, 1, HIDDEN, HIDDEN, 1000)) {
      Tensor x = workspace.tensor(4096, HIDDEN); // 1 MiB
      x.segment().fill((byte) 0);
      new Ops(context).linear(workspace, model.model(), x.rows(0, 5));
      cache.extend(workspace, Sequences.of(workspace, 100)).commit();
      assertTrue(context.bytes() > 1 << 20);
    }
  }

  private static long residentBytes() throws IOException {
    System.gc();
    String pages = Files.readString(Path.of("/proc/self/statm")).split(" ")[1];
    return Long.parseLong(pages) * 4096;
  }
}
