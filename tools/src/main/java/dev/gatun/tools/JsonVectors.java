package dev.gatun.tools;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.Writer;

/** {@code {"index":0,"text":"...","embedding":[...]}}, a line per text. */
final class JsonVectors implements VectorWriter {
  private final Writer out;
  private final String name;

  JsonVectors(Writer out, String name) {
    this.out = out;
    this.name = name;
  }

  @Override
  public void write(long index, String text, float[] vector) throws IOException {
    var line = new StringBuilder("{\"index\":").append(index).append(",\"text\":\"");
    JsonStringEncoder.getInstance().quoteAsString(text, line);
    line.append("\",\"").append(name).append("\":[");
    for (int i = 0; i < vector.length; i++) {
      if (!Float.isFinite(vector[i])) {
        throw new InputException(
            "the vector of text %d holds %s, which JSON cannot say: --format npy or csv can"
                .formatted(index, vector[i]));
      }
      line.append(i == 0 ? "" : ",").append(vector[i]);
    }
    out.append(line.append("]}\n"));
  }

  @Override
  public void finish() throws IOException {
    out.flush();
  }
}
