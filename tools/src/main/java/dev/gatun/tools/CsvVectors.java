package dev.gatun.tools;

import java.io.IOException;
import java.io.Writer;

/** The numbers of a vector, separated by commas, a line per text. */
final class CsvVectors implements VectorWriter {
  private final Writer out;

  CsvVectors(Writer out) {
    this.out = out;
  }

  @Override
  public void write(long index, String text, float[] vector) throws IOException {
    var line = new StringBuilder();
    for (int i = 0; i < vector.length; i++) {
      line.append(i == 0 ? "" : ",").append(vector[i]);
    }
    out.append(line.append('\n'));
  }

  @Override
  public void finish() throws IOException {
    out.flush();
  }
}
