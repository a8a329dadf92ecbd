package dev.gatun.runtime.nativelib;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The functions of the loaded kernel library as constants, so that the JIT compiles a call of one
 * to the call itself. When the library is missing, each throws the reason.
 */
final class Kernels {

  private static final KernelBinding BINDING = KernelBinding.bind(NativeLibrary.find());

  static final NativeLibrary LIBRARY = BINDING.library();

  static final MethodHandle LAYOUT = BINDING.symbols().layout();
  static final MethodHandle TIER_NAME = BINDING.symbols().tierName();
  static final MethodHandle BEST_TIER = BINDING.symbols().bestTier();
  static final MethodHandle CONTEXT_CREATE = BINDING.symbols().contextCreate();
  static final MethodHandle CONTEXT_DESTROY = BINDING.symbols().contextDestroy();
  static final MethodHandle CONTEXT_TIER = BINDING.symbols().contextTier();
  static final MethodHandle CONTEXT_THREADS = BINDING.symbols().contextThreads();
  static final MethodHandle ALLOCATE = BINDING.symbols().allocate();
  static final MethodHandle FREE = BINDING.symbols().free();
  static final MethodHandle UPLOAD = BINDING.symbols().upload();
  static final MethodHandle DOWNLOAD = BINDING.symbols().download();
  static final MethodHandle RELEASE_PAGES = BINDING.symbols().releasePages();
  static final MethodHandle CONTEXT_BYTES = BINDING.symbols().contextBytes();
  static final MethodHandle LINEAR_CREATE = BINDING.symbols().linearCreate();
  static final MethodHandle LINEAR_PACK = BINDING.symbols().linearPack();
  static final MethodHandle LINEAR_DESTROY = BINDING.symbols().linearDestroy();
  static final MethodHandle LINEAR_FORWARD = BINDING.symbols().linearForward();
  static final MethodHandle LAYER_NORM = BINDING.symbols().layerNorm();
  static final MethodHandle RMS_NORM = BINDING.symbols().rmsNorm();
  static final MethodHandle ACTIVATE = BINDING.symbols().activate();
  static final MethodHandle EMBED = BINDING.symbols().embed();
  static final MethodHandle ARGMAX = BINDING.symbols().argmax();
  static final MethodHandle ROPE = BINDING.symbols().rope();
  static final MethodHandle ATTENTION = BINDING.symbols().attention();
  static final MethodHandle DISENTANGLED_ATTENTION = BINDING.symbols().disentangledAttention();
  static final MethodHandle KV_APPEND = BINDING.symbols().kvAppend();

  private Kernels() {}

  /** What {@code gt_layout} says about the public structs, one per line. */
  static String layout() {
    try {
      return string((MemorySegment) LAYOUT.invokeExact()).orElseThrow();
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** The best tier that this CPU runs. */
  static int bestTier() {
    try {
      return (int) BEST_TIER.invokeExact();
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
