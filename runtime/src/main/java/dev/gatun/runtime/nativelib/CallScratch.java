package dev.gatun.runtime.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The message buffer and parameter struct of one caller, reused from call to call so that a call
 * allocates nothing. It belongs to the caller's workspace, not to its thread: a virtual thread may
 * change carrier between two calls.
 *
 * <p>Between {@link #begin} and {@link #end} its memory, and the context that its arena keeps, stay
 * in being: {@link #close} waits. That is what lets a call pass them as bare addresses.
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
  private final MemorySegment message;
  private final MemorySegment messageAddress;
  private final MemorySegment params;
  private final MemorySegment paramsAddress;

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
          (int) STATE.getVolatile(this) == CLOSED
              ? "the workspace is closed"
              : "a workspace is used by two threads at once; give each call its own");
    }
  }

  /** Ends the call that {@link #begin()} started. */
  void end() {
    STATE.setRelease(this, IDLE);
  }

  /** Frees the memory as soon as no call uses it. Closing twice is allowed. */
  @Override
  public void close() {
    while (!STATE.compareAndSet(this, IDLE, CLOSED)) {
      if ((int) STATE.getVolatile(this) == CLOSED) {
        return;
      }
      LockSupport.parkNanos(RETRY_NANOS);
    }
    arena.close();
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
