package dev.gatun.runtime.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.NativeOutOfMemoryException;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkspaceTest {

  private static final long MIB = 1 << 20;

  private final NativeContext context =
      NativeContext.open(ContextOptions.defaults().withThreads(1));

  @AfterEach
  void close() {
    context.close();
  }

  @Test
  void tensorsAreAlignedAndDoNotOverlap() {
    try (Workspace workspace = Workspace.open(context)) {
      long end = 0;
      for (int columns = 1; columns < 40; columns++) {
        Tensor tensor = workspace.tensor(3, columns);
        assertEquals(0, tensor.segment().address() % 64);
        assertTrue(tensor.segment().address() >= end);
        end = tensor.segment().address() + tensor.segment().byteSize();
      }
    }
  }

  @Test
  void rowsThatWouldShareCacheSetsAreSpread() {
    try (Workspace workspace = Workspace.open(context)) {
      assertEquals(Shape.of(3, 4096), workspace.spreadTensor(DType.F32, 3, 4096).shape());
      assertEquals(4096 + 16, workspace.spreadTensor(DType.F32, 3, 4096).rowStride());
      assertEquals(2304, workspace.spreadTensor(DType.F32, 3, 2304).rowStride());
      assertTrue(workspace.spreadTensor(DType.F32, 1, 1024).isContiguous());
      assertEquals(Shape.of(0, 1024), workspace.spreadTensor(DType.F32, 0, 1024).shape());
      assertEquals(Shape.of(3, 0), workspace.spreadTensor(DType.F32, 3, 0).shape());
      assertEquals(4096 + 32, workspace.spreadTensor(DType.BF16, 3, 4096).rowStride());
      assertEquals(1024, workspace.spreadTensor(DType.BF16, 3, 1024).rowStride());
    }
  }

  @Test
  void layersReuseMemory() {
    try (Workspace workspace = Workspace.open(context)) {
      Tensor stays = workspace.floats(1, 2, 5, 6);
      long mark = workspace.mark();
      long address = workspace.tensor(1000, 100).segment().address();
      for (int layer = 0; layer < 100; layer++) {
        workspace.release(mark);
        assertEquals(address, workspace.tensor(1000, 100).segment().address());
      }
      assertArrayEquals(new float[] {5, 6}, stays.toFloatArray());
      assertTrue(workspace.capacity() < MIB);
    }
  }

  @Test
  void marksReachAcrossChunks() {
    try (Workspace workspace = Workspace.open(context)) {
      Tensor first = workspace.floats(1, 1, 1);
      long outer = workspace.mark();
      workspace.tensor(500, 1000);
      long inner = workspace.mark();
      Tensor third = workspace.tensor(2000, 1000);
      workspace.release(inner);
      assertEquals(third.segment().address(), workspace.tensor(2000, 1000).segment().address());
      long held = workspace.capacity();
      workspace.release(outer);
      workspace.tensor(2000, 1000);
      assertEquals(held, workspace.capacity(), "no chunk was added");
      assertArrayEquals(new float[] {1}, first.toFloatArray());
    }
  }

  @Test
  void releasedMemoryReadsAsNaN() {
    try (Workspace workspace = Workspace.open(context)) {
      long mark = workspace.mark();
      Tensor tensor = workspace.floats(1, 2, 5, 6);
      workspace.release(mark);

      // With assertions enabled, as in tests: a stale read must not look like a result.
      assertArrayEquals(new float[] {Float.NaN, Float.NaN}, tensor.toFloatArray());
      assertThrows(IllegalArgumentException.class, () -> workspace.release(mark + 1000));
      assertThrows(IllegalArgumentException.class, () -> workspace.release(-1));
    }
  }

  @Test
  void resetKeepsOneChunkAsLargeAsWasUsed() {
    try (Workspace workspace = Workspace.open(context)) {
      for (int i = 0; i < 20; i++) {
        workspace.tensor(256, 1024); // 1 MiB
      }
      workspace.reset();
      workspace.tensor(256, 1024);
      long capacity = workspace.capacity();
      assertTrue(capacity >= 20 * MIB && capacity < 21 * MIB, "holds " + capacity);
      for (int i = 1; i < 20; i++) {
        workspace.tensor(256, 1024);
      }
      assertEquals(capacity, workspace.capacity());
    }
  }

  @Test
  void growthIsBounded() {
    try (Workspace workspace = Workspace.open(context, 4 * MIB)) {
      workspace.tensor(768, 1024); // 3 MiB
      NativeOutOfMemoryException e =
          assertThrows(NativeOutOfMemoryException.class, () -> workspace.tensor(512, 1024));
      assertEquals(
          "a workspace holds 3145728 bytes and may hold 4194304: no room for 2097152 more",
          e.getMessage());
      workspace.tensor(256, 1024); // what is left
    }
  }

  @Test
  void closedWorkspaceIsRefused() {
    long before = context.bytes();
    Workspace workspace = Workspace.open(context);
    workspace.tensor(1, 1);
    workspace.close();
    workspace.close();

    assertEquals(before, context.bytes());
    assertThrows(IllegalStateException.class, () -> workspace.tensor(1, 1));
    assertThrows(IllegalStateException.class, () -> workspace.ints(1));
    assertThrows(IllegalStateException.class, workspace::mark);
    assertThrows(IllegalStateException.class, workspace::reset);
    assertThrows(IllegalStateException.class, workspace::scratch);
  }

  @Test
  void poolReusesMemoryButNotWorkspaces() {
    try (WorkspacePool pool = new WorkspacePool(context, 2, MIB)) {
      Workspace first = pool.acquire();
      Tensor tensor = first.tensor(10, 10);
      long address = tensor.segment().address();
      first.close();
      first.close();
      try (Workspace second = pool.acquire()) {
        assertEquals(address, second.tensor(10, 10).segment().address());
        // The memory is someone else's now.
        assertThrows(IllegalStateException.class, tensor::toFloatArray);
        assertThrows(IllegalStateException.class, () -> first.tensor(1, 1));
        assertEquals(1, pool.inUse());
      }
      assertEquals(0, pool.inUse());
    }
  }

  @Test
  void idleWorkspaceKeepsNoMoreThanItMay() {
    try (WorkspacePool pool = new WorkspacePool(context, 1, MIB)) {
      long before = context.bytes();
      try (Workspace workspace = pool.acquire()) {
        workspace.tensor(1024, 1024); // 4 MiB
        assertTrue(context.bytes() >= before + 4 * MIB);
      }
      assertTrue(context.bytes() <= before + MIB);
    }
  }

  @Test
  void callersBeyondThePoolWait() throws Exception {
    try (WorkspacePool pool = new WorkspacePool(context, 1, MIB);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Workspace held = pool.acquire();
      Future<Workspace> waiting = threads.submit(pool::acquire);
      assertThrows(TimeoutException.class, () -> waiting.get(50, TimeUnit.MILLISECONDS));
      held.close();
      waiting.get(10, TimeUnit.SECONDS).close();
    }
  }

  @Test
  void closeWaitsForCallsAndRefusesLaterOnes() throws Exception {
    long before = context.bytes();
    WorkspacePool pool = new WorkspacePool(context, 1, MIB);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Workspace running = pool.acquire();
      Tensor tensor = running.floats(1, 1, 7);
      Future<Workspace> waiting = threads.submit(pool::acquire);
      CountDownLatch closing = new CountDownLatch(1);
      Future<?> close =
          threads.submit(
              () -> {
                closing.countDown();
                pool.close();
              });
      closing.await();
      ExecutionException refused =
          assertThrows(ExecutionException.class, () -> waiting.get(10, TimeUnit.SECONDS));
      assertSame(IllegalStateException.class, refused.getCause().getClass());
      assertThrows(IllegalStateException.class, pool::acquire);
      assertThrows(TimeoutException.class, () -> close.get(50, TimeUnit.MILLISECONDS));
      assertArrayEquals(new float[] {7}, tensor.toFloatArray(), "the call goes on");

      running.close();

      close.get(10, TimeUnit.SECONDS);
      assertEquals(before, context.bytes());
    }
  }
}
