package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.NativeLibraryException;
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
 * The functions of a library, bound.
 *
 * @param library the library as it turned out when bound
 * @param symbols its functions; when it cannot be used, functions that throw the reason
 */
record KernelBinding(NativeLibrary library, KernelSymbols symbols) {

  /**
   * Binds every function, or none: when the library is missing, speaks another ABI or lacks a
   * symbol, each handle throws the {@link NativeLibraryException} that says so.
   */
  static KernelBinding bind(NativeLibrary library) {
    return switch (library) {
      case NativeLibrary.Missing missing -> unavailable(missing);
      case NativeLibrary.Found found -> bind(found);
    };
  }

  @SuppressWarnings("restricted") // the descriptors are written from the header
  private static KernelBinding bind(NativeLibrary.Found library) {
    RecordComponent[] components = KernelSymbols.class.getRecordComponents();
    List<String> absent = new ArrayList<>();
    MethodHandle[] handles = new MethodHandle[components.length];
    for (int i = 0; i < components.length; i++) {
      KernelSymbols.C function = components[i].getAnnotation(KernelSymbols.C.class);
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
    // The version first: a library of another ABI may lack symbols too, but that is not the cause.
    if (handles[0] != null) {
      int version = abiVersion(handles[0]);
      if (version != KernelSymbols.ABI_VERSION) {
        return unusable(
            library,
            "speaks ABI %d, this Gatun speaks ABI %d"
                .formatted(version, KernelSymbols.ABI_VERSION));
      }
    }
    if (!absent.isEmpty()) {
      return unusable(library, "lacks " + String.join(", ", absent));
    }
    return new KernelBinding(library, create(handles));
  }

  private static KernelBinding unusable(NativeLibrary.Found library, String reason) {
    return unavailable(
        new NativeLibrary.Missing(
            new NativeLibraryException(
                ("the kernel library %s %s; use the gatun-kernels-native artifact of the same"
                        + " version as gatun-runtime")
                    .formatted(library.path(), reason))));
  }

  private static KernelBinding unavailable(NativeLibrary.Missing missing) {
    RecordComponent[] components = KernelSymbols.class.getRecordComponents();
    MethodHandle[] handles = new MethodHandle[components.length];
    for (int i = 0; i < components.length; i++) {
      KernelSymbols.C function = components[i].getAnnotation(KernelSymbols.C.class);
      handles[i] =
          MethodHandles.dropArguments(
              MethodHandles.throwException(function.returns(), NativeLibraryException.class)
                  .bindTo(missing.cause()),
              0,
              function.takes());
    }
    return new KernelBinding(missing, create(handles));
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

  private static FunctionDescriptor descriptor(KernelSymbols.C function) {
    MemoryLayout[] arguments = new MemoryLayout[function.takes().length];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = layout(function.takes()[i]);
    }
    return function.returns() == void.class
        ? FunctionDescriptor.ofVoid(arguments)
        : FunctionDescriptor.of(layout(function.returns()), arguments);
  }

  private static Linker.Option[] options(KernelSymbols.C function) {
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
