package dev.gatun.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Measures on demand, as {@code gatun bench model --serve} does. One line of JSON asks, one
 * answers; the end of the input, or an error, ends it.
 *
 * <pre>
 *   asks:    {"batches": [[[5, 6], [7]], ..], "seconds": 1}, or one batch and "values": true
 *   answers: {"median_ms": time of a call of every batch}, or {"last_token": [[..], ..]}, or
 *            {"error": ".."}; before the first question {"ready": true}
 * </pre>
 */
final class PeerServer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private PeerServer() {}

  static void serve(Callable<Encoder> opening) throws IOException {
    PrintStream out = System.out;
    System.setOut(System.err); // answers only, whatever a library prints
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Encoder encoder = opening.call()) {
      out.println(JSON.writeValueAsString(Map.of("ready", true)));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.println(JSON.writeValueAsString(answer(encoder, JSON.readTree(line))));
      }
    } catch (Exception | LinkageError e) {
      out.println(JSON.writeValueAsString(Map.of("error", e.toString())));
    }
  }

  private static Map<String, ?> answer(Encoder encoder, JsonNode request) throws Exception {
    List<Padded> inputs = new ArrayList<>();
    for (JsonNode sequences : request.get("batches")) {
      inputs.add(Padded.of(List.of(JSON.treeToValue(sequences, long[][].class))));
    }
    List<Encoder.Batch> batches = new ArrayList<>();
    try {
      for (Padded each : inputs) {
        batches.add(encoder.prepare(each));
      }
      if (request.path("values").asBoolean()) {
        return Map.of("last_token", inputs.getFirst().lastTokens(batches.getFirst().hidden()));
      }
      return Map.of(
          "median_ms", Turn.median(request.path("seconds").asDouble(1), () -> run(batches)));
    } finally {
      for (Encoder.Batch batch : batches) {
        batch.close();
      }
    }
  }

  private static void run(List<Encoder.Batch> batches) throws Exception {
    for (Encoder.Batch batch : batches) {
      batch.run();
    }
  }
}
