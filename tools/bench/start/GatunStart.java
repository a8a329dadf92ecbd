import dev.gatun.TextEmbedder;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * The first vector of a fresh JVM. Argument: a model. Prints the milliseconds since the JVM began.
 */
final class GatunStart {
  public static void main(String[] args) {
    try (var embedder = TextEmbedder.builder(Path.of(args[0])).build()) {
      embedder.embed("The ferry left before sunrise.");
      System.out.println(
          System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime());
    }
  }
}
