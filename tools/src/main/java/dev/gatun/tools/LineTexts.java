package dev.gatun.tools;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The lines of a file or of standard input, each a text, read as they are asked for. UTF-8 only; a
 * line ends in a line feed, with or without a carriage return before it. What is malformed is an
 * {@link InputException} with the number of the line.
 */
final class LineTexts implements Iterator<String>, AutoCloseable {
  /** More is no text that a model reads, but a file of another kind: not worth the memory. */
  static final int LONGEST_LINE = 16 << 20;

  private static final String BYTE_ORDER_MARK = "\uFEFF";
  private static final JsonFactory JSON = new JsonFactory();

  private final InputStream in;
  private final String name;
  private final boolean json;
  private final long size;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;
  private long read;
  private long line;
  private String next;

  private LineTexts(InputStream in, String name, boolean json, long size) {
    this.in = in;
    this.name = name;
    this.json = json;
    this.size = size;
  }

  /**
   * @param file null or - for standard input, which stays open
   * @param json whether each line is a JSON string
   */
  static LineTexts open(Path file, boolean json) throws IOException {
    if (file == null || file.toString().equals("-")) {
      return new LineTexts(System.in, "standard input", json, 0);
    }
    if (Files.isDirectory(file)) {
      throw new InputException(file + " is a directory");
    }
    return new LineTexts(Files.newInputStream(file), file.toString(), json, Files.size(file));
  }

  /** Which part of the bytes has been read; NaN where their number is not known. */
  double share() {
    return size == 0 ? Double.NaN : (double) read / size;
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      try {
        next = readText();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return next != null;
  }

  @Override
  public String next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    String text = next;
    next = null;
    return text;
  }

  /** The next text; null at the end. */
  private String readText() throws IOException {
    byte[] bytes = readLine();
    if (bytes == null) {
      return null;
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(place() + ": not UTF-8", e);
    }
    if (line == 1 && text.startsWith(BYTE_ORDER_MARK)) {
      text = text.substring(1);
    }
    return json ? string(text) : text;
  }

  /** The bytes of the next line without its end; null at the end of the file. */
  private byte[] readLine() throws IOException {
    if (position == limit && !fill()) {
      return null;
    }
    line++;
    var bytes = new ByteArrayOutputStream();
    boolean ended = false;
    while (!ended && (position < limit || fill())) {
      int from = position;
      while (position < limit && !ended) {
        ended = buffer[position++] == '\n';
      }
      bytes.write(buffer, from, position - from - (ended ? 1 : 0));
      if (bytes.size() > LONGEST_LINE) {
        throw new InputException(
            place() + ": longer than " + (LONGEST_LINE >> 20) + " MiB; is this a text a line?");
      }
    }
    byte[] all = bytes.toByteArray();
    boolean carriage = ended && all.length > 0 && all[all.length - 1] == '\r';
    return carriage ? Arrays.copyOf(all, all.length - 1) : all;
  }

  private boolean fill() throws IOException {
    position = 0;
    limit = Math.max(0, in.read(buffer));
    read += limit;
    return limit > 0;
  }

  private String string(String text) throws IOException {
    try (JsonParser parser = JSON.createParser(text)) {
      JsonToken token = parser.nextToken();
      if (token != JsonToken.VALUE_STRING) {
        throw new InputException(
            place() + ": expected a JSON string, found " + (token == null ? "nothing" : token));
      }
      String string = parser.getText();
      if (parser.nextToken() != null) {
        throw new InputException(place() + ": text behind the JSON string");
      }
      return string;
    } catch (JsonProcessingException e) {
      throw new InputException(
          place() + ": malformed JSON: " + e.getOriginalMessage().replaceAll("\\s*\\R\\s*", " "),
          e);
    }
  }

  private String place() {
    return name + ", line " + line;
  }

  @Override
  public void close() throws IOException {
    if (in != System.in) {
      in.close();
    }
  }
}
