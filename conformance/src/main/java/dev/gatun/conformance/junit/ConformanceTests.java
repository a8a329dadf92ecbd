package dev.gatun.conformance.junit;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.gatun.Device;
import dev.gatun.conformance.Check;
import dev.gatun.conformance.Verifier;
import dev.gatun.conformance.VerifyOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.function.Executable;

/**
 * Proves one's own model directories in one's own build: a test per case of the reference that lies
 * in the directory.
 *
 * <pre>{@code
 * import dev.gatun.conformance.junit.ConformanceTests;
 * import java.nio.file.Path;
 * import org.junit.jupiter.api.DynamicNode;
 * import org.junit.jupiter.api.TestFactory;
 *
 * class OurModelTest {
 *   @TestFactory
 *   DynamicNode ourModelIsExact() {
 *     return ConformanceTests.of(Path.of("models/our-bert"));
 *   }
 * }
 * }</pre>
 */
@SuppressWarnings("exports") // Whoever calls this has JUnit; the others must not need it.
public final class ConformanceTests {
  private ConformanceTests() {}

  /** Tests of a model directory, in the best tier of this machine. */
  public static DynamicNode of(Path modelDirectory) {
    return of(modelDirectory, VerifyOptions.defaults());
  }

  /**
   * Tests of a model directory.
   *
   * <p>The model is loaded when the first test runs and closed after the last.
   *
   * @throws dev.gatun.conformance.ReferenceException if the directory's reference is absent or
   *     unusable
   */
  public static DynamicNode of(Path modelDirectory, VerifyOptions options) {
    List<String> names = Verifier.caseNames(modelDirectory);
    var model = new LazyVerifier(modelDirectory, options);
    String title = title(modelDirectory, options);
    Stream<DynamicNode> tests =
        names.stream()
            .map(name -> dynamicTest(name, checkOf(model, name, title + ", case " + name)));
    return dynamicContainer(title, tests.onClose(model::close));
  }

  /**
   * @param where what runs, for a failure's first line
   */
  private static Executable checkOf(LazyVerifier model, String caseName, String where) {
    return () -> {
      List<Check> checks = model.get().check(caseName);
      String failures =
          checks.stream()
              .filter(check -> !check.passed())
              .map(check -> check.what() + ": " + check.detail())
              .collect(Collectors.joining("\n"));
      if (checks.isEmpty() || !failures.isEmpty()) {
        throw new AssertionError(
            where
                + (checks.isEmpty()
                    ? ": nothing was compared"
                    : " differs from the reference\n" + failures));
      }
    };
  }

  private static String title(Path modelDirectory, VerifyOptions options) {
    String threads =
        switch (options.threads()) {
          case 0 -> "";
          case 1 -> ", 1 thread";
          default -> ", " + options.threads() + " threads";
        };
    String device = options.device().equals(Device.cpu()) ? "" : ", " + options.device();
    return modelDirectory.getFileName()
        + device
        + options.tier().map(tier -> ", " + tier).orElse("")
        + threads;
  }

  /** Loads a model at the first test, not while tests are being listed. */
  private static final class LazyVerifier implements AutoCloseable {
    private final Path directory;
    private final VerifyOptions options;
    private Verifier verifier;

    LazyVerifier(Path directory, VerifyOptions options) {
      this.directory = directory;
      this.options = options;
    }

    synchronized Verifier get() {
      if (verifier == null) {
        verifier = Verifier.open(directory, options);
      }
      return verifier;
    }

    @Override
    public synchronized void close() {
      if (verifier != null) {
        verifier.close();
      }
    }
  }
}
