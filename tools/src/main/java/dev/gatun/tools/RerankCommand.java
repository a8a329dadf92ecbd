package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.CrossEncoder;
import dev.gatun.LoadOptions;
import dev.gatun.tokenizers.TextPair;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun rerank}: documents in the order in which they answer a query. */
@Command(
    name = "rerank",
    mixinStandardHelpOptions = true,
    description = {
      "Sorts documents by how well they go with a query. A cross-encoder reads query and document",
      "together: slower and better than comparing vectors, so let a vector search find a hundred",
      "candidates and this command sort them. MODEL is one with a single label, as",
      "cross-encoder/ms-marco-MiniLM-L6-v2 or BAAI/bge-reranker-base.",
      "",
      "Prints score, number of the document (the first is 1) and its text, best first. Scores of",
      "one query can be compared with each other; whether they lie between 0 and 1 is up to the",
      "model.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun rerank MODEL --query 'Who dug the canal?' 'It opened in 1914.' 'Crews dug it.'",
      "  gatun rerank MODEL --query 'open hours' --input passages.txt --top-k 5",
      "  grep -i canal notes.txt | gatun rerank MODEL --query 'who dug it' --input - --json",
    })
final class RerankCommand implements Callable<Integer> {
  private static final int LONGEST_TEXT = 100;

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "MODEL", description = "Directory or id of a model.")
  private String model;

  @Parameters(index = "1..*", paramLabel = "DOC", description = "Documents to sort.")
  private List<String> documents = List.of();

  @Option(
      names = "--query",
      paramLabel = "TEXT",
      required = true,
      description = "What the documents should answer.")
  private String query;

  @Mixin private TextLines lines;

  @Option(names = "--top-k", paramLabel = "N", description = "Print only the best N.")
  private Integer topK;

  @Option(
      names = "--json",
      description = "Print one JSON object: query, results with index (from 0), score, text.")
  private boolean json;

  @Mixin private RunOptions run;

  private record Scored(int index, float score) {}

  @Override
  public Integer call() throws IOException {
    if (topK != null && topK < 1) {
      throw new ParameterException(
          spec.commandLine(), "--top-k is " + topK + "; at least 1 needed");
    }
    List<String> all = lines.and(documents);
    if (all.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "no document: give some behind MODEL, or --input FILE");
    }
    PrintWriter err = spec.commandLine().getErr();
    try (CrossEncoder encoder = load(run.toLoadOptions(), err)) {
      if (encoder.labels() != 1) {
        throw new IllegalArgumentException(
            model
                + " gives "
                + encoder.labels()
                + " scores, one per label, and can't rank; 'gatun classify --pair-with' shows them");
      }
      List<Float> scores =
          Batches.run(
              err,
              "scoring documents",
              all,
              part -> {
                List<TextPair> pairs =
                    part.stream().map(text -> new TextPair(query, text)).toList();
                float[] found = encoder.scores(pairs);
                return IntStream.range(0, found.length).mapToObj(i -> found[i]).toList();
              });
      print(
          all,
          IntStream.range(0, scores.size())
              .mapToObj(i -> new Scored(i, scores.get(i)))
              .sorted(Comparator.comparingDouble(Scored::score).reversed())
              .limit(topK == null ? Long.MAX_VALUE : topK)
              .toList());
    }
    return Gatun.OK;
  }

  private CrossEncoder load(LoadOptions options, PrintWriter err) {
    Path directory = run.locate(model, err);
    try (var _ = Progress.of(err, "loading " + model)) {
      return CrossEncoder.load(directory, options);
    }
  }

  private void print(List<String> all, List<Scored> ranked) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      ObjectNode object = JsonNodeFactory.instance.objectNode().put("query", query);
      ArrayNode results = object.putArray("results");
      for (Scored scored : ranked) {
        results
            .addObject()
            .put("index", scored.index)
            .put("score", scored.score)
            .put("text", all.get(scored.index));
      }
      out.println(object);
      return;
    }
    for (Scored scored : ranked) {
      out.println(
          String.format(
              Locale.ROOT,
              "%10.5f  %4d  %s",
              scored.score,
              scored.index + 1,
              TextLines.shorten(all.get(scored.index), LONGEST_TEXT)));
    }
  }
}
