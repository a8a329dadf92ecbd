package dev.gatun.conformance;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import dev.gatun.LoadOptions;
import dev.gatun.conformance.junit.ConformanceTests;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/**
 * Every fixture on a CUDA device, by the same rule as on the CPU. With {@code
 * -Dgatun.test.fakecuda=FILE} on a driver without a GPU, which runs the kernels on the CPU.
 */
class CudaFixturesTest {
  private static final String FAKE_CUDA = "gatun.test.fakecuda";

  @BeforeAll
  @SuppressWarnings("restricted") // named by whoever runs the tests
  static void findDevice() {
    Path driver = Path.of(System.getProperty(FAKE_CUDA, ""));
    if (Files.isRegularFile(driver)) {
      System.load(driver.toString());
      // Without nvcc the build packages no CUDA library; the one beside the driver has no device
      // code.
      if (CudaFixturesTest.class.getResource("/native/linux-x86_64/libgatun_cuda.so") == null) {
        Path unpackaged = driver.resolve("../../../libgatun_cuda.so").normalize();
        System.setProperty("gatun.cuda.library.path", unpackaged.toString());
      }
    }
    assumeTrue(
        Device.best().kind() == Device.Kind.CUDA,
        "no CUDA device, and -D" + FAKE_CUDA + " names no driver without one");
  }

  @TestFactory
  Stream<DynamicNode> fixtures() {
    List<Path> fixtures = Fixtures.all();
    assertFalse(fixtures.isEmpty(), "conformance/fixtures holds no fixture");
    return fixtures.stream().map(CudaFixturesTest::tests);
  }

  /** Alone an output may take other kernels, those for few rows: equal but for rounding. */
  @TestFactory
  Stream<DynamicNode> outputsAlone() {
    LoadOptions options = LoadOptions.defaults().withDevice(Device.best());
    return Fixtures.all().stream()
        .map(
            fixture ->
                dynamicContainer(
                    fixture.getFileName().toString(),
                    Stream.of(
                        dynamicTest("f32", () -> OutputsAloneTest.run(fixture, options, 1e-5)),
                        dynamicTest(
                            "bf16",
                            () ->
                                OutputsAloneTest.run(
                                    fixture, options.withDtype(ComputeDtype.BF16), 1 / 32.0)))));
  }

  private static DynamicNode tests(Path fixture) {
    var options = VerifyOptions.defaults().withDevice(Device.best());
    return dynamicContainer(
        fixture.getFileName().toString(),
        Stream.of(
            ConformanceTests.of(fixture, options),
            ConformanceTests.of(fixture, options.withDtype(ComputeDtype.BF16))));
  }
}
