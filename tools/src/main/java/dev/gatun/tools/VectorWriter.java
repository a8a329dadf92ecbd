package dev.gatun.tools;

import java.io.Closeable;
import java.io.IOException;

/** Takes vectors one by one. */
interface VectorWriter extends Closeable {
  /**
   * @param index of the text, from 0
   */
  void write(long index, String text, float[] vector) throws IOException;

  /** All are written: what was begun becomes whole. */
  void finish() throws IOException;

  /** Frees what it holds; without {@link #finish} nothing remains of a file. */
  @Override
  default void close() throws IOException {}
}
