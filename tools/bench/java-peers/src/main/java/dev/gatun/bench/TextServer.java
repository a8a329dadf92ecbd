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
    for (long end = end(request.path("warmup").asDouble(0)); System.nanoTime() < end; ) {
      run(encoder, batches);
    }
    return Map.of("median_ms", turn(encoder, batches, request.path("seconds").asDouble(1)));
  }

  /** The median of calls during some seconds, after one that doesn't count unless it is longer. */
  private static double turn(TextEncoder encoder, List<List<String>> batches, double seconds)
      throws Exception {
    double first = run(encoder, batches);
    if (first >= seconds * 1e3) {
      return first;
    }
    List<Double> times = new ArrayList<>();
    long end = end(seconds);
    do {
      times.add(run(encoder, batches));
    } while (System.nanoTime() < end);
    times.sort(null);
    return times.get(times.size() / 2);
  }

  private static long end(double seconds) {
    return System.nanoTime() + (long) (seconds * 1e9);
  }

  private static double run(TextEncoder encoder, List<List<String>> batches) throws Exception {
    long start = System.nanoTime();
    for (List<String> texts : batches) {
      encoder.embed(texts);
    }
    return (System.nanoTime() - start) / 1e6;
  }
}
