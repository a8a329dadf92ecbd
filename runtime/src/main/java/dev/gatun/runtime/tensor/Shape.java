package dev.gatun.runtime.tensor;

import java.util.Arrays;
import java.util.List;

/** Dimensions, outermost first. */
public final class Shape {

  private final long[] sizes;

  private Shape(long[] sizes) {
    this.sizes = sizes;
    for (long size : sizes) {
      if (size < 0) {
        throw new IllegalArgumentException("negative size in shape " + this);
      }
    }
  }

  /** A vector. */
  public static Shape of(long size) {
    return new Shape(new long[] {size});
  }

  /** A matrix. */
  public static Shape of(long rows, long columns) {
    return new Shape(new long[] {rows, columns});
  }

  /** A shape as the loader states it. */
  public static Shape of(List<Long> sizes) {
    return new Shape(sizes.stream().mapToLong(Long::longValue).toArray());
  }

  public int rank() {
    return sizes.length;
  }

  /** Size of dimension {@code dimension}, 0 being the outermost. */
  public long size(int dimension) {
    return sizes[dimension];
  }

  /**
   * Product of all sizes.
   *
   * @throws ArithmeticException if it exceeds a long
   */
  public long elementCount() {
    long count = 1;
    for (long size : sizes) {
      count = Math.multiplyExact(count, size);
    }
    return count;
  }

  public List<Long> toList() {
    return Arrays.stream(sizes).boxed().toList();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /** As in {@code [3, 768]}. */
  @Override
  public String toString() {
    return Arrays.toString(sizes);
  }
}
