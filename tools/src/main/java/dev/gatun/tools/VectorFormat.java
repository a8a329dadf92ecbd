package dev.gatun.tools;

import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** How {@code gatun embed} writes vectors; the names are those of {@code --format}. */
enum VectorFormat {
  /** An object a line. */
  jsonl,
  /** The numbers of a vector a line. */
  csv,
  /** NumPy's array file. */
  npy;

  /**
   * @param out flushed in the end, never closed
   * @param name of the vectors in JSON
   */
  VectorWriter toStream(Writer out, String name) {
    return switch (this) {
      case jsonl -> new JsonVectors(out, name);
      case csv -> new CsvVectors(out);
      case npy -> throw new IllegalArgumentException("npy is binary and goes to a file");
    };
  }

  /**
   * @param file appears, or is replaced, when all vectors are written
   */
  VectorWriter toFile(Path file, String name) throws IOException {
    AtomicFile target = AtomicFile.open(file);
    VectorWriter writer =
        this == npy
            ? new NpyVectors(target.channel())
            : toStream(Channels.newWriter(target.channel(), StandardCharsets.UTF_8), name);
    return new VectorWriter() {
      @Override
      public void write(long index, String text, float[] vector) throws IOException {
        writer.write(index, text, vector);
      }

      @Override
      public void finish() throws IOException {
        writer.finish();
        target.commit();
      }

      @Override
      public void close() throws IOException {
        target.close();
      }
    };
  }
}
