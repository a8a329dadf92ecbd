package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gatun.EmbedOptions;
import dev.gatun.LoadOptions;
import dev.gatun.TextEmbedder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class EmbedCommandTest {
  private static final String MODEL = Cli.fixture("sentence-prompts");
  private static final List<String> TEXTS = List.of("the boat", "\"old\" \\ ropes\tü", "");

  @TempDir private Path directory;

  private static float[][] expected(List<String> texts, EmbedOptions options) {
    try (var embedder = TextEmbedder.load(Path.of(MODEL), LoadOptions.defaults())) {
      return embedder.embed(texts, options);
    }
  }

  private static float[][] parsed(String csv) {
    return csv.lines().map(EmbedCommandTest::row).toArray(float[][]::new);
  }

  private static float[] row(String line) {
    String[] fields = line.split(",");
    var row = new float[fields.length];
    IntStream.range(0, row.length).forEach(i -> row[i] = Float.parseFloat(fields[i]));
    return row;
  }

  private static void assertRows(float[][] expected, float[][] actual) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], actual[i]);
    }
  }

  private static Cli runWithInput(byte[] input, String... arguments) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(input));
    try {
      return Cli.run(arguments);
    } finally {
      System.setIn(before);
    }
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void jsonLinesOfArguments() throws IOException {
    float[][] vectors = expected(TEXTS, EmbedOptions.defaults());
    Cli run = Cli.run("embed", MODEL, TEXTS.get(0), TEXTS.get(1), TEXTS.get(2)).succeeds();
    List<String> lines = run.out().lines().toList();
    assertEquals(3, lines.size());
    for (int i = 0; i < 3; i++) {
      JsonNode line = new ObjectMapper().readTree(lines.get(i));
      assertEquals(List.of("index", "text", "embedding"), List.copyOf(names(line)));
      assertEquals(i, line.get("index").intValue());
      assertEquals(TEXTS.get(i), line.get("text").textValue());
      for (int j = 0; j < vectors[i].length; j++) {
        assertEquals(vectors[i][j], Float.parseFloat(line.get("embedding").get(j).asText()));
      }
    }
  }

  private static List<String> names(JsonNode object) {
    var names = new ArrayList<String>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void linesOfAFileAndOfStandardInput() throws IOException {
    float[][] vectors = expected(List.of("the boat", "", "a sea"), EmbedOptions.defaults());
    String text = "\uFEFFthe boat\r\n\na sea";
    Path file = file("texts", text);
    Cli fromFile = Cli.run("embed", MODEL, "--input", file.toString(), "--format", "csv");
    assertRows(vectors, parsed(fromFile.succeeds().out()));
    for (String end : List.of("", "\n")) {
      byte[] bytes = (text + end).getBytes(StandardCharsets.UTF_8);
      assertRows(
          vectors, parsed(runWithInput(bytes, "embed", MODEL, "--format", "csv").succeeds().out()));
    }
    assertEquals("", runWithInput(new byte[0], "embed", MODEL).succeeds().out());
    assertEquals("", runWithInput(new byte[0], "embed", MODEL, "--input", "-").succeeds().out());
  }

  @Test
  void jsonStringsALine() throws IOException {
    float[][] vectors = expected(List.of("a\nboat ü", ""), EmbedOptions.defaults());
    Path file = file("texts", "\"a\\nboat \\u00fc\"\n \"\" \n");
    Cli run =
        Cli.run("embed", MODEL, "--json-lines", "--input", file.toString(), "--format", "csv");
    assertRows(vectors, parsed(run.succeeds().out()));
  }

  @Test
  void settingsReachTheEmbedder() {
    var plain = EmbedOptions.defaults();
    assertRows(
        expected(List.of("sea"), plain.withPromptName("query").withDimensions(3)),
        csv("sea", "--prompt-name", "query", "--dimensions", "3"));
    assertRows(expected(List.of("sea"), plain.withPrompt("")), csv("sea", "--prompt", ""));
    assertRows(
        csv("the boat", "--prompt", ""),
        csv("the boat on the lake", "--prompt", "", "--max-tokens", "4"));
    assertEquals(1, norm(csv("sea", "--dimensions", "3", "--normalize")[0]), 1e-6);
    assertTrue(norm(csv("sea", "--no-normalize")[0]) > 1.5);
  }

  private static float[][] csv(String text, String... options) {
    var arguments = new ArrayList<>(List.of("embed", MODEL, text, "--format", "csv"));
    arguments.addAll(List.of(options));
    return parsed(Cli.run(arguments.toArray(String[]::new)).succeeds().out());
  }

  private static double norm(float[] vector) {
    double squares = 0;
    for (float v : vector) {
      squares += v * v;
    }
    return Math.sqrt(squares);
  }

  @Test
  void similarityOfAllPairs() {
    float[][] matrix =
        parsed(Cli.run("embed", MODEL, "boat", "sea", "rope", "--similarity").succeeds().out());
    try (var embedder = TextEmbedder.load(Path.of(MODEL), LoadOptions.defaults())) {
      float[][] vectors = embedder.embed(List.of("boat", "sea", "rope"));
      assertRows(embedder.similarity(vectors, vectors), matrix);
    }
    Cli.run("embed", MODEL, "boat", "--similarity", "--format", "jsonl")
        .succeeds()
        .prints("{\"index\":0,\"text\":\"boat\",\"similarity\":[");
    byte[] many = "a\n".repeat(EmbedCommand.MOST_COMPARED + 1).getBytes(StandardCharsets.UTF_8);
    runWithInput(many, "embed", Cli.fixture("sentence-static"), "--similarity")
        .fails(1, "--similarity compares at most 2000 texts");
  }

  @Test
  void npyIsWrittenWholeWithItsCount() throws IOException {
    Path input = file("texts", "a boat\n".repeat(2_500));
    Path npy = directory.resolve("out.npy");
    String model = Cli.fixture("sentence-static");
    for (String given : List.of(input.toString(), file("empty", "").toString())) {
      Cli.run("embed", model, "--input", given, "--format", "npy", "--output", npy.toString())
          .succeeds();
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(npy)).order(ByteOrder.LITTLE_ENDIAN);
      String header = new String(bytes.array(), 10, 118, StandardCharsets.ISO_8859_1);
      int rows = given.endsWith("empty") ? 0 : 2_500;
      String shape = rows == 0 ? "(0, 11)" : "(2500, 11)";
      assertEquals(118, bytes.getShort(8));
      assertTrue(header.contains("'shape': " + shape + ", }"), header);
      assertTrue(header.endsWith(" \n"), header);
      assertEquals(128 + 4L * rows * 11, bytes.capacity());
      if (rows > 0) {
        float[] vector = row(Cli.run("embed", model, "a boat", "--format", "csv").out().strip());
        assertEquals(vector[0], bytes.getFloat(128), 1e-6f);
        assertEquals(vector[10], bytes.getFloat(128 + 4 * (11 * 2_499 + 10)), 1e-6f);
      }
    }
    assertEquals(List.of("empty", "out.npy", "texts"), files());
  }

  @Test
  void afterAFailureTheOldFileIsThereAndNothingElse() throws IOException {
    Path output = file("out", "old");
    Path input = directory.resolve("texts");
    Files.write(input, new byte[] {'a', '\n', 'b', (byte) 0xFF, '\n'});
    Cli.run("embed", MODEL, "--input", input.toString(), "--output", output.toString())
        .fails(1, input + ", line 2: not UTF-8");
    assertEquals("old", Files.readString(output));
    assertEquals(List.of("out", "texts"), files());
    Cli.run("embed", MODEL, "a", "--output", output.toString()).succeeds();
    assertTrue(Files.readString(output).startsWith("{\"index\":0,\"text\":\"a\","));
    Cli.run("embed", MODEL, "a", "--output", directory.toString()).fails(1, "no regular file");
    Path nowhere = directory.resolve("none/x");
    Cli.run("embed", MODEL, "a", "--output", nowhere.toString())
        .fails(1, nowhere + ": there is no directory " + nowhere.getParent());
    Cli.run("embed", MODEL, "--input", directory.toString())
        .fails(1, directory + " is a directory");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aPipeOrDeviceIsWrittenTo() throws Exception {
    Cli.run("embed", MODEL, "a", "--output", "/dev/null").succeeds();
    Cli.run("embed", MODEL, "a", "--output", "/dev/null", "--format", "npy").fails(1, "npy");
    Cli.run("embed", MODEL, "a", "--output", "/dev/full").fails(1, "No space left");
    // what stands in the file behind such a link stays
    Path log = file("log", "before\n");
    try (var _ = FileChannel.open(log, StandardOpenOption.APPEND)) {
      Path link = Path.of("/proc/self/fd").resolve(descriptorOf(log));
      Cli.run("embed", MODEL, "a", "--output", link.toString(), "--format", "csv").succeeds();
    }
    List<String> lines = Files.readAllLines(log);
    assertEquals(2, lines.size());
    assertEquals("before", lines.getFirst());
  }

  private static String descriptorOf(Path file) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(link -> isSame(link, file)).findFirst().get().getFileName().toString();
    }
  }

  private static boolean isSame(Path link, Path file) {
    try {
      return Files.isSameFile(link, file);
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  @Test
  void lostOutputIsAFailure() {
    for (String reason : List.of("No space left on device", "Broken pipe")) {
      var full =
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              throw new IOException(reason);
            }
          };
      for (String[] arguments :
          new String[][] {
            {"embed", MODEL, "a"},
            {"embed", MODEL, "a", "b", "--similarity"},
            {"embed", MODEL, "--explain"},
            {"--version"}
          }) {
        var err = new StringWriter();
        var output = new StandardOutput(full);
        assertEquals(1, Gatun.execute(output, new PrintWriter(err, true), arguments));
        assertEquals(
            reason.startsWith("Broken") ? "" : "gatun: standard output: " + reason,
            err.toString().strip());
      }
    }
  }

  @Test
  void malformedLinesAreNamed() throws IOException {
    for (String[] one :
        new String[][] {
          {"\"a\"\n\"b\n", "line 2: malformed JSON"},
          {"\"a\"\n\n", "line 2: expected a JSON string, found nothing"},
          {"{\"text\": \"a\"}", "line 1: expected a JSON string"},
          {"12", "line 1: expected a JSON string"},
          {"\"a\" \"b\"", "line 1: text behind the JSON string"},
        }) {
      Path file = file("texts", one[0]);
      Cli.run("embed", MODEL, "--json-lines", "--input", file.toString()).fails(1, one[1]);
    }
    Path long1 = file("texts", "a\n" + "b".repeat(LineTexts.LONGEST_LINE + 1));
    Cli.run("embed", MODEL, "--input", long1.toString()).fails(1, "line 2: longer than 16 MiB");
    Cli.run("embed", MODEL, "--input", directory.resolve("none").toString()).fails(1, "none");
  }

  @Test
  void whatJsonCannotSayIsNamed() {
    // every token of an empty text is the prompt's, and the maximum of nothing is minus infinity
    String[] arguments = {
      "embed", Cli.fixture("sentence-prompts-not-in-max"), "er", "--prompt", "a wat"
    };
    Cli.run(arguments).fails(1, "the vector of text 0 holds -Infinity");
    Cli.run(
            Stream.concat(Stream.of(arguments), Stream.of("--format", "csv"))
                .toArray(String[]::new))
        .succeeds()
        .prints("-Infinity,-Infinity");
  }

  @Test
  void explains() {
    Cli.run("embed", MODEL, "--explain", "--threads", "1", "--no-normalize")
        .succeeds()
        .prints("modules     Transformer, Pooling", "on 1 thread", "default passage");
  }

  @Test
  void usageErrors() {
    Cli.run("embed", MODEL, "a", "--prompt", "b", "--prompt-name", "query").fails(2, "--prompt");
    Cli.run("embed", MODEL, "a", "--input", "b").fails(2, "--input");
    Cli.run("embed", MODEL, "a", "--json-lines").fails(2, "--json-lines");
    Cli.run("embed", MODEL, "a", "--format", "npy").fails(2, "--output");
    Cli.run("embed", MODEL, "a", "--format", "xml").fails(2, "--format");
    Cli.run("embed", MODEL, "a", "--dimensions", "0").fails(2, "--dimensions");
    Cli.run("embed", MODEL, "a", "--max-tokens", "-1").fails(2, "--max-tokens");
    Cli.run("embed", MODEL, "a", "--dimensions", "21").fails(1, "gives 20");
    Cli.run("embed", MODEL, "a", "--prompt-name", "x").fails(1, "no prompt 'x'", "passage");
    Cli.run("embed", "/no/such/model", "a").fails(1, "/no/such/model");
    Cli.run("embed").fails(2, "MODEL");
  }

  @Test
  void anOutputThatNobodyReadsEndsQuietly() {
    var closed =
        new Writer() {
          @Override
          public void write(char[] buffer, int offset, int length) throws IOException {
            throw new IOException("Broken pipe");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    var err = new StringWriter();
    String[] arguments = {"embed", Cli.fixture("sentence-static"), "a", "b"};
    assertEquals(1, Gatun.execute(new PrintWriter(closed), new PrintWriter(err), arguments));
    assertFalse(err.toString().contains("gatun"), err::toString);
  }

  @Test
  void progressIsALineWithABar() {
    var half = new EmbedProgress(2_000);
    assertEquals("embedding [##########----------] 50%, 1,000 texts", half.line(1_000));
    assertEquals("embedding [####################] 100%, 3,000 texts", half.line(3_000));
  }
}
