package dev.gatun.runtime.nativelib;

import dev.gatun.Device;
import dev.gatun.NativeLibraryException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A library and where its functions are: what the handles of {@link Kernels} take as their first
 * argument. There is one library per kind of device, opened when it is first asked for.
 */
final class KernelBinding {

  private static final class Cpu {
    static final KernelBinding BINDING = bind(NativeLibrary.find(KernelFile.CPU));
  }

  private static final class Cuda {
    static final KernelBinding BINDING = bind(NativeLibrary.find(KernelFile.CUDA));
  }

  private final NativeLibrary library;
  private final MemorySegment[] functions; // by the symbols' ordinals

  private KernelBinding(NativeLibrary library, MemorySegment[] functions) {
    this.library = library;
    this.functions = functions;
  }

  /** The library that all contexts on such devices use. */
  static KernelBinding of(Device.Kind kind) {
    return switch (kind) {
      case CPU -> Cpu.BINDING;
      case CUDA -> Cuda.BINDING;
    };
  }

  /**
   * Takes a library with every function of the right ABI, or none: one that is missing, speaks
   * another ABI or lacks a symbol becomes a {@link NativeLibrary.Missing} that says so.
   */
  static KernelBinding bind(NativeLibrary library) {
    return switch (library) {
      case NativeLibrary.Missing missing -> new KernelBinding(missing, new MemorySegment[0]);
      case NativeLibrary.Found found -> bind(found);
    };
  }

  private static KernelBinding bind(NativeLibrary.Found library) {
    KernelSymbol[] symbols = KernelSymbol.values();
    MemorySegment[] functions = new MemorySegment[symbols.length];
    List<String> absent = new ArrayList<>();
    for (KernelSymbol symbol : symbols) {
      functions[symbol.ordinal()] = library.symbols().find(symbol.function()).orElse(null);
      if (functions[symbol.ordinal()] == null) {
        absent.add(symbol.function());
      }
    }
    // The version first: a library of another ABI may lack symbols too, but that is not the cause.
    MemorySegment abiVersion = functions[KernelSymbol.ABI_VERSION.ordinal()];
    if (abiVersion != null) {
      int version = abiVersion(abiVersion);
      if (version != KernelSymbol.ABI) {
        return unusable(
            library,
            "speaks ABI %d, this Gatun speaks ABI %d".formatted(version, KernelSymbol.ABI));
      }
    }
    return absent.isEmpty()
        ? new KernelBinding(library, functions)
        : unusable(library, "lacks " + String.join(", ", absent));
  }

  private static KernelBinding unusable(NativeLibrary.Found library, String reason) {
    return bind(
        new NativeLibrary.Missing(
            new NativeLibraryException(
                ("the kernel library %s %s; use the gatun-kernels-native artifact of the same"
                        + " version as gatun-runtime")
                    .formatted(library.path(), reason))));
  }

  /** The library as it turned out when bound. */
  NativeLibrary library() {
    return library;
  }

  /**
   * Where a function is.
   *
   * @throws NativeLibraryException if the library cannot be used
   */
  MemorySegment function(KernelSymbol symbol) {
    return functions()[symbol.ordinal()];
  }

  /** All of them, by the symbols' ordinals; throws as {@link #function} does. */
  MemorySegment[] functions() {
    if (library instanceof NativeLibrary.Missing missing) {
      throw missing.cause();
    }
    return functions;
  }

  /** What {@code gt_layout} says about the public structs, one per line. */
  String layout() {
    try {
      return string((MemorySegment) Kernels.Facts.LAYOUT.invokeExact(function(KernelSymbol.LAYOUT)))
          .orElseThrow();
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /** The best tier that this machine runs. */
  int bestTier() {
    try {
      return (int) Kernels.Facts.BEST_TIER.invokeExact(function(KernelSymbol.BEST_TIER));
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /** Empty for a number that is no tier. */
  Optional<String> tierName(int tier) {
    try {
      return string(
          (MemorySegment) Kernels.TIER_NAME.invokeExact(function(KernelSymbol.TIER_NAME), tier));
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /**
   * The tier of this name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  int tierNumber(String name) {
    StringBuilder known = new StringBuilder();
    for (int tier = 0; ; tier++) {
      Optional<String> candidate = tierName(tier);
      if (candidate.isEmpty()) {
        throw new IllegalArgumentException("unknown tier '" + name + "'; known: " + known);
      }
      if (candidate.get().equals(name)) {
        return tier;
      }
      known.append(tier == 0 ? "" : ", ").append(candidate.get());
    }
  }

  private static int abiVersion(MemorySegment function) {
    try {
      return (int) Kernels.ABI_VERSION.invokeExact(function);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  @SuppressWarnings("restricted") // the library returns NUL-terminated constants
  private static Optional<String> string(MemorySegment text) {
    return text.address() == 0
        ? Optional.empty()
        : Optional.of(text.reinterpret(Integer.MAX_VALUE).getString(0, StandardCharsets.UTF_8));
  }
}
