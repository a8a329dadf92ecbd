package dev.gatun.runtime.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The functions of the loaded kernel library as constants, so that the JIT compiles a call of one
 * to the call itself. When the library is missing, each throws the reason.
 *
 * <p>To bind one takes some milliseconds of a fresh JVM: those that not every model needs are bound
 * by the classes inside when they are first called.
 */
final class Kernels {

  private static final KernelBinding BINDING = KernelBinding.bind(NativeLibrary.find());

  static final NativeLibrary LIBRARY = BINDING.library();

  static final MethodHandle TIER_NAME = handle(KernelSymbol.TIER_NAME);
  static final MethodHandle CONTEXT_CREATE = handle(KernelSymbol.CONTEXT_CREATE);
  static final MethodHandle CONTEXT_TIER = handle(KernelSymbol.CONTEXT_TIER);
  static final MethodHandle CONTEXT_THREADS = handle(KernelSymbol.CONTEXT_THREADS);
  static final MethodHandle ALLOCATE = handle(KernelSymbol.ALLOCATE);
  static final MethodHandle FREE = handle(KernelSymbol.FREE);
  static final MethodHandle RELEASE_PAGES = handle(KernelSymbol.RELEASE_PAGES);
  static final MethodHandle LINEAR_CREATE = handle(KernelSymbol.LINEAR_CREATE);
  static final MethodHandle LINEAR_PACK = handle(KernelSymbol.LINEAR_PACK);
  static final MethodHandle LINEAR_FORWARD = handle(KernelSymbol.LINEAR_FORWARD);
  static final MethodHandle LAYER_NORM = handle(KernelSymbol.LAYER_NORM);
  static final MethodHandle EMBED = handle(KernelSymbol.EMBED);
  static final MethodHandle ATTENTION = handle(KernelSymbol.ATTENTION);

  /** What is asked now and then. */
  static final class Facts {
    static final MethodHandle LAYOUT = handle(KernelSymbol.LAYOUT);
    static final MethodHandle BEST_TIER = handle(KernelSymbol.BEST_TIER);
    static final MethodHandle CONTEXT_BYTES = handle(KernelSymbol.CONTEXT_BYTES);

    private Facts() {}
  }

  /** Between host and device, where they are not the same memory. */
  static final class Copies {
    static final MethodHandle UPLOAD = handle(KernelSymbol.UPLOAD);
    static final MethodHandle DOWNLOAD = handle(KernelSymbol.DOWNLOAD);

    private Copies() {}
  }

  /** At the end of a context. */
  static final class Closing {
    static final MethodHandle CONTEXT_DESTROY = handle(KernelSymbol.CONTEXT_DESTROY);
    static final MethodHandle LINEAR_DESTROY = handle(KernelSymbol.LINEAR_DESTROY);

    private Closing() {}
  }

  /** Of T5. */
  static final class RmsNorm {
    static final MethodHandle RMS_NORM = handle(KernelSymbol.RMS_NORM);

    private RmsNorm() {}
  }

  /** Where no linear layer does it. */
  static final class Activate {
    static final MethodHandle ACTIVATE = handle(KernelSymbol.ACTIVATE);

    private Activate() {}
  }

  /** Of models that write text. */
  static final class Decoding {
    static final MethodHandle ARGMAX = handle(KernelSymbol.ARGMAX);
    static final MethodHandle KV_APPEND = handle(KernelSymbol.KV_APPEND);

    private Decoding() {}
  }

  /** Of ModernBERT. */
  static final class Rope {
    static final MethodHandle ROPE = handle(KernelSymbol.ROPE);

    private Rope() {}
  }

  /** Of DeBERTa. */
  static final class Disentangled {
    static final MethodHandle DISENTANGLED_ATTENTION = handle(KernelSymbol.DISENTANGLED_ATTENTION);

    private Disentangled() {}
  }

  private Kernels() {}

  private static MethodHandle handle(KernelSymbol symbol) {
    return BINDING.handle(symbol);
  }

  /** What {@code gt_layout} says about the public structs, one per line. */
  static String layout() {
    try {
      return string((MemorySegment) Facts.LAYOUT.invokeExact()).orElseThrow();
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** The best tier that this CPU runs. */
  static int bestTier() {
    try {
      return (int) Facts.BEST_TIER.invokeExact();
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Empty for a number that is no tier. */
  static Optional<String> tierName(int tier) {
    try {
      return string((MemorySegment) TIER_NAME.invokeExact(tier));
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /**
   * For the catch that every call by method handle needs: a downcall declares no checked exception.
   */
  static RuntimeException rethrow(Throwable e) {
    switch (e) {
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      default -> throw new AssertionError("a downcall throws no checked exception", e);
    }
  }

  @SuppressWarnings("restricted") // the library returns NUL-terminated constants
  private static Optional<String> string(MemorySegment text) {
    return text.address() == 0
        ? Optional.empty()
        : Optional.of(text.reinterpret(Integer.MAX_VALUE).getString(0, StandardCharsets.UTF_8));
  }
}
