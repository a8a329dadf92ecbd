package dev.gatun.runtime.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The message buffer and parameter struct of one caller, reused from call to call so that a call
 * allocates nothing. It belongs to the caller's workspace, not to its thread: a virtual thread may
 * change carrier between two calls.
 */
public final class CallScratch {

  static final long MESSAGE_BYTES = 512;
  private static final long PARAMS_BYTES = 128;

  private static final VarHandle BUSY;

  static {
    try {
      BUSY = MethodHandles.lookup().findVarHandle(CallScratch.class, "busy", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private final MemorySegment message;
  private final MemorySegment params;
  private final MemorySegment paramsAddress;

  @SuppressWarnings("unused") // through BUSY
  private boolean busy;

  /** Scratch that lives as long as {@code arena}. */
  public CallScratch(NativeArena arena) {
    this.message = arena.allocateHost(MESSAGE_BYTES);
    this.params = arena.allocateHost(PARAMS_BYTES);
    this.paramsAddress = MemorySegment.ofAddress(params.address());
  }

  /**
   * Starts a call. Two calls sharing one parameter struct would give a kernel the wrong strides,
   * that is, memory that is not ours: hence the check.
   *
   * @throws IllegalStateException if another call uses this scratch
   */
  void begin() {
    if (!BUSY.compareAndSet(this, false, true)) {
      throw new IllegalStateException(
          "a workspace is used by two threads at once; give each call its own");
    }
  }

  /** Ends the call that {@link #begin()} started. */
  void end() {
    BUSY.setRelease(this, false);
  }

  MemorySegment message() {
    return message;
  }

  MemorySegment params() {
    return params;
  }

  /**
   * The parameter struct for a call that also passes {@link #message()}, which keeps it in being.
   */
  MemorySegment paramsAddress() {
    return paramsAddress;
  }
}
