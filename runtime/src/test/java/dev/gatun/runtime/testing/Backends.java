package dev.gatun.runtime.testing;

import dev.gatun.Device;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What tests of ops run on: every tier of this CPU, and a CUDA device where one is usable. With
 * {@code -Dgatun.test.fakecuda=FILE} that is a driver without a GPU, which runs the kernels on the
 * CPU and knows what a real one forgives.
 */
public final class Backends {
  /** System property: the fake {@code libcuda.so.1}. */
  public static final String FAKE_CUDA = "gatun.test.fakecuda";

  private static final String CUDA_LIBRARY = "gatun.cuda.library.path";

  static {
    loadFake();
  }

  private Backends() {}

  /** The driver without a GPU; empty if the property names none or that was not built. */
  public static Optional<Path> fake() {
    return Optional.ofNullable(System.getProperty(FAKE_CUDA))
        .filter(file -> !file.isEmpty())
        .map(Path::of)
        .filter(Files::isRegularFile);
  }

  /**
   * Loads the fake driver, if there is one: the CUDA library then finds it by its name. Where the
   * build had no nvcc, no CUDA library is packaged, and the one beside the driver is taken.
   */
  @SuppressWarnings("restricted") // named by whoever runs the tests
  public static void loadFake() {
    fake()
        .ifPresent(
            driver -> {
              System.load(driver.toString());
              Path unpackaged = driver.resolve("../../../libgatun_cuda.so").normalize();
              if (System.getProperty(CUDA_LIBRARY) == null
                  && Backends.class.getResource("/native/linux-x86_64/libgatun_cuda.so") == null) {
                System.setProperty(CUDA_LIBRARY, unpackaged.toString());
              }
            });
  }

  /** Every tier of the CPU, then the device that is not the CPU. */
  public static List<ContextOptions> tiers() {
    ContextOptions options = ContextOptions.defaults().withThreads(2);
    return Stream.concat(NativeContext.tiers().stream().map(options::withTier), cuda()).toList();
  }

  /** The CPU, then the device that is not. */
  public static List<ContextOptions> devices() {
    return Stream.concat(Stream.of(ContextOptions.defaults().withThreads(1)), cuda()).toList();
  }

  private static Stream<ContextOptions> cuda() {
    Device best = Device.best();
    return Stream.of(ContextOptions.defaults().withDevice(best))
        .filter(_ -> best.kind() == Device.Kind.CUDA);
  }
}
