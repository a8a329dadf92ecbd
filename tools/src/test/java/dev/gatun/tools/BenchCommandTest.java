package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.GenerationOptions;
import dev.gatun.Inputs;
import dev.gatun.LoadOptions;
import dev.gatun.Model;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.runtime.nativelib.NativeContext;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the benchmarks say and count; how long anything takes is nobody's business here. */
class BenchCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode json(String... arguments) throws Exception {
    return JSON.readTree(Cli.run(arguments).succeeds().out());
  }

  @Test
  void anEncoderReadsABatch() throws Exception {
    String model = Cli.fixture("bert-model");
    JsonNode result =
        json(
            "bench",
            "model",
            model,
            "--lengths",
            "3,5x4",
            "--seconds",
            "0.01",
            "--tier",
            "reference",
            "--threads",
            "1",
            "--json");
    assertEquals(3 + 20, result.get("tokens").asInt());
    assertEquals(6, result.get("sequences").asInt());
    assertEquals(0, result.get("generate").asInt());
    assertEquals("reference", result.get("tier").asText());
    assertEquals(1, result.get("threads").asInt());
    assertTrue(result.get("runs").asInt() >= 3);
    double median = result.get("median_ms").asDouble();
    assertTrue(result.get("min_ms").asDouble() <= median);
    assertEquals(23 / median * 1e3, result.get("tokens_per_s").asDouble(), 1e-6);
    assertTrue(result.get("gflops").asDouble() > 0);
  }

  @Test
  void headsHaveAHiddenStateToo() throws Exception {
    String model = Cli.fixture("bert-masked-lm");
    assertEquals(
        4,
        json("bench", "model", model, "--lengths", "4", "--seconds", "0.01", "--json")
            .get("tokens")
            .asInt());
  }

  @Test
  void aTextModelWrites() throws Exception {
    String model = Cli.fixture("gpt2-lm");
    JsonNode prefill =
        json("bench", "model", model, "--lengths", "2x7", "--seconds", "0.01", "--json");
    assertEquals(1, prefill.get("generate").asInt());
    assertEquals(14, prefill.get("tokens").asInt());
    JsonNode written =
        json(
            "bench",
            "model",
            model,
            "--lengths",
            "7",
            "--batch",
            "3",
            "--generate",
            "5",
            "--seconds",
            "0.01",
            "--json");
    assertEquals(15, written.get("tokens").asInt());
    assertEquals("3 x 7", written.get("lengths").asText());
    Cli.run("bench", "model", Cli.fixture("t5"), "--lengths", "9", "--seconds", "0.01")
        .succeeds()
        .prints("median_ms", "T5ForConditionalGeneration");
  }

  @Test
  void wrongRequestsAreNamed() {
    String bert = Cli.fixture("bert-model");
    Cli.run("bench", "model", bert, "--generate", "3").fails(1, "does not generate");
    Cli.run("bench", "model", bert, "--lengths", "8by128").fails(2, "8by128");
    Cli.run("bench", "model", bert, "--lengths", "0").fails(2, "lengths");
    Cli.run("bench", "model", bert, "--seconds", "0").fails(2, "--seconds");
    Cli.run("bench").fails(2, "Bench what?", "gemm");
    Cli.run("bench", "gemm", "--layers", "7").fails(2, "'7'");
    Cli.run("bench", "gemm", "--layers", "2000000x2000000").fails(2, "too large");
    Cli.run("bench", "gemm", "--layers", "2000x2", "--rows", "2000000").fails(2, "2000000 x 2000");
    Cli.run("bench", "model", bert, "--lengths", "2147483647x2147483647").fails(2, "16,777,216");
    Cli.run("bench", "model", bert, "--batch", "2000000000").fails(2, "16,777,216");
    Cli.run("bench", "attention", "--tokens", "0").fails(2, "--tokens");
  }

  @Test
  void lengths() {
    assertArrayEquals(new int[] {128, 128, 128}, Workload.parseLengths("3x128"));
    assertArrayEquals(new int[] {16, 77, 4, 4}, Workload.parseLengths("16,77,2x4"));
    assertArrayEquals(new int[] {5, 7, 5, 7}, Workload.parseLengths("5,7", 2));
    for (String wrong : List.of("", "x", "3x", "2x3x4", "-1", "1,,2")) {
      assertThrows(IllegalArgumentException.class, () -> Workload.parseLengths(wrong), wrong);
    }
  }

  @Test
  void theMedianIsThatOfTheTimes() {
    assertEquals(new Timing(3, 1, 5), Timing.of(9, 1, 3, 4, 2));
    assertEquals(new Timing(2.5, 1, 4), Timing.of(9, 1, 3, 2));
    assertEquals(50, new Timing(2, 1, 3).gigaflops(1e8));
  }

  /** Counted by hand for BERT-base, GPT-2 and T5-small. */
  @Test
  void usefulWork() throws Exception {
    var bert = config("{'model_type': 'bert'}");
    double layer = 2 * 7077888.0 * 128 + 4.0 * 128 * 128 * 768;
    assertEquals(8 * 12 * layer, UsefulWork.flops(bert, Workload.parseLengths("8x128"), 0));

    var gpt2 = config("{'model_type': 'gpt2'}");
    double head = 2 * 768.0 * 50257;
    double behindAttention = 2 * (7077888.0 - 3 * 768 * 768); // in the last layer: one row is read
    assertEquals(
        12 * (2 * 7077888.0 * 512 + 2.0 * 512 * 512 * 768) - 511 * behindAttention + head,
        UsefulWork.flops(gpt2, new int[] {512}, 1));
    assertEquals(
        12 * (2 * 7077888.0 * 143 + 2.0 * 143 * 143 * 768) - 15 * behindAttention + 128 * head,
        UsefulWork.flops(gpt2, new int[] {16}, 128));

    var t5 = config("{'model_type': 't5'}");
    double encoder = 6 * (2 * 3145728.0 * 128 + 4.0 * 128 * 128 * 512);
    double decoder =
        6 * (2 * 524288.0 * 128 + 2 * 3670016.0 * 64 + 2.0 * 64 * 64 * 512 + 4.0 * 64 * 128 * 512);
    assertEquals(
        encoder + decoder + 64 * 2.0 * 512 * 32128, UsefulWork.flops(t5, new int[] {128}, 64));
  }

  @Test
  void servesOneAnswerPerLine() throws Exception {
    try (var model = Model.load(Cli.fixture("gpt2-lm"), LoadOptions.defaults().withThreads(1))) {
      List<JsonNode> answers =
          serve(
              model,
              "{\"lengths\": \"2x3\", \"seconds\": 0.01}",
              "{\"ids\": [[5, 6, 7], [8]], \"generate\": 4, \"values\": true}",
              "{\"ids\": [[5, 6, 7], [8]], \"generate\": 4, \"seconds\": 0.01}",
              "what?",
              "{}",
              "{\"ids\": [[100000]]}");
      assertTrue(answers.get(0).get("ready").asBoolean());
      assertEquals(6, answers.get(1).get("tokens").asInt());
      int[] text = model.generate(new int[] {8}, GenerationOptions.greedy(4).withEosTokenIds());
      for (int i = 0; i < 4; i++) {
        assertEquals(text[1 + i], answers.get(2).get("ids").get(1).get(i).asInt());
      }
      assertEquals(8, answers.get(3).get("tokens").asInt());
      for (JsonNode wrong : answers.subList(4, 7)) {
        assertTrue(wrong.has("error"), wrong::toString);
      }
    }
    try (var model = Model.load(Cli.fixture("bert-model"), LoadOptions.defaults().withThreads(1))) {
      JsonNode answer =
          serve(model, "{\"ids\": [[5, 6, 7], [8]], \"values\": true}").get(1).get("last_token");
      float[] all =
          model
              .forward(Inputs.of(new int[] {5, 6, 7}), Set.of("last_hidden_state"))
              .values("last_hidden_state", 0);
      int width = all.length / 3;
      assertEquals(2, answer.size());
      assertEquals(width, answer.get(0).size());
      assertEquals(all[2 * width], answer.get(0).get(0).floatValue(), 1e-5f);
    }
  }

  private static List<JsonNode> serve(Model model, String... lines) throws Exception {
    var out = new StringWriter();
    new BenchServer(model, new ModelBench(model), 1)
        .serve(
            new BufferedReader(new StringReader(String.join("\n", lines))), new PrintWriter(out));
    var answers = new ArrayList<JsonNode>();
    for (String line : out.toString().lines().toList()) {
      answers.add(JSON.readTree(line));
    }
    assertEquals(1 + lines.length, answers.size());
    return answers;
  }

  @Test
  void gemmPrintsALinePerLayerAndRows() throws Exception {
    Cli.run("bench", "gemm", "--layers", "8x24,24x8", "--rows", "1,5", "--seconds", "0.001")
        .succeeds()
        .prints("8x24", "24x8", "GFLOP/s");
    JsonNode line =
        json(
            "bench",
            "gemm",
            "--layers",
            "8x24",
            "--rows",
            "5",
            "--seconds",
            "0.001",
            "--json",
            "--peak",
            "100",
            "--tier",
            "reference");
    assertEquals("8x24", line.get("layer").asText());
    assertEquals(line.get("gflops").asDouble() / 100, line.get("of_peak").asDouble(), 1e-12);
    assertEquals("reference", line.get("tier").asText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "avx2", "avx512"})
  void attentionTimesAndMemory(String tier) throws Exception {
    assumeTrue(NativeContext.tiers().contains(tier), "this CPU has no " + tier);
    JsonNode line =
        json(
            "bench",
            "attention",
            "--tokens",
            "40",
            "--heads",
            "2",
            "--head-dim",
            "8",
            "--causal",
            "--seconds",
            "0.001",
            "--json",
            "--tier",
            tier);
    assertEquals(40, line.get("tokens").asInt());
    assertTrue(line.get("gflops").asDouble() > 0);

    JsonNode memory =
        json(
            "bench",
            "attention",
            "--memory",
            "--tokens",
            "2000",
            "--heads",
            "2",
            "--head-dim",
            "8",
            "--threads",
            "2",
            "--json",
            "--tier",
            tier);
    assertEquals(2000L * 2000 * 4, memory.get("scores_bytes_per_head").asLong());
    assertTrue(
        memory.get("scratch_bytes").asLong() < memory.get("scores_bytes_per_head").asLong() / 4,
        memory::toString);
  }

  private static ModelConfig config(String json) throws Exception {
    return ConfigParser.parse(JSON.readTree(json.replace('\'', '"')));
  }
}
