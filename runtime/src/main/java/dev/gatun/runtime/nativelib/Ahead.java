package dev.gatun.runtime.nativelib;

import dev.gatun.Device;
import java.util.EnumSet;
import java.util.Set;

/** Binds a library beside the caller's own work, once. */
final class Ahead {
  private static final Set<Device.Kind> BEGUN = EnumSet.noneOf(Device.Kind.class);

  private Ahead() {}

  static synchronized void begin(Device.Kind kind) {
    if (BEGUN.add(kind)) {
      // What goes wrong is a value, NativeLibrary.Missing, for whoever uses the library.
      Thread.ofPlatform().daemon().name("gatun-bind").start(() -> KernelBinding.of(kind));
    }
  }
}
