package dev.gatun.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Measures on demand, as {@code gatun bench embed --serve} does, with the same lines. */
final class TextServer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TextServer() {}

  static void serve(Callable<TextEncoder> opening) throws IOException {
    PrintStream out = System.out;
    System.setOut(System.err); // answers only, whatever a library prints
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (TextEncoder encoder = opening.call()) {
      out.println(JSON.writeValueAsString(Map.of("ready", true)));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.println(JSON.writeValueAsString(answer(encoder, JSON.readTree(line))));
      }
    } catch (Exception | LinkageError e) {
      out.println(JSON.writeValueAsString(Map.of("error", e.toString())));
    }
  }

  private static Map<String, ?> answer(TextEncoder encoder, JsonNode request) throws Exception {
    List<List<String>> batches = new ArrayList<>();
    for (JsonNode texts : request.get("batches")) {
      batches.add(Arrays.asList(JSON.treeToValue(texts, String[].class)));
    }
    if (request.path("values").asBoolean()) {
      List<float[]> vectors = new ArrayList<>();
      for (List<String> texts : batches) {
        vectors.addAll(Arrays.asList(encoder.embed(texts)));
      }
      return Map.of("vectors", vectors);
    }
    double warmup = request.path("warmup").asDouble(0);
    if (warmup > 0) {
      Turn.median(warmup, () -> run(encoder, batches));
    }
    return Map.of(
        "median_ms", Turn.median(request.path("seconds").asDouble(1), () -> run(encoder, batches)));
  }

  private static void run(TextEncoder encoder, List<List<String>> batches) throws Exception {
    for (List<String> texts : batches) {
      encoder.embed(texts);
    }
  }
}
