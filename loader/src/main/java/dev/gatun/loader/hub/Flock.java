package dev.gatun.loader.hub;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * {@code flock(2)}. Python's filelock takes this lock; the JDK's {@link
 * java.nio.channels.FileChannel#lock()} is the other kind, of {@code fcntl}, and on Linux neither
 * kind sees the other. This one belongs to the open file, so it excludes threads of one process
 * too, and the system gives it back when a process is killed.
 */
final class Flock {
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  // EINTR, EACCES, EAGAIN on Linux, EAGAIN on macOS: somebody else has it, or ask again.
  private static final int EINTR = 4;
  private static final int EAGAIN = 11;
  private static final int EACCES = 13;
  private static final int EAGAIN_MACOS = 35;

  private static final Optional<Flock> SYSTEM = bind();

  private final MethodHandle open;
  private final MethodHandle flock;
  private final MethodHandle close;
  private final StructLayout state;
  private final VarHandle errno;

  @SuppressWarnings("restricted")
  private Flock(Linker linker) {
    SymbolLookup libc = linker.defaultLookup();
    state = Linker.Option.captureStateLayout();
    errno = state.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    var capture = Linker.Option.captureCallState("errno");
    open =
        linker.downcallHandle(
            libc.findOrThrow("open"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            capture,
            Linker.Option.firstVariadicArg(2));
    flock =
        linker.downcallHandle(
            libc.findOrThrow("flock"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
            capture);
    close =
        linker.downcallHandle(
            libc.findOrThrow("close"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  }

  /** Empty on Windows, and where this JVM forbids native calls. */
  static Optional<Flock> system() {
    return SYSTEM;
  }

  private static Optional<Flock> bind() {
    if (System.getProperty("os.name", "").startsWith("Windows")) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Flock(Linker.nativeLinker()));
    } catch (IllegalCallerException | UnsupportedOperationException | NoSuchElementException e) {
      return Optional.empty();
    }
  }

  /**
   * Takes the lock of an existing file if it is free.
   *
   * @return a descriptor to hand to {@link #unlock}; -1 if somebody else has the lock
   * @throws IOException if the file cannot be opened or its file system has no such locks
   */
  int tryLock(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment captured = arena.allocate(state);
      MemorySegment path = arena.allocateFrom(file.toString());
      boolean linux = System.getProperty("os.name", "").equals("Linux");
      int descriptor = (int) open.invokeExact(captured, path, linux ? O_RDWR | O_CLOEXEC : O_RDWR);
      if (descriptor < 0) {
        throw new IOException(file + " cannot be opened, error " + (int) errno.get(captured, 0L));
      }
      int failed = (int) flock.invokeExact(captured, descriptor, LOCK_EX | LOCK_NB);
      if (failed == 0) {
        return descriptor;
      }
      int error = (int) errno.get(captured, 0L);
      unlock(descriptor);
      if (error == EINTR || error == EAGAIN || error == EACCES || error == EAGAIN_MACOS) {
        return -1;
      }
      throw new IOException(file + " cannot be locked, error " + error);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  void unlock(int descriptor) {
    try {
      int _ = (int) close.invokeExact(descriptor);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
