package dev.gatun.runtime.tensor;

import dev.gatun.runtime.nativelib.NativeContext;
import java.lang.foreign.MemorySegment;

/**
 * What tensors' memory belongs to: a workspace, a model's weights, a cache. A tensor is usable
 * while its owner is.
 */
public interface MemoryOwner {

  /** The context whose device the memory is of. */
  NativeContext context();

  /**
   * @throws IllegalStateException if the memory was given back
   */
  void requireOpen();

  /** Copies F32 memory of this owner to host memory, once what was called to write it is done. */
  default void download(MemorySegment source, MemorySegment host) {
    context().download(source, host);
  }
}
