package dev.gatun.tools;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the Java machine is shown while it records the start-up cache: the classes that these
 * commands load and link are ready at once afterwards. The launcher runs it after a build.
 */
final class StartTraining {
  private StartTraining() {}

  public static void main(String[] arguments) throws Exception {
    var discard = new PrintWriter(Writer.nullWriter());
    Path model = BundledModel.directory();
    run(discard, "--help");
    run(discard, "--version");
    run(discard, "inspect-config", "--help");
    run(discard, "inspect-config", model.toString());
    run(discard, "inspect-config", model.toString(), "--json");
    run(discard, "inspect-config", "bert-base-uncased");
    run(discard, "inspect-config", "t5-small");
    Path unknown = Files.createTempDirectory("gatun-training");
    Path config = unknown.resolve("config.json");
    try {
      Files.writeString(config, "{\"model_type\": \"unknown\", \"hidden_size\": 8}");
      run(discard, "inspect-config", unknown.toString());
      run(discard, "inspect-config", unknown.resolve("absent").toString());
    } finally {
      Files.deleteIfExists(config);
      Files.deleteIfExists(unknown);
    }
    run(discard, "embed", model.toString(), "To be, or not to be");
    run(discard, "generate", "--chars", "50", "--seed", "1");
  }

  private static void run(PrintWriter out, String... arguments) {
    Gatun.execute(out, out, arguments);
  }
}
