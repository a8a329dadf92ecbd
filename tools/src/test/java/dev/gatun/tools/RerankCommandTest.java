package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RerankCommandTest {
  private static final String QUERY = "the gate of the lock";

  @TempDir private Path directory;

  /** The reference's three best of the fixture's documents, in the reference's order. */
  @Test
  void bestDocumentsFirst() throws IOException {
    var mapper = new ObjectMapper();
    String model = Cli.fixture("task-rerank");
    JsonNode top = null;
    for (JsonNode one :
        mapper.readTree(Path.of(model, "reference/pipeline.json").toFile()).get("cases")) {
      top = one.get("name").asText().equals("top") ? one : top;
    }
    Path file = directory.resolve("documents.txt");
    var text = new StringBuilder();
    // a document is a line; to this tokenizer a line break is a space like any other
    top.get("inputs").forEach(line -> text.append(line.asText().replace('\n', '\t')).append('\n'));
    Files.writeString(file, text);

    String[] arguments = {
      "rerank", model, "--query", QUERY, "--input", file.toString(), "--top-k", "3"
    };
    Cli lines = Cli.run(arguments).succeeds();
    String[] withJson = Arrays.copyOf(arguments, arguments.length + 1);
    withJson[arguments.length] = "--json";
    JsonNode results = mapper.readTree(Cli.run(withJson).succeeds().out()).get("results");
    assertEquals(3, results.size());
    for (int i = 0; i < 3; i++) {
      JsonNode want = top.get("outputs").get(0).get(i);
      assertEquals(want.get("corpus_id"), results.get(i).get("index"));
      assertEquals(want.get("score").asDouble(), results.get(i).get("score").asDouble(), 1e-6);
    }
    assertEquals(3, lines.out().lines().count());
    String number = " " + (results.get(0).get("index").asInt() + 1) + "  ";
    assertTrue(lines.out().lines().findFirst().orElseThrow().contains(number), lines.out());
  }

  @Test
  void documentsOfTheCommandLine() {
    Cli.run("rerank", Cli.fixture("task-rerank"), "--query", QUERY, "the boat", "rain")
        .succeeds()
        .prints("1  the boat", "2  rain");
  }

  @Test
  void whatIsRefused() throws IOException {
    String model = Cli.fixture("task-rerank");
    Cli.run("rerank", model, "a").fails(2, "--query");
    Cli.run("rerank", model, "--query", "a").fails(2, "no document");
    Cli.run("rerank", model, "--query", "a", "b", "--top-k", "0").fails(2, "--top-k");
    Cli.run("rerank", Cli.fixture("task-rerank-labels"), "--query", "a", "b").fails(1, "classify");
    Cli.run("rerank", Cli.fixture("sentence-mean"), "--query", "a", "b")
        .fails(1, "BertModel", "ForSequenceClassification");
    Cli.run("rerank", model, "--query", "a", "--input", "/no/such/file").fails(1, "/no/such/file");
    Path latin = directory.resolve("latin1.txt");
    Files.write(latin, new byte[] {'a', '\n', (byte) 0xFC, '\n'});
    Cli.run("rerank", model, "--query", "a", "--input", latin.toString()).fails(1, "UTF-8");
    Cli.run("rerank", "--help").succeeds().prints("MODEL", "--top-k", "Examples");
  }

  @Test
  void theBarFillsUp() {
    assertEquals("a [--------------------] 0 of 4", Batches.bar("a", 0, 4));
    assertEquals("a [##########----------] 2 of 4", Batches.bar("a", 2, 4));
    assertEquals("a [####################] 4 of 4", Batches.bar("a", 4, 4));
  }
}
