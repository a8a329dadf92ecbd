package dev.gatun.runtime.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gatun.Device;
import dev.gatun.DeviceInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/** What a kernel library says of its devices. */
public final class NativeDevices {

  /** A driver that is stuck, as over a GPU that has failed, never answers; many GPUs take long. */
  private static final long PATIENCE_SECONDS = Long.getLong("gatun.device.patience", 60);

  private NativeDevices() {}

  /** Every device of a kind, usable or not; if there is none, one entry that says why. */
  public static List<DeviceInfo> list(Device.Kind kind) {
    if (kind == Device.Kind.CPU) {
      return ask(kind);
    }
    var answer = new FutureTask<>(() -> ask(kind));
    Thread.ofPlatform().daemon().name("gatun-devices").start(answer);
    try {
      return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      return List.of(
          unknown(kind, "its driver has not answered for " + PATIENCE_SECONDS + " seconds."));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of(unknown(kind, "interrupted before its driver had answered."));
    } catch (ExecutionException e) {
      throw Kernels.rethrow(e.getCause());
    }
  }

  private static List<DeviceInfo> ask(Device.Kind kind) {
    KernelBinding binding = KernelBinding.of(kind);
    if (binding.library() instanceof NativeLibrary.Missing missing) {
      return List.of(unknown(kind, missing.cause().getMessage()));
    }
    try (Arena call = Arena.ofConfined()) {
      MemorySegment count = call.allocate(JAVA_INT);
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      int status =
          (int)
              Kernels.Devices.DEVICE_COUNT.invokeExact(
                  binding.function(KernelSymbol.DEVICE_COUNT),
                  count,
                  message,
                  CallScratch.MESSAGE_BYTES);
      if (status != NativeStatus.OK) {
        return List.of(unknown(kind, reason(message)));
      }
      return IntStream.range(0, count.get(JAVA_INT, 0))
          .mapToObj(index -> describe(binding, new Device(kind, index)))
          .toList();
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  private static DeviceInfo describe(KernelBinding binding, Device device) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment info = call.allocate(Structs.DEVICE_INFO);
      info.set(JAVA_INT, 0, (int) info.byteSize());
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      int status =
          (int)
              Kernels.Devices.DEVICE_DESCRIBE.invokeExact(
                  binding.function(KernelSymbol.DEVICE_DESCRIBE),
                  device.index(),
                  info,
                  message,
                  CallScratch.MESSAGE_BYTES);
      int driver = field(info, "driver_version");
      return new DeviceInfo(
          device,
          string(
              info.asSlice(Structs.offset(Structs.DEVICE_INFO, "name"), Structs.DEVICE_NAME_BYTES)),
          status == NativeStatus.OK ? Optional.empty() : Optional.of(reason(message)),
          info.get(JAVA_LONG, Structs.offset(Structs.DEVICE_INFO, "total_bytes")),
          info.get(JAVA_LONG, Structs.offset(Structs.DEVICE_INFO, "free_bytes")),
          version(field(info, "compute_major"), field(info, "compute_minor")),
          version(driver / 1000, driver % 1000 / 10),
          field(info, "processors"));
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  private static DeviceInfo unknown(Device.Kind kind, String reason) {
    return new DeviceInfo(
        new Device(kind, 0), "", Optional.of(reason), 0, 0, Optional.empty(), Optional.empty(), 0);
  }

  private static int field(MemorySegment info, String name) {
    return info.get(JAVA_INT, Structs.offset(Structs.DEVICE_INFO, name));
  }

  private static Optional<String> version(int major, int minor) {
    return major == 0 ? Optional.empty() : Optional.of(major + "." + minor);
  }

  /** What a message says, without the function's name before it. */
  private static String reason(MemorySegment message) {
    return string(message).replaceFirst("^device_\\w+: ", "");
  }

  private static String string(MemorySegment text) {
    return text.getString(0, StandardCharsets.UTF_8);
  }
}
