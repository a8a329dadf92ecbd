package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.Device;
import dev.gatun.DeviceInfo;
import dev.gatun.Devices;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun devices}: where models can run on this machine. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the devices of this machine, and why one can't be used.",
      "",
      "What the first column names, --device takes: cpu, cuda:0, ...; cuda is cuda:0, and best the",
      "first usable CUDA device, else the CPU. CUDA_VISIBLE_DEVICES hides devices and orders them.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun devices",
      "  gatun devices --json",
      "  gatun embed sentence-transformers/all-MiniLM-L6-v2 'A text.' --device best",
    })
final class DevicesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "Print one JSON object per line instead of the table.")
  private boolean json;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    for (DeviceInfo info : Devices.list()) {
      out.println(json ? toJson(info).toString() : toText(info));
    }
    return Gatun.OK;
  }

  private static String toText(DeviceInfo info) {
    var facts = new ArrayList<String>();
    if (!info.name().isEmpty()) {
      facts.add(info.name());
    }
    if (info.totalBytes() > 0) {
      facts.add(Sizes.of(info.totalBytes()));
    }
    if (info.isUsable()) { // otherwise it is not asked
      facts.add(Sizes.of(info.freeBytes()) + " free");
    }
    if (info.processors() > 0) {
      boolean cpu = info.device().kind() == Device.Kind.CPU;
      facts.add(info.processors() + (cpu ? " CPUs" : " multiprocessors"));
    }
    info.computeCapability().ifPresent(c -> facts.add("compute capability " + c));
    info.driverVersion().ifPresent(v -> facts.add("driver for CUDA " + v));
    info.unusable().ifPresent(reason -> facts.add("can't be used: " + reason));
    return "%-7s %s".formatted(info.device(), String.join(", ", facts));
  }

  private static ObjectNode toJson(DeviceInfo info) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("device", info.device().toString()).put("name", info.name());
    line.put("usable", info.isUsable());
    info.unusable().ifPresent(reason -> line.put("reason", reason));
    line.put("total_bytes", info.totalBytes()).put("free_bytes", info.freeBytes());
    line.put("processors", info.processors());
    info.computeCapability().ifPresent(c -> line.put("compute_capability", c));
    info.driverVersion().ifPresent(v -> line.put("driver_version", v));
    return line;
  }
}
