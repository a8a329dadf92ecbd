package dev.gatun.runtime.weights;

import dev.gatun.runtime.tensor.MemoryOwner;
import java.lang.foreign.MemorySegment;

/**
 * {@code y = x W^T + b}, weights packed for the device; one layer or several fused side by side.
 */
public final class Linear {

  private final String name;
  private final MemoryOwner owner;
  private final MemorySegment handle;
  private final long inFeatures;
  private final long outFeatures;

  Linear(String name, MemoryOwner owner, MemorySegment handle, long inFeatures, long outFeatures) {
    this.name = name;
    this.owner = owner;
    this.handle = handle;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
  }

  /** Where it is in the checkpoint, for messages. */
  public String name() {
    return name;
  }

  /** Columns of x. */
  public long inFeatures() {
    return inFeatures;
  }

  /** Columns of y, all parts together; of a gated layer those of one part. */
  public long outFeatures() {
    return outFeatures;
  }

  public MemoryOwner owner() {
    return owner;
  }

  /** The gt_linear, for kernels. */
  public MemorySegment handle() {
    return handle;
  }

  /** As in {@code encoder.layer.0.output.dense (3072 -> 768)}. */
  @Override
  public String toString() {
    return name + " (" + inFeatures + " -> " + outFeatures + ")";
  }
}
