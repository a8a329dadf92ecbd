package dev.gatun.loader.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A download in a process of its own: the environment says from where to where. */
final class ChildDownload {
  private ChildDownload() {}

  public static void main(String[] arguments) {
    IO.println(
        new Hub(HubEnvironment.system(), HubListener.NONE).download(arguments[0], arguments[1]));
  }

  /** Starts one, which prints the snapshot's path. */
  static Process start(Map<String, String> environment, String id) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(ChildDownload.class.getName());
    command.addAll(List.of(id, "main"));
    return start(environment, command);
  }

  static Process start(Map<String, String> environment, List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.matches("(HF_|HUGGING|TRANSFORMERS).*"));
    builder.environment().put("NO_PROXY", "*");
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** The output of a process that must succeed. */
  static String output(Process process) throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new AssertionError("exit status " + process.exitValue() + ": " + output);
    }
    return output;
  }
}
