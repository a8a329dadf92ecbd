package dev.gatun.runtime.nativelib;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * What orders the ops of one caller: on a GPU a fork of the context, on the CPU, where an op is
 * done when it returns, the context itself.
 */
final class Queues {

  private Queues() {}

  /** A queue for one caller, to be given back by {@link #close}. */
  static MemorySegment open(NativeContext context, MemorySegment message) {
    if (context.isHost()) {
      return MemorySegment.ofAddress(context.handle().address());
    }
    try (Arena call = Arena.ofConfined()) {
      MemorySegment out = call.allocate(ValueLayout.ADDRESS);
      int status =
          (int)
              Kernels.Queues.CONTEXT_FORK.invokeExact(
                  context.function(KernelSymbol.CONTEXT_FORK),
                  context.handle(),
                  out,
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
      return out.get(ValueLayout.ADDRESS, 0);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /** Ends a queue, after what is in it is done. */
  static void close(NativeContext context, MemorySegment queue) {
    if (!context.isHost()) {
      context.destroy(queue);
    }
  }

  /** Waits until what is in a queue is done. */
  static void synchronize(NativeContext context, MemorySegment queue, MemorySegment message) {
    call(context, Kernels.Queues.SYNCHRONIZE, KernelSymbol.SYNCHRONIZE, queue, message);
  }

  /** From here to {@link #endGraph} calls are gathered, to be given to the device as one. */
  static void beginGraph(NativeContext context, MemorySegment queue, MemorySegment message) {
    call(context, Kernels.Queues.GRAPH_BEGIN, KernelSymbol.GRAPH_BEGIN, queue, message);
  }

  static void endGraph(NativeContext context, MemorySegment queue, MemorySegment message) {
    call(context, Kernels.Queues.GRAPH_END, KernelSymbol.GRAPH_END, queue, message);
  }

  private static void call(
      NativeContext context,
      MethodHandle handle,
      KernelSymbol symbol,
      MemorySegment queue,
      MemorySegment message) {
    try {
      int status =
          (int)
              handle.invokeExact(
                  context.function(symbol), queue, message, CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }
}
