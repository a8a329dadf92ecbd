package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.NativeLibraryException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Every function of {@code gatun.h}, in the header's order: the whole native surface. {@code
 * MemorySegment} stands for a pointer, {@code int} for int32_t, uint32_t and gt_status, {@code
 * long} for int64_t and size_t.
 */
record KernelSymbols(
    @C(
            name = "gt_abi_version",
            returns = int.class,
            takes = {})
        MethodHandle abiVersion,
    @C(
            name = "gt_layout",
            returns = MemorySegment.class,
            takes = {})
        MethodHandle layout,
    @C(name = "gt_tier_name", returns = MemorySegment.class, takes = int.class)
        MethodHandle tierName,
    @C(
            name = "gt_best_tier",
            returns = int.class,
            takes = {})
        MethodHandle bestTier,
    @C(
            name = "gt_context_create",
            returns = int.class,
            takes = {MemorySegment.class, MemorySegment.class, MemorySegment.class, long.class})
        MethodHandle contextCreate,
    @C(name = "gt_context_destroy", returns = void.class, takes = MemorySegment.class)
        MethodHandle contextDestroy,
    @C(
            name = "gt_context_tier",
            returns = int.class,
            takes = MemorySegment.class,
            constantTime = true)
        MethodHandle contextTier,
    @C(
            name = "gt_context_threads",
            returns = int.class,
            takes = MemorySegment.class,
            constantTime = true)
        MethodHandle contextThreads,
    @C(
            name = "gt_allocate",
            returns = int.class,
            takes = {
              MemorySegment.class,
              long.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle allocate,
    @C(
            name = "gt_free",
            returns = void.class,
            takes = {MemorySegment.class, MemorySegment.class})
        MethodHandle free,
    @C(
            name = "gt_upload",
            returns = int.class,
            takes = {
              MemorySegment.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle upload,
    @C(
            name = "gt_download",
            returns = int.class,
            takes = {
              MemorySegment.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle download,
    @C(
            name = "gt_context_bytes",
            returns = long.class,
            takes = MemorySegment.class,
            constantTime = true)
        MethodHandle contextBytes,
    @C(
            name = "gt_linear_create",
            returns = int.class,
            takes = {
              MemorySegment.class,
              long.class,
              long.class,
              MemorySegment.class,
              MemorySegment.class,
              long.class
            })
        MethodHandle linearCreate,
    @C(
            name = "gt_linear_pack",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // linear
              long.class, // first_row
              long.class, // rows
              MemorySegment.class, // weight
              int.class, // weight_dtype
              int.class, // layout
              MemorySegment.class, // bias
              int.class, // bias_dtype
              MemorySegment.class,
              long.class
            })
        MethodHandle linearPack,
    @C(
            name = "gt_linear_destroy",
            returns = void.class,
            takes = {MemorySegment.class, MemorySegment.class})
        MethodHandle linearDestroy,
    @C(
            name = "gt_linear_forward",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // linear
              MemorySegment.class, // x
              MemorySegment.class, // residual
              MemorySegment.class, // y
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle linearForward,
    @C(
            name = "gt_layer_norm",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // weight
              MemorySegment.class, // bias
              MemorySegment.class, // y
              long.class, // rows
              long.class, // features
              float.class, // eps
              MemorySegment.class,
              long.class
            })
        MethodHandle layerNorm,
    @C(
            name = "gt_rms_norm",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // weight
              MemorySegment.class, // y
              long.class, // rows
              long.class, // features
              float.class, // eps
              MemorySegment.class,
              long.class
            })
        MethodHandle rmsNorm,
    @C(
            name = "gt_activate",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // y
              long.class, // count
              int.class, // activation
              MemorySegment.class,
              long.class
            })
        MethodHandle activate,
    @C(
            name = "gt_gated_activate",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // x
              MemorySegment.class, // y
              long.class, // rows
              long.class, // features
              int.class, // activation
              MemorySegment.class,
              long.class
            })
        MethodHandle gatedActivate,
    @C(
            name = "gt_embed",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // table
              int.class, // table_dtype
              long.class, // table_rows
              long.class, // features
              MemorySegment.class, // ids
              long.class, // tokens
              int.class, // accumulate
              MemorySegment.class, // y
              MemorySegment.class,
              long.class
            })
        MethodHandle embed,
    @C(
            name = "gt_attention",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // q
              MemorySegment.class, // k
              MemorySegment.class, // v
              MemorySegment.class, // cu_seqlens_q
              MemorySegment.class, // cu_seqlens_kv
              MemorySegment.class, // block_table
              MemorySegment.class, // distance_bias
              MemorySegment.class, // out
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle attention,
    @C(
            name = "gt_kv_append",
            returns = int.class,
            takes = {
              MemorySegment.class, // context
              MemorySegment.class, // source
              MemorySegment.class, // cu_seqlens_new
              MemorySegment.class, // lengths
              MemorySegment.class, // block_table
              MemorySegment.class, // blocks
              MemorySegment.class, // params
              MemorySegment.class,
              long.class
            })
        MethodHandle kvAppend) {

  /** GT_ABI_VERSION of the header that this record was written from. */
  static final int ABI_VERSION = 1;

  /** The C function behind a component. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.RECORD_COMPONENT)
  @interface C {
    String name();

    Class<?> returns();

    Class<?>[] takes();

    /**
     * Reads a field and returns: the call may skip the thread-state transition
     * (Linker.Option.critical).
     */
    boolean constantTime() default false;
  }

  /**
   * Binds every function, or none: when the library is missing, speaks another ABI or lacks a
   * symbol, each handle throws the {@link NativeLibraryException} that says so.
   */
  static Binding bind(NativeLibrary library) {
    return switch (library) {
      case NativeLibrary.Missing missing -> unavailable(missing);
      case NativeLibrary.Found found -> bind(found);
    };
  }

  /** The library as it turned out when bound, with its functions. */
  record Binding(NativeLibrary library, KernelSymbols symbols) {}

  @SuppressWarnings("restricted") // the descriptors are written from the header
  private static Binding bind(NativeLibrary.Found library) {
    RecordComponent[] components = KernelSymbols.class.getRecordComponents();
    List<String> absent = new ArrayList<>();
    MethodHandle[] handles = new MethodHandle[components.length];
    for (int i = 0; i < components.length; i++) {
      C function = components[i].getAnnotation(C.class);
      int index = i;
      library
          .symbols()
          .find(function.name())
          .ifPresentOrElse(
              address ->
                  handles[index] =
                      Linker.nativeLinker()
                          .downcallHandle(address, descriptor(function), options(function)),
              () -> absent.add(function.name()));
    }
    // The version first: a library of another ABI may well lack symbols, and that is the cause to
    // name.
    if (handles[0] != null) {
      int version = abiVersion(handles[0]);
      if (version != ABI_VERSION) {
        return unusable(
            library, "speaks ABI %d, this Gatun speaks ABI %d".formatted(version, ABI_VERSION));
      }
    }
    if (!absent.isEmpty()) {
      return unusable(library, "lacks " + String.join(", ", absent));
    }
    return new Binding(library, create(handles));
  }

  private static Binding unusable(NativeLibrary.Found library, String reason) {
    return unavailable(
        new NativeLibrary.Missing(
            new NativeLibraryException(
                "the kernel library %s %s; use the gatun-kernels-native artifact of the same version as gatun-runtime"
                    .formatted(library.path(), reason))));
  }

  private static Binding unavailable(NativeLibrary.Missing missing) {
    RecordComponent[] components = KernelSymbols.class.getRecordComponents();
    MethodHandle[] handles = new MethodHandle[components.length];
    for (int i = 0; i < components.length; i++) {
      C function = components[i].getAnnotation(C.class);
      handles[i] =
          MethodHandles.dropArguments(
              MethodHandles.throwException(function.returns(), NativeLibraryException.class)
                  .bindTo(missing.cause()),
              0,
              function.takes());
    }
    return new Binding(missing, create(handles));
  }

  private static KernelSymbols create(MethodHandle[] handles) {
    Class<?>[] types = new Class<?>[handles.length];
    Arrays.fill(types, MethodHandle.class);
    try {
      return (KernelSymbols)
          MethodHandles.lookup()
              .findConstructor(KernelSymbols.class, MethodType.methodType(void.class, types))
              .invokeWithArguments((Object[]) handles);
    } catch (Throwable e) {
      throw new AssertionError("the canonical constructor takes the components", e);
    }
  }

  private static int abiVersion(MethodHandle handle) {
    try {
      return (int) handle.invokeExact();
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  private static FunctionDescriptor descriptor(C function) {
    MemoryLayout[] arguments = new MemoryLayout[function.takes().length];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = layout(function.takes()[i]);
    }
    return function.returns() == void.class
        ? FunctionDescriptor.ofVoid(arguments)
        : FunctionDescriptor.of(layout(function.returns()), arguments);
  }

  private static Linker.Option[] options(C function) {
    return function.constantTime()
        ? new Linker.Option[] {Linker.Option.critical(false)}
        : new Linker.Option[0];
  }

  private static MemoryLayout layout(Class<?> type) {
    if (type == int.class) {
      return JAVA_INT;
    }
    if (type == long.class) {
      return JAVA_LONG;
    }
    if (type == float.class) {
      return JAVA_FLOAT;
    }
    if (type == MemorySegment.class) {
      return ADDRESS;
    }
    throw new AssertionError("no C type stands for " + type);
  }
}
