package dev.gatun.runtime.nativelib;

import dev.gatun.NativeLibraryException;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;

/**
 * A library and the way to its functions.
 *
 * @param library the library as it turned out when bound
 */
record KernelBinding(NativeLibrary library) {
  private static final Linker.Option[] CRITICAL = {Linker.Option.critical(false)};
  private static final Linker.Option[] PLAIN = {};

  /**
   * Takes a library with every function of the right ABI, or none: one that is missing, speaks
   * another ABI or lacks a symbol becomes a {@link NativeLibrary.Missing} that says so.
   */
  static KernelBinding bind(NativeLibrary library) {
    return new KernelBinding(
        library instanceof NativeLibrary.Found found ? checked(found) : library);
  }

  private static NativeLibrary checked(NativeLibrary.Found library) {
    List<String> absent = new ArrayList<>();
    for (KernelSymbol symbol : KernelSymbol.values()) {
      if (library.symbols().find(symbol.function()).isEmpty()) {
        absent.add(symbol.function());
      }
    }
    // The version first: a library of another ABI may lack symbols too, but that is not the cause.
    if (!absent.contains(KernelSymbol.ABI_VERSION.function())) {
      int version = abiVersion(handle(library, KernelSymbol.ABI_VERSION));
      if (version != KernelSymbol.ABI) {
        return unusable(
            library,
            "speaks ABI %d, this Gatun speaks ABI %d".formatted(version, KernelSymbol.ABI));
      }
    }
    return absent.isEmpty() ? library : unusable(library, "lacks " + String.join(", ", absent));
  }

  private static NativeLibrary unusable(NativeLibrary.Found library, String reason) {
    return new NativeLibrary.Missing(
        new NativeLibraryException(
            ("the kernel library %s %s; use the gatun-kernels-native artifact of the same"
                    + " version as gatun-runtime")
                .formatted(library.path(), reason)));
  }

  /** What calls a function; when the library cannot be used, what throws the reason. */
  MethodHandle handle(KernelSymbol symbol) {
    return switch (library) {
      case NativeLibrary.Found found -> handle(found, symbol);
      case NativeLibrary.Missing missing -> {
        MethodType type = symbol.descriptor().toMethodType();
        yield MethodHandles.dropArguments(
            MethodHandles.throwException(type.returnType(), NativeLibraryException.class)
                .bindTo(missing.cause()),
            0,
            type.parameterList());
      }
    };
  }

  @SuppressWarnings("restricted") // the descriptors are written from the header
  private static MethodHandle handle(NativeLibrary.Found library, KernelSymbol symbol) {
    MemorySegment address = library.symbols().find(symbol.function()).orElseThrow();
    return Linker.nativeLinker()
        .downcallHandle(address, symbol.descriptor(), symbol.constantTime() ? CRITICAL : PLAIN);
  }

  private static int abiVersion(MethodHandle handle) {
    try {
      return (int) handle.invokeExact();
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }
}
