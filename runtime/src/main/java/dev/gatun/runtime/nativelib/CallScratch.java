package dev.gatun.runtime.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The message buffer and parameter struct of one caller, reused from call to call so that a call
 * allocates nothing, and the queue that its calls are put in. It belongs to the caller's workspace,
 * not to its thread: a virtual thread may change carrier between two calls.
 *
 * <p>Between {@link #begin} and {@link #end} its memory, and the context that its arena keeps, stay
 * in being: {@link #close} waits. That is what lets a call pass them as bare addresses.
 *
 * <p>On a GPU a call returns when it is queued. What one scratch has queued is done before whatever
 * it queues later, and before a {@link #download}; others may read the results after {@link
 * #synchronize}. On the CPU everything is done at once, and these cost nothing.
 */
public final class CallScratch implements AutoCloseable {

  static final long MESSAGE_BYTES = 512;
  private static final long PARAMS_BYTES = 128;
  private static final long RETRY_NANOS = 50_000;

  private static final int IDLE = 0;
  private static final int BUSY = 1;
  private static final int CLOSED = 2;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(CallScratch.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private final NativeArena arena;
  private final MemorySegment queue;
  private final MemorySegment message;
  private final MemorySegment messageAddress;
  private final MemorySegment params;
  private final MemorySegment paramsAddress;
  private MemorySegment piece = MemorySegment.NULL;
  private boolean gathering;

  @SuppressWarnings("unused") // through STATE
  private int state;

  /**
   * @throws IllegalStateException if the context is closed
   */
  public CallScratch(NativeContext context) {
    this.arena = new NativeArena(context);
    this.message = arena.allocateHost(MESSAGE_BYTES);
    this.messageAddress = MemorySegment.ofAddress(message.address());
    this.params = arena.allocateHost(PARAMS_BYTES);
    this.paramsAddress = MemorySegment.ofAddress(params.address());
    try {
      this.queue = Queues.open(context, message);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  NativeContext context() {
    return arena.context();
  }

  /**
   * Starts a call of this context, as {@link #begin()}.
   *
   * @throws IllegalStateException if the context is closed
   * @throws IllegalArgumentException if the scratch belongs to another one
   */
  void begin(NativeContext context) {
    context.requireOpen();
    if (context() != context) {
      throw new IllegalArgumentException("the workspace belongs to another context");
    }
    begin();
  }

  /**
   * Starts a call. Two calls sharing one parameter struct would give a kernel the wrong strides,
   * that is, memory that is not ours: hence the check.
   *
   * @throws IllegalStateException if another call uses this scratch, or it is closed
   */
  void begin() {
    if (!STATE.compareAndSet(this, IDLE, BUSY)) {
      throw new IllegalStateException(
          isClosed()
              ? "the workspace is closed"
              : "a workspace is used by two threads at once; give each call its own");
    }
  }

  /** Ends the call that {@link #begin()} started. */
  void end() {
    STATE.setRelease(this, IDLE);
  }

  /** Copies host memory (native or of a Java array) to memory of the device. */
  public void upload(MemorySegment host, MemorySegment target) {
    begin();
    try {
      Copies.upload(context(), queue, host, target, message, this::piece);
    } finally {
      end();
    }
  }

  /**
   * Copies memory of the device, with all that this scratch has queued done, to host memory (native
   * or of a Java array) of at least that size.
   */
  public void download(MemorySegment source, MemorySegment host) {
    submit();
    begin();
    try {
      Copies.download(context(), queue, source, host, message, this::piece);
    } finally {
      end();
    }
  }

  /** Waits until all that was queued is done. */
  public void synchronize() {
    if (context().isHost()) {
      return;
    }
    submit();
    if (turn(BUSY)) {
      try {
        Queues.synchronize(context(), queue, message);
      } finally {
        end();
      }
    }
  }

  /**
   * From here to {@link #submit} calls may be gathered and given to the device as one: for a step
   * that comes again and again with the same ops and shapes. Calls that wait end it.
   */
  public void gather() {
    if (context().isHost()) {
      return;
    }
    begin();
    try {
      Queues.beginGraph(context(), queue, message);
      gathering = true;
    } finally {
      end();
    }
  }

  /** Ends what {@link #gather} began, if that has not ended. */
  public void submit() {
    if (!gathering) {
      return;
    }
    begin();
    try {
      gathering = false;
      Queues.endGraph(context(), queue, message);
    } finally {
      end();
    }
  }

  /**
   * Frees the memory and the queue as soon as no call uses them and what is queued is done. Closing
   * twice is allowed.
   */
  @Override
  public void close() {
    if (turn(CLOSED)) {
      Queues.close(context(), queue);
      arena.close();
    }
  }

  /**
   * Takes the scratch as soon as no call uses it.
   *
   * @return false if it is closed
   */
  private boolean turn(int next) {
    while (!STATE.compareAndSet(this, IDLE, next)) {
      if (isClosed()) {
        return false;
      }
      LockSupport.parkNanos(RETRY_NANOS);
    }
    return true;
  }

  private boolean isClosed() {
    return (int) STATE.getVolatile(this) == CLOSED;
  }

  /** Native memory to copy through, kept for the next time. */
  private MemorySegment piece(long bytes, long alignment) {
    if (piece.byteSize() < bytes) {
      piece = arena.allocateHost(bytes);
    }
    return piece;
  }

  /**
   * The gt_context for a call between {@link #begin} and {@link #end}, which keep it: on a GPU a
   * fork, on the CPU the context itself.
   */
  MemorySegment queue() {
    return queue;
  }

  MemorySegment message() {
    return message;
  }

  /** {@link #message()} for a call between {@link #begin} and {@link #end}, which keep it. */
  MemorySegment messageAddress() {
    return messageAddress;
  }

  MemorySegment params() {
    return params;
  }

  /** {@link #params()} for a call between {@link #begin} and {@link #end}, which keep it. */
  MemorySegment paramsAddress() {
    return paramsAddress;
  }
}
