package dev.gatun.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.TextEmbedder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun bench embed}: texts to vectors, tokenizing included. */
@Command(
    name = "embed",
    mixinStandardHelpOptions = true,
    description = {
      "Measures an embedding model on texts: tokenizing, the model, pooling.",
      "",
      "The lines of --input are embedded --batch at a time; a run is all of them.",
      "",
    },
    footer = {
      "",
      "--serve prints {\"ready\": true} and answers each line of standard input, as",
      "  {\"batches\": [[\"a text\", \"another\"]], \"seconds\": 1} or the same with \"values\": true",
      "with one line: the time of a run of all batches, or their vectors.",
      "",
      "Example:",
      "  gatun bench embed sentence-transformers/all-MiniLM-L6-v2 --input texts.txt --batch 32",
    })
final class BenchEmbedCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "Directory or id of an embedding model.")
  private String model;

  @Option(names = "--input", paramLabel = "FILE", description = "Texts, one a line.")
  private Path input;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "32",
      description = "Texts of one call (${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "3",
      description = "Measure for S seconds, at least 3 runs (${DEFAULT-VALUE}).")
  private double seconds;

  @Option(names = "--json", description = "Print one JSON object instead of the table.")
  private boolean json;

  @Option(names = "--serve", description = "Measure what standard input asks for; see below.")
  private boolean serve;

  @Mixin private RunOptions run;

  @Override
  public Integer call() throws IOException {
    if (batch < 1 || !(seconds > 0) || serve == (input != null)) {
      throw new ParameterException(
          spec.commandLine(),
          "--batch must be at least 1, --seconds above 0, and one of --input and --serve given");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (TextEmbedder embedder = load(err)) {
      if (serve) {
        LineServer.serve(
            LineServer.standardInput(),
            out,
            JsonNodeFactory.instance.objectNode(),
            request -> answer(embedder, request));
        return Gatun.OK;
      }
      List<List<String>> batches = batches(Files.readAllLines(input));
      ObjectNode result = JsonNodeFactory.instance.objectNode();
      try (var _ = Progress.of(err, "measuring " + model)) {
        Timing timing = Timing.measure(seconds / 3, seconds, () -> embed(embedder, batches));
        timing.putInto(result);
        long texts = batches.stream().mapToInt(List::size).sum();
        result.put("texts", texts).put("texts_per_s", texts / timing.medianMillis() * 1e3);
      }
      if (json) {
        out.println(result);
      } else {
        result.properties().forEach(e -> out.printf("%-12s %s%n", e.getKey(), e.getValue()));
      }
      return Gatun.OK;
    }
  }

  private TextEmbedder load(PrintWriter err) {
    Path directory = run.locate(model, err);
    try (var _ = Progress.of(err, "loading " + model)) {
      return TextEmbedder.load(directory, run.toLoadOptions());
    }
  }

  private List<List<String>> batches(List<String> texts) {
    if (texts.isEmpty()) {
      throw new ParameterException(spec.commandLine(), input + " holds no text");
    }
    var batches = new ArrayList<List<String>>();
    for (int at = 0; at < texts.size(); at += batch) {
      batches.add(texts.subList(at, Math.min(at + batch, texts.size())));
    }
    return batches;
  }

  private static void embed(TextEmbedder embedder, List<List<String>> batches) {
    batches.forEach(embedder::embed);
  }

  private static ObjectNode answer(TextEmbedder embedder, JsonNode request)
      throws JsonProcessingException {
    var batches = new ArrayList<List<String>>();
    for (JsonNode texts : request.path("batches")) {
      batches.add(Arrays.asList(LineServer.JSON.treeToValue(texts, String[].class)));
    }
    if (batches.isEmpty()) {
      throw new IllegalArgumentException("a request needs \"batches\"");
    }
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    if (request.path("values").asBoolean()) {
      var vectors = result.putArray("vectors");
      for (List<String> texts : batches) {
        for (float[] vector : embedder.embed(texts)) {
          vectors.add(LineServer.JSON.valueToTree(vector));
        }
      }
      return result;
    }
    Timing.warmUp(request.path("warmup").asDouble(0), () -> embed(embedder, batches));
    Timing.turn(request.path("seconds").asDouble(1), () -> embed(embedder, batches))
        .putInto(result);
    return result;
  }
}
