package dev.gatun.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** With the bundled model. */
class GenerateCommandTest {
  private static String text(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "generate";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return Cli.run(all).succeeds().out();
  }

  @Test
  void asManyCharactersAsAskedForBeyondTheWindow() {
    // The model sees 256 characters at once.
    String text = text("--chars", "600", "--seed", "7");
    assertEquals(600 + System.lineSeparator().length(), text.length());
    assertTrue(text.chars().filter(c -> c == ' ').count() > 50, text);
  }

  @Test
  void aSeedRepeatsItsText() {
    String first = text("--chars", "300", "--seed", "42", "--temperature", "0.7");
    assertEquals(first, text("--chars", "300", "--seed", "42"));
    assertNotEquals(first, text("--chars", "300", "--seed", "43"));
  }

  @Test
  void withoutASeedOneIsDrawnAndTold() {
    Cli told = Cli.run("generate", "--chars", "20");
    assertEquals(0, told.status());
    String seed = told.err().replaceAll("(?s).*--seed (\\d+).*", "$1");
    assertEquals(told.out(), text("--chars", "20", "--seed", seed));
  }

  @Test
  void greedyContinuesThePrompt() {
    String text = text("--prompt", "ROMEO:", "--max-new-tokens", "10", "--greedy");
    assertTrue(text.startsWith("ROMEO:"), text);
    assertEquals(16 + System.lineSeparator().length(), text.length());
    assertEquals(text, text("--prompt", "ROMEO:", "--max-new-tokens", "10", "--greedy"));
  }

  @Test
  void badInputs() {
    Cli.run("generate", "--chars", "0").fails(2, "--chars is 0");
    Cli.run("generate", "--temperature", "0").fails(2, "--temperature is 0", "--greedy");
    Cli.run("generate", "--greedy", "--seed", "1").fails(2, "--greedy");
    Cli.run("generate", "/no/such/model").fails(1, "/no/such/model");
    Cli.run("generate", Cli.fixture("sentence-mean"), "--greedy").fails(1, "does not generate");
  }
}
