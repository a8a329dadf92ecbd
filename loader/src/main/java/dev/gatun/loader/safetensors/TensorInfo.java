package dev.gatun.loader.safetensors;

import java.util.List;

/**
 * One tensor as its file's header describes it: row-major, little-endian, with no promise about
 * alignment.
 *
 * @param shape dimensions, outermost first; empty for a scalar
 * @param begin first byte, counted from the start of the file's data section
 * @param end one past the last byte, counted likewise
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long begin, long end) {
  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Number of elements: 1 for a scalar, 0 where a dimension is 0. */
  public long elementCount() {
    long count = 1;
    for (long dimension : shape) {
      count = Math.multiplyExact(count, dimension);
    }
    return count;
  }

  public long byteSize() {
    return end - begin;
  }
}
