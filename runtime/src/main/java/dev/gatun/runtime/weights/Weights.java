package dev.gatun.runtime.weights;

import dev.gatun.runtime.nativelib.NativeArena;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.MemoryOwner;

/**
 * Everything that a model computed from its checkpoint and keeps in device memory: packed matrices,
 * fp32 copies of vectors. Freed once, by the model's {@code close()}. On the CPU embedding tables
 * stay in the mapped checkpoint, which must be closed after this.
 */
public final class Weights implements MemoryOwner, AutoCloseable {

  private final NativeArena arena;

  public Weights(NativeContext context) {
    this.arena = new NativeArena(context);
  }

  @Override
  public NativeContext context() {
    return arena.context();
  }

  @Override
  public void requireOpen() {
    if (!arena.isOpen()) {
      throw new IllegalStateException("the model's weights are closed");
    }
  }

  NativeArena arena() {
    return arena;
  }

  /**
   * Frees all weights, after calls that still read them. What those calls have queued on a GPU is
   * waited for by closing their workspaces, which comes first. Closing twice is allowed.
   */
  @Override
  public void close() {
    arena.close();
  }
}
