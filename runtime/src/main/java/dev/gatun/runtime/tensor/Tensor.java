package dev.gatun.runtime.tensor;

import dev.gatun.Device;
import dev.gatun.loader.safetensors.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * A vector or matrix: a small immutable value that says where, of what type and shape. F32 is in
 * device memory; I32, what kernels look up by, is in host memory on every device. It owns nothing;
 * the memory belongs to a {@link MemoryOwner} and using the tensor after that is closed is an
 * IllegalStateException.
 *
 * <p>Elements of a row are adjacent; rows of a matrix lie {@link #rowStride()} elements apart,
 * which lets {@link #columns} view a part of each row without copying.
 */
public final class Tensor {

  private static final long LONG_TRANSFER = 1 << 24;

  private final MemoryOwner owner;
  private final MemorySegment segment;
  private final DType dtype;
  private final Shape shape;
  private final long rowStride;

  /**
   * @param segment from the first element at least to the last
   * @param dtype F32, I32, or BF16 for what only products read
   * @param shape of rank 1 or 2
   * @param rowStride elements between rows, at least the columns
   * @throws IllegalArgumentException if the segment is too small for the shape
   */
  public Tensor(
      MemoryOwner owner, MemorySegment segment, DType dtype, Shape shape, long rowStride) {
    this.owner = Objects.requireNonNull(owner, "owner");
    this.segment = segment;
    this.dtype = dtype;
    this.shape = shape;
    this.rowStride = rowStride;
    if (dtype != DType.F32 && dtype != DType.I32 && dtype != DType.BF16) {
      throw new IllegalArgumentException("a tensor is F32, I32 or BF16, not " + dtype);
    }
    if (shape.rank() != 1 && shape.rank() != 2) {
      throw new IllegalArgumentException("a tensor is a vector or a matrix, not of shape " + shape);
    }
    if (rowStride < columns()) {
      throw new IllegalArgumentException("rows of " + shape + " overlap: row stride " + rowStride);
    }
    long bytes = extent();
    if (segment.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + shape
              + " and row stride "
              + rowStride
              + " takes "
              + bytes
              + " bytes, given "
              + segment.byteSize());
    }
  }

  /** A tensor whose rows are adjacent. */
  public Tensor(MemoryOwner owner, MemorySegment segment, DType dtype, Shape shape) {
    this(owner, segment, dtype, shape, shape.size(shape.rank() - 1));
  }

  /**
   * A tensor without memory, for what is only declared: it has a shape, and any use of its values
   * throws.
   */
  public static Tensor placeholder(MemoryOwner owner, Shape shape) {
    return new Tensor(owner, shape);
  }

  private Tensor(MemoryOwner owner, Shape shape) {
    this.owner = owner;
    this.segment = MemorySegment.NULL;
    this.dtype = DType.F32;
    this.shape = shape;
    this.rowStride = shape.size(shape.rank() - 1);
  }

  public MemoryOwner owner() {
    return owner;
  }

  /** The memory from the first element on; with gaps unless {@link #isContiguous()}. */
  public MemorySegment segment() {
    return segment;
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  public Device device() {
    return owner.context().device();
  }

  /** Rows of a matrix; 1 for a vector. */
  public long rows() {
    return shape.rank() == 1 ? 1 : shape.size(0);
  }

  /** Columns of a matrix; the length of a vector. */
  public long columns() {
    return shape.size(shape.rank() - 1);
  }

  /** Elements between the starts of consecutive rows. */
  public long rowStride() {
    return rowStride;
  }

  /** Whether rows are adjacent. */
  public boolean isContiguous() {
    return rowStride == columns() || rows() <= 1 || columns() == 0;
  }

  /** View of rows {@code [from, to)} of a matrix. */
  public Tensor rows(long from, long to) {
    return slice(from, to, 0, columns());
  }

  /** View of one row of a matrix, as a matrix of one row. */
  public Tensor row(long index) {
    return slice(index, Math.addExact(index, 1), 0, columns());
  }

  /** View of columns {@code [from, to)} of a matrix, with the row stride of the whole. */
  public Tensor columns(long from, long to) {
    return slice(0, rows(), from, to);
  }

  /**
   * View of a rectangle of a matrix.
   *
   * @throws IndexOutOfBoundsException if it reaches outside
   */
  public Tensor slice(long fromRow, long toRow, long fromColumn, long toColumn) {
    if (shape.rank() != 2) {
      throw new IllegalArgumentException("slices are of matrices, not of shape " + shape);
    }
    Objects.checkFromToIndex(fromRow, toRow, rows());
    Objects.checkFromToIndex(fromColumn, toColumn, columns());
    long rows = toRow - fromRow;
    long columns = toColumn - fromColumn;
    long bytes = extent(rows, columns, rowStride, dtype);
    // An empty view may begin behind the last element, where no slice can.
    long begin = bytes == 0 ? 0 : (fromRow * rowStride + fromColumn) * elementBytes(dtype);
    return new Tensor(
        owner, segment.asSlice(begin, bytes), dtype, Shape.of(rows, columns), rowStride);
  }

  /**
   * The values in row order, copied to the heap.
   *
   * @throws IllegalStateException if the memory was given back
   */
  public float[] toFloatArray() {
    return toFloatArray(new float[0]);
  }

  /**
   * The values in row order, copied to {@code reuse} if that has exactly their number, else to a
   * new array.
   *
   * @throws IllegalStateException if the memory was given back
   */
  public float[] toFloatArray(float[] reuse) {
    if (dtype != DType.F32) {
      throw new IllegalStateException(this + " holds no floats");
    }
    int count = Math.toIntExact(shape.elementCount());
    float[] values = reuse.length == count ? reuse : new float[count];
    download(MemorySegment.ofArray(values));
    return values;
  }

  /**
   * The values of consecutive groups of rows, each group in an array of its own.
   *
   * @param counts rows of each group
   * @throws IllegalStateException if the memory was given back
   */
  public float[][] toFloatArrays(int... counts) {
    // A transfer from a device waits for it: better one for all, unless it is long anyway.
    boolean atOnce =
        !owner.context().isHost() && counts.length > 1 && shape.elementCount() <= LONG_TRANSFER;
    float[] all = atOnce ? toFloatArray() : null;
    float[][] groups = new float[counts.length][];
    int row = 0;
    for (int i = 0; i < counts.length; i++) {
      int end = row + counts[i];
      groups[i] =
          atOnce
              ? Arrays.copyOfRange(all, row * (int) columns(), end * (int) columns())
              : rows(row, end).toFloatArray();
      row = end;
    }
    return groups;
  }

  /**
   * The values of each row in an array of its own.
   *
   * @throws IllegalStateException if the memory was given back
   */
  public float[][] toRowArrays() {
    int[] one = new int[Math.toIntExact(rows())];
    Arrays.fill(one, 1);
    return toFloatArrays(one);
  }

  /**
   * The values in row order, copied to the heap.
   *
   * @throws IllegalStateException if the memory was given back
   */
  public int[] toIntArray() {
    if (dtype != DType.I32) {
      throw new IllegalStateException(this + " holds no ints");
    }
    int[] values = new int[Math.toIntExact(shape.elementCount())];
    download(MemorySegment.ofArray(values));
    return values;
  }

  private void download(MemorySegment target) {
    owner.requireOpen();
    owner.context().requireOpen();
    MemorySegment values = segment;
    if (dtype == DType.F32 && !owner.context().isHost()) {
      if (isContiguous()) {
        owner.download(segment.asSlice(0, target.byteSize()), target);
        return;
      }
      // One transfer with the gaps: one per row would wait for the device as often.
      values = MemorySegment.ofArray(new float[Math.toIntExact(extent() / Float.BYTES)]);
      owner.download(segment.asSlice(0, values.byteSize()), values);
    }
    if (isContiguous()) {
      MemorySegment.copy(values, 0, target, 0, target.byteSize());
      return;
    }
    long rowBytes = columns() * Float.BYTES;
    for (long row = 0; row < rows(); row++) {
      long from = row * rowStride * Float.BYTES;
      MemorySegment.copy(values, from, target, row * rowBytes, rowBytes);
    }
  }

  /** As in {@code F32[3, 768]}. */
  @Override
  public String toString() {
    return dtype.name() + shape;
  }

  /** Bytes from the first element to the last. */
  private long extent() {
    return extent(rows(), columns(), rowStride, dtype);
  }

  /** Bytes of one element of a tensor's dtype. */
  static long elementBytes(DType dtype) {
    return dtype.bits() / 8;
  }

  private static long extent(long rows, long columns, long rowStride, DType dtype) {
    if (rows == 0 || columns == 0) {
      return 0;
    }
    return Math.multiplyExact(
        Math.addExact(Math.multiplyExact(rows - 1, rowStride), columns), elementBytes(dtype));
  }
}
