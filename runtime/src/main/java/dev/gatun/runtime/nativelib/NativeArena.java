package dev.gatun.runtime.nativelib;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Memory and packed weights of one context that are freed together, once. Segments of a closed
 * arena throw IllegalStateException, also when given to a kernel. The context stays in being until
 * its last arena is closed.
 */
public final class NativeArena implements AutoCloseable {

  private static final long RETRY_NANOS = 50_000;

  private final NativeContext context;
  private final Arena arena = Arena.ofShared();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @throws IllegalStateException if the context is closed
   */
  public NativeArena(NativeContext context) {
    this.context = context;
    context.retain();
  }

  /**
   * Device memory, 64-byte aligned, contents undefined.
   *
   * @throws dev.gatun.NativeOutOfMemoryException if there is none
   */
  @SuppressWarnings("restricted") // the size and the free function are those of the allocation
  public MemorySegment allocate(long bytes) {
    requireOpen();
    MemorySegment memory = context.allocate(bytes);
    try {
      return memory.reinterpret(bytes, arena, context::free);
    } catch (IllegalStateException e) { // closed meanwhile
      context.free(memory);
      throw e;
    }
  }

  /** Zeroed host memory for what the host writes and reads: messages, parameter structs. */
  public MemorySegment allocateHost(long bytes) {
    return arena.allocate(bytes, 64);
  }

  /**
   * An empty packed matrix, to be filled by {@link NativeContext#packLinear}.
   *
   * @param outFeatures rows of the weights; those of a gated layer are gates, then as many that
   *     they multiply
   */
  @SuppressWarnings("restricted") // the destroy function is that of the creation
  public MemorySegment createLinear(long inFeatures, long outFeatures, boolean gated) {
    requireOpen();
    MemorySegment linear = context.createLinear(inFeatures, outFeatures, gated);
    try {
      return linear.reinterpret(arena, context::destroyLinear);
    } catch (IllegalStateException e) {
      context.destroyLinear(linear);
      throw e;
    }
  }

  public NativeContext context() {
    return context;
  }

  public boolean isOpen() {
    return !closed.get();
  }

  /** Frees everything, after kernels that still read it have returned. Closing twice is allowed. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      closeWhenIdle(arena);
      context.release();
    }
  }

  /**
   * Closes a shared arena as soon as no call holds one of its segments. Such a call makes {@link
   * Arena#close()} throw and leaves the arena open: it lasts milliseconds, so we try again instead
   * of counting calls ourselves.
   */
  static void closeWhenIdle(Arena arena) {
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException e) {
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException("native memory was already freed");
    }
  }
}
