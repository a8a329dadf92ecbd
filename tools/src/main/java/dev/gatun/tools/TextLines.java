package dev.gatun.tools;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Texts of a file, one a line: what commands read that take many. */
final class TextLines {
  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "Read more texts from FILE, UTF-8, one a line; - for standard input.")
  private Path input;

  /** The given texts, then those of the file. */
  List<String> and(List<String> given) throws IOException {
    List<String> texts = new ArrayList<>(given);
    if (input == null) {
      return texts;
    }
    try (var lines = LineTexts.open(input, false)) {
      lines.forEachRemaining(texts::add);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return texts;
  }

  /** A text as one line of a terminal: at most {@code limit} characters, none of them a control. */
  static String shorten(String text, int limit) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.codePointCount(0, line.length()) <= limit
        ? line
        : line.substring(0, line.offsetByCodePoints(0, limit - 3)) + "...";
  }
}
