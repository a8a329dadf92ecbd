package dev.gatun.runtime.tensor;

import dev.gatun.runtime.nativelib.NativeContext;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The workspaces of one model, reused from call to call. Bounded in count, and so the gate that
 * decides how many calls run at once: further callers wait their turn.
 *
 * <p>{@link #close()} lets no new call in, waits for those that run and frees all memory. A thread
 * must not acquire a second workspace of a pool while it holds one: with every caller doing so,
 * none could go on.
 */
public final class WorkspacePool implements AutoCloseable {

  private final NativeContext context;
  private final int size;
  private final long retained;
  private final Deque<WorkspaceMemory> idle = new ArrayDeque<>();
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition changed = lock.newCondition();
  private int inUse;
  private boolean closed;

  /**
   * @param size most workspaces in use at once
   * @param retained most bytes that an idle workspace keeps
   */
  public WorkspacePool(NativeContext context, int size, long retained) {
    if (size < 1) {
      throw new IllegalArgumentException("a pool of " + size + " workspaces");
    }
    this.context = context;
    this.size = size;
    this.retained = retained;
  }

  /**
   * A workspace for one call; close it to return it. Waits while all are in use.
   *
   * @throws IllegalStateException if the pool is closed, before or while waiting
   */
  public Workspace acquire() {
    WorkspaceMemory memory;
    lock.lock();
    try {
      while (!closed && inUse == size) {
        changed.awaitUninterruptibly();
      }
      if (closed) {
        throw new IllegalStateException("the model is closed");
      }
      inUse++;
      memory = idle.pollLast(); // the last used: its memory is warm
    } finally {
      lock.unlock();
    }
    if (memory == null) {
      try {
        memory = new WorkspaceMemory(context, Long.MAX_VALUE);
        memory.retainAtMost(retained);
      } catch (RuntimeException | Error e) {
        returnPlace(null);
        throw e;
      }
    }
    return new Workspace(memory, this);
  }

  void giveBack(WorkspaceMemory memory) {
    try {
      memory.scratch().synchronize();
      memory.reset();
    } catch (RuntimeException | Error e) {
      try (memory) {
        returnPlace(null);
      }
      throw e;
    }
    returnPlace(memory);
  }

  private void returnPlace(WorkspaceMemory memory) {
    lock.lock();
    try {
      inUse--;
      if (memory != null) {
        idle.addLast(memory);
      }
      // All: a close() may wait beside the callers.
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Workspaces in use. */
  public int inUse() {
    lock.lock();
    try {
      return inUse;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the calls that run, then frees all memory. Closing twice is allowed. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      while (inUse > 0) {
        changed.awaitUninterruptibly();
      }
      while (!idle.isEmpty()) {
        idle.pollLast().close();
      }
    } finally {
      lock.unlock();
    }
  }
}
