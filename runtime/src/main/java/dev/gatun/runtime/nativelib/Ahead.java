package dev.gatun.runtime.nativelib;

import java.util.concurrent.atomic.AtomicBoolean;

/** Binds the library beside the caller's own work, once. */
final class Ahead {
  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private Ahead() {}

  static void begin() {
    if (BEGUN.compareAndSet(false, true)) {
      // What goes wrong is a value, NativeLibrary.Missing, for whoever uses the library.
      Thread.ofPlatform().daemon().name("gatun-bind").start(NativeLibrary::current);
    }
  }
}
