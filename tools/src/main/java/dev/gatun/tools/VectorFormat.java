package dev.gatun.tools;

import java.io.Closeable;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

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
   * @param file appears, or is replaced, when all vectors are written; a pipe or device gets them
   *     at once
   * @param dimensions of a vector, for a file without any
   */
  VectorWriter toFile(Path file, String name, int dimensions) throws IOException {
    if (isPipeOrDevice(file)) {
      if (this == npy) {
        throw new InputException(file + " is a pipe or device: --format npy needs a file");
      }
      Writer out = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
      return new FileVectors(toStream(out, name), () -> {}, out);
    }
    AtomicFile target = AtomicFile.open(file);
    VectorWriter writer =
        this == npy
            ? new NpyVectors(target.channel(), dimensions)
            : toStream(Channels.newWriter(target.channel(), StandardCharsets.UTF_8), name);
    return new FileVectors(writer, target::commit, target);
  }

  /** A link to what this process has open, as /dev/stdout, too: not its file to replace. */
  private static boolean isPipeOrDevice(Path file) {
    boolean opened =
        Stream.of("/dev/stdout", "/dev/stderr", "/dev/fd", "/proc").anyMatch(file::startsWith);
    return Files.exists(file) && !Files.isDirectory(file) && (opened || !Files.isRegularFile(file));
  }

  /** What to do with a file whose vectors are all written. */
  @FunctionalInterface
  private interface Ending {
    void run() throws IOException;
  }

  /** Vectors into a file that is closed with them. */
  private record FileVectors(VectorWriter vectors, Ending ending, Closeable file)
      implements VectorWriter {
    @Override
    public void write(long index, String text, float[] vector) throws IOException {
      vectors.write(index, text, vector);
    }

    @Override
    public void finish() throws IOException {
      vectors.finish();
      ending.run();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
