package dev.gatun.runtime.testing;

import dev.gatun.Device;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.util.List;
import java.util.stream.Stream;

/**
 * What tests of ops run on: every tier of this CPU, and a CUDA device where one is usable. With
 * {@code -Dgatun.test.fakecuda=FILE} that is a driver without a GPU, which runs the kernels on the
 * CPU and knows what a real one forgives.
 */
public final class Backends {
  /** System property: the fake {@code libcuda.so.1}. */
  public static final String FAKE_CUDA = "gatun.test.fakecuda";

  static {
    loadFake();
  }

  private Backends() {}

  /**
   * Loads the fake driver, if the property names one: the CUDA library then finds it by its name.
   */
  @SuppressWarnings("restricted") // named by whoever runs the tests
  public static void loadFake() {
    String fake = System.getProperty(FAKE_CUDA);
    if (fake != null) {
      System.load(fake);
    }
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
