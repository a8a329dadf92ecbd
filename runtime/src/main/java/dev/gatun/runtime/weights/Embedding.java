package dev.gatun.runtime.weights;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.tensor.MemoryOwner;
import java.lang.foreign.MemorySegment;

/**
 * A table {@code [rows, features]} of which rows are looked up, read as the checkpoint stores it
 * and on the CPU where.
 */
public final class Embedding {

  private final String name;
  private final MemoryOwner owner;
  private final MemorySegment table;
  private final DType dtype;
  private final long rows;
  private final long features;

  Embedding(
      String name, MemoryOwner owner, MemorySegment table, DType dtype, long rows, long features) {
    this.name = name;
    this.owner = owner;
    this.table = table;
    this.dtype = dtype;
    this.rows = rows;
    this.features = features;
  }

  /** Where it is in the checkpoint, for messages. */
  public String name() {
    return name;
  }

  /** Number of ids. */
  public long rows() {
    return rows;
  }

  public long features() {
    return features;
  }

  public MemoryOwner owner() {
    return owner;
  }

  /** The rows, adjacent, in {@link #dtype()}. */
  public MemorySegment table() {
    return table;
  }

  /** F32, F16, BF16 or F64. */
  public DType dtype() {
    return dtype;
  }

  /** As in {@code embeddings.word_embeddings [30522, 768]}. */
  @Override
  public String toString() {
    return name + " [" + rows + ", " + features + "]";
  }
}
