package dev.gatun.runtime.nativelib;

import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * The functions of {@code gatun.h} as constants that take a function's address, of {@link
 * KernelBinding#function}, as their first argument: the JIT compiles a call to the call itself,
 * whichever library it goes to.
 *
 * <p>To make one takes some milliseconds of a fresh JVM: those that not every model needs are made
 * by the classes inside when they are first called.
 */
final class Kernels {

  private static final Linker.Option[] CRITICAL = {Linker.Option.critical(false)};
  private static final Linker.Option[] PLAIN = {};

  static final MethodHandle ABI_VERSION = handle(KernelSymbol.ABI_VERSION);
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

  /** Of devices that do their work while the caller goes on. */
  static final class Queues {
    static final MethodHandle CONTEXT_FORK = handle(KernelSymbol.CONTEXT_FORK);
    static final MethodHandle SYNCHRONIZE = handle(KernelSymbol.SYNCHRONIZE);
    static final MethodHandle GRAPH_BEGIN = handle(KernelSymbol.GRAPH_BEGIN);
    static final MethodHandle GRAPH_END = handle(KernelSymbol.GRAPH_END);

    private Queues() {}
  }

  /** For lists of devices. */
  static final class Devices {
    static final MethodHandle DEVICE_COUNT = handle(KernelSymbol.DEVICE_COUNT);
    static final MethodHandle DEVICE_DESCRIBE = handle(KernelSymbol.DEVICE_DESCRIBE);

    private Devices() {}
  }

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

  /** Of embeddings. */
  static final class Pooling {
    static final MethodHandle POOL_SEQUENCES = handle(KernelSymbol.POOL_SEQUENCES);

    private Pooling() {}
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

  @SuppressWarnings("restricted") // the descriptors are written from the header
  private static MethodHandle handle(KernelSymbol symbol) {
    return Linker.nativeLinker()
        .downcallHandle(symbol.descriptor(), symbol.constantTime() ? CRITICAL : PLAIN);
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
}
