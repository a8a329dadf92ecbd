package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogitsCommandTest {
  @TempDir private Path directory;

  @Test
  void nextTokensOfALanguageModel() {
    // The first greedy token that the fixture's reference has behind this prompt.
    Cli.run("logits", Cli.fixture("gpt2-lm"), "--ids", "24,102,57,74", "--top", "3")
        .succeeds()
        .prints("next token");
    String[] lines =
        Cli.run("logits", Cli.fixture("gpt2-lm"), "--ids", "24,102,57,74", "--top", "3")
            .out()
            .split("\n");
    assertEquals(4, lines.length);
    assertTrue(lines[1].strip().endsWith("%  27"), lines[1]);
  }

  @Test
  void tokensAtEachPositionOfAMaskedModel() {
    Cli.run("logits", Cli.fixture("bert-masked-lm"), "--ids", "5,6,7", "--top", "1")
        .succeeds()
        .prints("position 0  5", "position 2  7");
  }

  @Test
  void labelsOfAClassifier() {
    Cli.run("logits", Cli.fixture("bert-sequence-classification"), "--ids", "5,6,7", "--top", "2")
        .succeeds()
        .prints("label\n", "%");
  }

  @Test
  void bothEndsOfAnAnswer() {
    Cli.run("logits", Cli.fixture("bert-question-answering"), "--ids", "5,6,7")
        .succeeds()
        .prints("answer begins at", "answer ends at", "position 1  6");
  }

  @Test
  void theDecoderOfAnEncoderDecoder() {
    Cli.run("logits", Cli.fixture("t5"), "--ids", "5,6,1", "--decoder-ids", "0,7", "--top", "1")
        .succeeds()
        .prints("next token");
  }

  @Test
  void allLogitsAsNpy() throws IOException {
    Path file = directory.resolve("logits.npy");
    Cli.run("logits", Cli.fixture("gpt2-lm"), "--ids", "1,2,3", "--npy", file.toString())
        .succeeds()
        .prints("logits [3, ");

    byte[] bytes = Files.readAllBytes(file);
    assertArrayEquals(
        new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}, Arrays.copyOf(bytes, 8));
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = buffer.getShort(8);
    assertEquals(0, (10 + header) % 64);
    String text = new String(bytes, 10, header, StandardCharsets.ISO_8859_1);
    assertTrue(
        text.matches(
            "\\{'descr': '<f4', 'fortran_order': False, 'shape': \\(3, \\d+\\), }" + " *\n"),
        text);
    int vocabulary = Integer.parseInt(text.replaceAll(".*\\(3, (\\d+)\\).*\n", "$1"));
    assertEquals(10 + header + 3 * vocabulary * 4, bytes.length);
    assertTrue(Float.isFinite(buffer.getFloat(10 + header)));
  }

  @Test
  void badInputs() {
    String model = Cli.fixture("gpt2-lm");
    Cli.run("logits", model, "--ids", "1,100000").fails(1, "100000", "vocabulary");
    Cli.run("logits", model, "--ids", "1,x").fails(2, "--ids");
    Cli.run("logits", model).fails(2, "--text");
    Cli.run("logits", model, "--ids", "1", "--pair", "b").fails(2, "--pair");
    Cli.run("logits", model, "--ids", "1", "--top", "0").fails(2, "--top");
    Cli.run("logits", model, "--text", "a").fails(1, "tokenizer");
    Cli.run("logits", "/no/such/model", "--ids", "1").fails(1, "/no/such/model");
    Cli.run("logits", Cli.fixture("bert-model"), "--ids", "1").fails(1, "has no logits", "--class");
  }
}
