package dev.gatun.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.Model;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures on demand, line by line as {@link LineServer} does.
 *
 * <pre>
 *   asks:    {"lengths": "8x128"} or {"ids": [[..], ..]}, with "generate": tokens, "warmup": seconds (0) before
 *            a turn of "seconds": seconds (1), "values": true for the numbers instead of the time
 *   answers: what --json prints, or {"error": "..."}; before the first question {"ready": true, ...}
 * </pre>
 */
final class BenchServer {
  private final Model model;
  private final ModelBench bench;
  private final long seed;

  BenchServer(Model model, ModelBench bench, long seed) {
    this.model = model;
    this.bench = bench;
    this.seed = seed;
  }

  void serve(BufferedReader in, PrintWriter out) throws IOException {
    ObjectNode ready = JsonNodeFactory.instance.objectNode();
    ready.put("architecture", model.architecture());
    ready.put("tier", model.tier());
    ready.put("dtype", model.dtype().toString());
    ready.put("threads", model.threads());
    LineServer.serve(in, out, ready, this::answer);
  }

  private ObjectNode answer(JsonNode request) {
    Workload workload = workload(request);
    return request.path("values").asBoolean()
        ? bench.values(workload)
        : bench.turn(
            workload, request.path("warmup").asDouble(0), request.path("seconds").asDouble(1));
  }

  private Workload workload(JsonNode request) {
    int newTokens = request.path("generate").asInt(bench.defaultNewTokens());
    if (request.has("lengths")) {
      return bench.random(Workload.parseLengths(request.get("lengths").asText()), newTokens, seed);
    }
    List<int[]> ids = new ArrayList<>();
    for (JsonNode sequence : request.path("ids")) {
      int[] one = new int[sequence.size()];
      for (int i = 0; i < one.length; i++) {
        one[i] = sequence.get(i).asInt();
      }
      ids.add(one);
    }
    if (ids.isEmpty()) {
      throw new IllegalArgumentException("a request needs \"lengths\" or \"ids\"");
    }
    return new Workload(ids, newTokens);
  }
}
