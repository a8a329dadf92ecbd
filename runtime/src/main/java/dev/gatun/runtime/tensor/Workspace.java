package dev.gatun.runtime.tensor;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.CallScratch;
import dev.gatun.runtime.nativelib.NativeContext;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The activations of one forward call: allocation moves a pointer, and everything goes at once on
 * {@link #close()}. Used by one thread at a time.
 *
 * <p>A layer marks, allocates, computes and releases, so that all layers share the same memory:
 *
 * <pre>{@code
 * long mark = workspace.mark();
 * ...
 * workspace.release(mark);
 * }</pre>
 */
public final class Workspace implements MemoryOwner, AutoCloseable {

  private static final long RETAINED = 256L << 20;

  /** In bytes, after which the sets of a first-level cache come again. */
  private static final long CACHE_SET_PERIOD = 4096;

  private static final long CACHE_LINE = 64;

  // Guarded by this object's monitor: a close() by another thread, a mistake, must not corrupt it.
  private final WorkspaceMemory memory;
  private final WorkspacePool pool;
  private volatile boolean closed;

  /**
   * @param pool where the memory goes back to, or null to free it
   */
  Workspace(WorkspaceMemory memory, WorkspacePool pool) {
    this.memory = memory;
    this.pool = pool;
  }

  /** A workspace of its own, unbounded; models take theirs from a {@link WorkspacePool}. */
  public static Workspace open(NativeContext context) {
    return open(context, Long.MAX_VALUE);
  }

  /**
   * A workspace of its own.
   *
   * @param limit most bytes it may hold; beyond, allocation throws {@link
   *     dev.gatun.NativeOutOfMemoryException}
   */
  public static Workspace open(NativeContext context, long limit) {
    WorkspaceMemory memory = new WorkspaceMemory(context, limit);
    memory.retainAtMost(RETAINED);
    return new Workspace(memory, null);
  }

  /** An F32 matrix, contents undefined. */
  public Tensor tensor(long rows, long columns) {
    return tensor(DType.F32, rows, columns);
  }

  /**
   * A matrix, contents undefined.
   *
   * @param dtype F32 or BF16
   */
  public Tensor tensor(DType dtype, long rows, long columns) {
    return allocate(dtype, Shape.of(rows, columns));
  }

  /**
   * The same, with a gap between rows whose addresses would else agree in what chooses a cache set.
   * Then kernels that read a block of rows side by side, linear layers and attention, neither lose
   * them again nor copy them. For what is wide and soon read: a multilayer perceptron's middle, the
   * parts of a fused projection.
   */
  public Tensor spreadTensor(DType dtype, long rows, long columns) {
    long elementBytes = Tensor.elementBytes(dtype);
    if (rows <= 1 || columns == 0 || columns * elementBytes % CACHE_SET_PERIOD != 0) {
      return tensor(dtype, rows, columns);
    }
    Tensor whole = tensor(dtype, rows, columns + CACHE_LINE / elementBytes);
    return whole.columns(0, columns);
  }

  /** An F32 vector, contents undefined. */
  public Tensor vector(long size) {
    return allocate(DType.F32, Shape.of(size));
  }

  /** An I32 vector with these values, in host memory: token ids, row indices, offsets. */
  public Tensor ints(int... values) {
    Tensor tensor = allocate(DType.I32, Shape.of(values.length));
    MemorySegment.copy(values, 0, tensor.segment(), ValueLayout.JAVA_INT, 0, values.length);
    return tensor;
  }

  /** An F32 matrix with these values in row order. */
  public Tensor floats(long rows, long columns, float... values) {
    Shape shape = Shape.of(rows, columns);
    if (shape.elementCount() != values.length) {
      throw new IllegalArgumentException(values.length + " values do not fill shape " + shape);
    }
    Tensor tensor = allocate(DType.F32, shape);
    scratch().upload(MemorySegment.ofArray(values), tensor.segment());
    return tensor;
  }

  /** The present position, for {@link #release}. */
  public synchronized long mark() {
    requireOpen();
    return memory.position();
  }

  /**
   * Gives back what was allocated after {@code mark} was taken. Its tensors must not be used any
   * more.
   */
  public synchronized void release(long mark) {
    requireOpen();
    memory.release(mark);
  }

  /** Gives back everything, keeping memory for the next use. Tensors must not be used any more. */
  public synchronized void reset() {
    requireOpen();
    memory.reset();
  }

  /** Bytes of native memory held. */
  public synchronized long capacity() {
    requireOpen();
    return memory.capacity();
  }

  /** What a kernel call of this workspace's user writes its message and parameters to. */
  public CallScratch scratch() {
    requireOpen();
    return memory.scratch();
  }

  /** What {@link #gather} began. */
  public interface Gathering extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Until the result is closed, a GPU may be given the ops of this workspace's user as one: for a
   * step that comes again and again with the same ops and shapes, as in decoding. It makes no other
   * difference, and none on the CPU.
   */
  public Gathering gather() {
    scratch().gather();
    return memory.scratch()::submit;
  }

  /**
   * Until this has been called, what was computed here may only be read by ops of this workspace.
   */
  public void publish() {
    scratch().synchronize();
  }

  @Override
  public void download(MemorySegment source, MemorySegment host) {
    scratch().download(source, host);
  }

  @Override
  public NativeContext context() {
    return memory.context();
  }

  @Override
  public void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the workspace is closed");
    }
  }

  /**
   * Frees the memory, or returns it to its pool, after all ops. Closing twice is allowed.
   *
   * @throws dev.gatun.KernelException if an op that a GPU had only queued failed
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (pool == null) {
      try (memory) {
        memory.scratch().synchronize();
      }
    } else {
      pool.giveBack(memory);
    }
  }

  private synchronized Tensor allocate(DType dtype, Shape shape) {
    requireOpen();
    long bytes = Math.multiplyExact(shape.elementCount(), Tensor.elementBytes(dtype));
    MemorySegment segment =
        dtype == DType.I32 ? memory.allocateHost(bytes) : memory.allocate(bytes);
    return new Tensor(this, segment, dtype, shape);
  }
}
