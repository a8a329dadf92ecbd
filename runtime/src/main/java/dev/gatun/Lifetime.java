package dev.gatun;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Who may still use native memory. Calls take a {@link Use}; {@link #close()} lets no new one begin
 * and the memory goes when the last one ends, on whichever thread that is: nobody waits, nothing is
 * freed under a running kernel.
 */
final class Lifetime implements AutoCloseable {
  /** Sign bit: closed. Other bits: uses in flight. */
  private final AtomicLong state = new AtomicLong();

  private final String what;
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();

  /**
   * @param what named in the exception after close
   */
  Lifetime(String what) {
    this.what = what;
  }

  /** A resource to be closed at the end, in reverse order of this call. */
  <T extends AutoCloseable> T owns(T resource) {
    owned.push(resource);
    return resource;
  }

  /** One call in flight. */
  final class Use implements AutoCloseable {
    private Use() {}

    @Override
    public void close() {
      if (state.decrementAndGet() == Long.MIN_VALUE) {
        free();
      }
    }
  }

  /**
   * Begins a call.
   *
   * @throws IllegalStateException if closed
   */
  Use use() {
    long before;
    do {
      before = state.get();
      if (before < 0) {
        throw new IllegalStateException(what + " is closed");
      }
    } while (!state.compareAndSet(before, before + 1));
    return new Use();
  }

  @Override
  public void close() {
    long before;
    do {
      before = state.get();
      if (before < 0) {
        return;
      }
    } while (!state.compareAndSet(before, before | Long.MIN_VALUE));
    if (before == 0) {
      free();
    }
  }

  private void free() {
    RuntimeException failure = null;
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        if (failure == null) {
          failure = new IllegalStateException("while closing " + what, e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
