package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DevicesCommandTest {
  @Test
  void theCpuIsUsableAndACudaDeviceOrTheReasonIsThere() throws IOException {
    Cli text = Cli.run("devices").succeeds();
    assertTrue(text.out().startsWith("cpu     "), text.out());
    text.prints(" free", " CPUs", "cuda:0  ");

    List<JsonNode> lines = new ArrayList<>();
    for (String line : Cli.run("devices", "--json").succeeds().out().lines().toList()) {
      lines.add(new JsonMapper().readTree(line));
    }
    JsonNode cpu = lines.getFirst();
    assertEquals("cpu", cpu.path("device").textValue());
    assertTrue(cpu.path("usable").booleanValue());
    assertFalse(cpu.path("name").textValue().isEmpty());
    assertTrue(cpu.path("total_bytes").longValue() > cpu.path("free_bytes").longValue());
    assertTrue(lines.size() > 1);
    for (JsonNode cuda : lines.subList(1, lines.size())) {
      assertTrue(cuda.path("device").textValue().startsWith("cuda:"), cuda::toString);
      assertEquals(cuda.path("usable").booleanValue(), !cuda.has("reason"), cuda::toString);
      assertTrue(cuda.path("usable").booleanValue() || !cuda.path("reason").textValue().isEmpty());
    }
  }

  @Test
  void aModelRunsWhereItIsTold() {
    String model = Cli.fixture("bert-masked-lm");
    Cli.run("verify", model, "--device", "cpu").succeeds().prints("PASS: all");
    Cli.run("verify", model, "--device", "best").succeeds().prints("PASS: all");
    Cli.run("verify", model, "--device", "gpu")
        .fails(2, "unknown device 'gpu'; supported: cpu, cuda, cuda:N, best");
    Cli.run("verify", model, "--device", "cuda", "--tier", "avx2").fails(1, "tiers are of the CPU");
    // More of them than any machine has: whatever stands in the way is said, with no stack trace.
    Cli.run("verify", model, "--device", "cuda:999").fails(1, "gatun: ");
  }
}
