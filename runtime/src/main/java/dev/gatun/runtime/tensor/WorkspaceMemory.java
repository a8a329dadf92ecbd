package dev.gatun.runtime.tensor;

import dev.gatun.NativeOutOfMemoryException;
import dev.gatun.runtime.nativelib.CallScratch;
import dev.gatun.runtime.nativelib.NativeArena;
import dev.gatun.runtime.nativelib.NativeContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The chunks behind a {@link Workspace}, which outlive it in a pool. Positions count bytes over all
 * chunks in their order, the unused ends of chunks included.
 */
final class WorkspaceMemory implements AutoCloseable {

  private static final long ALIGNMENT = 64;
  private static final long FIRST_CHUNK = 256 << 10;
  private static final long MAX_GROWTH = 64L << 20;

  private record Chunk(NativeArena arena, MemorySegment memory, long start) {
    long end() {
      return start + memory.byteSize();
    }
  }

  private final NativeContext context;
  private final long limit;
  private final CallScratch scratch;
  private final List<Chunk> chunks = new ArrayList<>();
  private int current;
  private long position;
  private long nextChunk = FIRST_CHUNK;
  private long retained;

  /**
   * @param limit most bytes to hold
   */
  WorkspaceMemory(NativeContext context, long limit) {
    this.context = context;
    this.limit = limit;
    this.scratch = new CallScratch(context);
  }

  NativeContext context() {
    return context;
  }

  CallScratch scratch() {
    return scratch;
  }

  /** Bytes held. */
  long capacity() {
    return chunks.isEmpty() ? 0 : chunks.getLast().end();
  }

  long position() {
    return position;
  }

  /** Most bytes that {@link #reset} keeps. */
  void retainAtMost(long bytes) {
    retained = bytes;
  }

  MemorySegment allocate(long bytes) {
    long size = Math.addExact(bytes, ALIGNMENT - 1) & -ALIGNMENT;
    while (current < chunks.size()) {
      Chunk chunk = chunks.get(current);
      if (chunk.end() - position >= size) {
        MemorySegment memory = chunk.memory().asSlice(position - chunk.start(), bytes);
        position += size;
        return memory;
      }
      current++;
      position = chunk.end();
    }
    grow(size);
    return allocate(bytes);
  }

  /** Host memory, for index arrays; on a GPU it goes with the last reference to it. */
  MemorySegment allocateHost(long bytes) {
    return context.isHost() ? allocate(bytes) : Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }

  private void grow(long size) {
    long held = capacity();
    long wanted = Math.max(size, Math.max(nextChunk, Math.min(held, MAX_GROWTH)));
    long bytes = Math.min(wanted, limit - held);
    if (bytes < size) {
      throw new NativeOutOfMemoryException(
          "a workspace holds %d bytes and may hold %d: no room for %d more"
              .formatted(held, limit, size));
    }
    NativeArena arena = new NativeArena(context);
    try {
      chunks.add(new Chunk(arena, arena.allocate(bytes), held));
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Gives back what was allocated after {@code mark}. */
  void release(long mark) {
    if (mark < 0 || mark > position) {
      throw new IllegalArgumentException(
          "mark " + mark + " is not in [0, " + position + "]: released twice?");
    }
    assert !context.isHost() || poison(mark);
    position = mark;
    while (current > 0 && (current == chunks.size() || chunks.get(current).start() > mark)) {
      current--;
    }
  }

  /**
   * Gives back everything. Several chunks become one at the next allocation, so that steady use
   * needs one.
   */
  void reset() {
    long used = position;
    release(0);
    if (chunks.size() > 1 || capacity() > retained) {
      scratch.synchronize();
      freeChunks();
      nextChunk = Math.max(FIRST_CHUNK, Math.min(used, retained));
    }
  }

  /**
   * With assertions on, reading a tensor after the release of its memory gives NaN or -1, not
   * yesterday's numbers.
   */
  private boolean poison(long from) {
    for (Chunk chunk : chunks) {
      long begin = Math.max(from, chunk.start());
      long end = Math.min(position, chunk.end());
      if (begin < end) {
        chunk.memory().asSlice(begin - chunk.start(), end - begin).fill((byte) 0xFF);
      }
    }
    return true;
  }

  private void freeChunks() {
    for (Chunk chunk : chunks) {
      chunk.arena().close();
    }
    chunks.clear();
    current = 0;
    position = 0;
  }

  @Override
  public void close() {
    scratch.close(); // first: it waits for ops that use the chunks
    freeChunks();
  }
}
