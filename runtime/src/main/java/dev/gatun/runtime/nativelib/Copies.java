package dev.gatun.runtime.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/**
 * Copies between the host and the device of a context, in the order of one of its queues. What lies
 * on the Java heap, which a call that waits must not pin, goes in pieces through native memory; on
 * the CPU it is copied by Java.
 */
final class Copies {

  /** Long enough for a transfer to outweigh its start. */
  private static final long PIECE = 1 << 20;

  private Copies() {}

  /**
   * @param queue the gt_context or a fork of it
   * @param piece gives native memory to copy through
   */
  static void upload(
      NativeContext context,
      MemorySegment queue,
      MemorySegment host,
      MemorySegment target,
      MemorySegment message,
      SegmentAllocator piece) {
    requireSize(target, host.byteSize());
    if (host.isNative()) {
      upload(context, queue, host, target, message);
    } else if (context.isHost()) {
      MemorySegment.copy(host, 0, target, 0, host.byteSize());
    } else {
      MemorySegment through = piece.allocate(Math.min(PIECE, host.byteSize()), 64);
      for (long at = 0; at < host.byteSize(); at += through.byteSize()) {
        MemorySegment part = through.asSlice(0, Math.min(PIECE, host.byteSize() - at));
        MemorySegment.copy(host, at, part, 0, part.byteSize());
        upload(context, queue, part, target.asSlice(at, part.byteSize()), message);
      }
    }
  }

  /** {@code host} may be larger than {@code source}; parameters as those of the upload. */
  static void download(
      NativeContext context,
      MemorySegment queue,
      MemorySegment source,
      MemorySegment host,
      MemorySegment message,
      SegmentAllocator piece) {
    requireSize(host, source.byteSize());
    if (host.isNative()) {
      download(context, queue, source, host, message);
    } else if (context.isHost()) {
      MemorySegment.copy(source, 0, host, 0, source.byteSize());
    } else {
      MemorySegment through = piece.allocate(Math.min(PIECE, source.byteSize()), 64);
      for (long at = 0; at < source.byteSize(); at += through.byteSize()) {
        MemorySegment part = through.asSlice(0, Math.min(PIECE, source.byteSize() - at));
        download(context, queue, source.asSlice(at, part.byteSize()), part, message);
        MemorySegment.copy(part, 0, host, at, part.byteSize());
      }
    }
  }

  private static void upload(
      NativeContext context,
      MemorySegment queue,
      MemorySegment host,
      MemorySegment target,
      MemorySegment message) {
    try {
      int status =
          (int)
              Kernels.Copies.UPLOAD.invokeExact(
                  context.function(KernelSymbol.UPLOAD),
                  queue,
                  target,
                  host,
                  host.byteSize(),
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  private static void download(
      NativeContext context,
      MemorySegment queue,
      MemorySegment source,
      MemorySegment host,
      MemorySegment message) {
    try {
      int status =
          (int)
              Kernels.Copies.DOWNLOAD.invokeExact(
                  context.function(KernelSymbol.DOWNLOAD),
                  queue,
                  host,
                  source,
                  source.byteSize(),
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  private static void requireSize(MemorySegment target, long bytes) {
    if (target.byteSize() < bytes) {
      throw new IndexOutOfBoundsException("copying " + bytes + " bytes to " + target.byteSize());
    }
  }
}
