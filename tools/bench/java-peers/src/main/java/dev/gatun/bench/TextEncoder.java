package dev.gatun.bench;

import java.util.List;

/** A loaded model that turns texts into vectors. */
interface TextEncoder extends AutoCloseable {
  /** One vector per text. */
  float[][] embed(List<String> texts) throws Exception;
}
