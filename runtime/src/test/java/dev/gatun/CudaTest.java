package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.runtime.testing.Backends;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Models on a CUDA device: those of {@link CudaScenarios}, each in a JVM of its own that sees
 * another fake driver ({@link Backends#FAKE_CUDA}); what needs no failing device runs on a real one
 * too.
 */
class CudaTest {
  @Test
  void aModelGivesWhatTheCpuGives() throws Exception {
    run("equal", "");
  }

  @Test
  void decodingGivesWhatTheCpuGives() throws Exception {
    run("decode", "");
  }

  @Test
  void closingIsFinalAndFreesTheMemory() throws Exception {
    run("close", "");
  }

  @Test
  void manyThreadsShareAModel() throws Exception {
    run("threads", "");
  }

  @Test
  void severalDevicesAreListedAndUsed() throws Exception {
    runFake("several", "devices=2,capability=80");
  }

  @Test
  void noDevice() throws Exception {
    runFake("unavailable", "devices=0", "NO_DEVICE");
    runFake("unavailable", "init_error=999", "NO_DEVICE");
  }

  @Test
  void aDriverThatIsStuck() throws Exception {
    runFake("stuck", "init_seconds=600");
  }

  @Test
  void aDriverThatIsTooOld() throws Exception {
    runFake("unavailable", "driver=11000", "DRIVER_TOO_OLD");
  }

  @Test
  void aDeviceThatIsTooOld() throws Exception {
    runFake("unavailable", "capability=70", "UNSUPPORTED_DEVICE");
  }

  @Test
  void aCallThatNeedsTooMuchMemoryFailsAlone() throws Exception {
    runFake("memory", "memory=12m");
  }

  @Test
  void aLostDeviceIsSaidOnceAndForAll() throws Exception {
    runFake("lost", "lose_after=400");
  }

  private static void run(String scenario, String fake, String... arguments) throws Exception {
    boolean faked = Backends.fake().isPresent();
    assumeTrue(
        faked || Device.best().kind() == Device.Kind.CUDA,
        "no CUDA device, and -D" + Backends.FAKE_CUDA + " names no driver without one");
    start(scenario, fake, arguments);
  }

  private static void runFake(String scenario, String fake, String... arguments) throws Exception {
    assumeTrue(
        Backends.fake().isPresent(),
        "-D" + Backends.FAKE_CUDA + " names no driver that can be told to fail");
    start(scenario, fake, arguments);
  }

  private static void start(String scenario, String fake, String... arguments)
      throws IOException, InterruptedException {
    var java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-ea",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")))
            .redirectErrorStream(true);
    for (String property : new String[] {Backends.FAKE_CUDA, "gatun.cuda.library.path"}) {
      if (System.getProperty(property) != null) {
        java.command().add("-D" + property + "=" + System.getProperty(property));
      }
    }
    java.command().add(CudaScenarios.class.getName());
    java.command().add(scenario);
    java.command().addAll(List.of(arguments));
    java.environment().put("FAKE_CUDA", fake);
    Process child = java.start();
    String output = new String(child.getInputStream().readAllBytes());
    assertEquals(0, child.waitFor(), output);
  }
}
