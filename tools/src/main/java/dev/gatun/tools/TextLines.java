package dev.gatun.tools;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
    try (BufferedReader reader = open()) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        texts.add(line);
      }
    } catch (MalformedInputException e) {
      throw new IOException(input + ": not UTF-8 behind line " + (texts.size() - given.size()), e);
    }
    return texts;
  }

  private BufferedReader open() throws IOException {
    return input.toString().equals("-")
        // a decoder that refuses what is not UTF-8, as the one of files does
        ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8.newDecoder()))
        : Files.newBufferedReader(input);
  }

  /** A text as one line of a terminal: at most {@code limit} characters, none of them a control. */
  static String shorten(String text, int limit) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.codePointCount(0, line.length()) <= limit
        ? line
        : line.substring(0, line.offsetByCodePoints(0, limit - 3)) + "...";
  }
}
