package dev.gatun.bench;

/** A loaded model that gives the hidden states of token ids. */
interface Encoder extends AutoCloseable {
  /** Makes the inputs of a batch, which is not timed. */
  Batch prepare(Padded inputs) throws Exception;

  /** A batch that is ready to run. */
  interface Batch extends AutoCloseable {
    /** The call that is timed; its output stays in native memory. */
    void run() throws Exception;

    /** Runs, and gives sequences x tokens x size values. */
    float[] hidden() throws Exception;
  }
}
