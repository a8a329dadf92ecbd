package dev.gatun.runtime.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How the rows of a packed {@code [tokens, features]} matrix divide into sequences: the role that
 * padding and an attention mask play elsewhere. Sequence {@code b} has the rows {@code [start(b),
 * start(b + 1))}; it may be empty.
 */
public final class Sequences {

  private final int[] offsets;
  private final int maxLength;
  private final Tensor cuSeqlens;

  private Sequences(int[] offsets, int maxLength, Tensor cuSeqlens) {
    this.offsets = offsets;
    this.maxLength = maxLength;
    this.cuSeqlens = cuSeqlens;
  }

  /**
   * Sequences of these lengths, one after the other; their device copy lives in {@code workspace}.
   *
   * @throws IllegalArgumentException if a length is negative or the sum exceeds 2^31 - 1
   */
  public static Sequences of(Workspace workspace, int... lengths) {
    int[] offsets = new int[lengths.length + 1];
    int max = 0;
    long total = 0;
    for (int b = 0; b < lengths.length; b++) {
      if (lengths[b] < 0) {
        throw new IllegalArgumentException("sequence " + b + " has length " + lengths[b]);
      }
      total += lengths[b];
      if (total > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("more than 2^31 - 1 tokens in one batch");
      }
      max = Math.max(max, lengths[b]);
      offsets[b + 1] = (int) total;
    }
    return new Sequences(offsets, max, workspace.ints(offsets));
  }

  /** Sequences with the lengths of these arrays. */
  public static Sequences of(Workspace workspace, List<int[]> ids) {
    return of(workspace, ids.stream().mapToInt(sequence -> sequence.length).toArray());
  }

  /** Number of sequences. */
  public int count() {
    return offsets.length - 1;
  }

  /** Tokens of all sequences. */
  public int total() {
    return offsets[count()];
  }

  /** Tokens of the longest sequence. */
  public int maxLength() {
    return maxLength;
  }

  /** First row of a sequence. */
  public int start(int sequence) {
    return offsets[sequence];
  }

  /** Tokens of a sequence. */
  public int length(int sequence) {
    return offsets[sequence + 1] - offsets[sequence];
  }

  public int[] lengths() {
    int[] lengths = new int[count()];
    Arrays.setAll(lengths, this::length);
    return lengths;
  }

  /** The offsets as kernels take them: I32 {@code [count + 1]}, the first 0, the last the total. */
  public Tensor cuSeqlens() {
    return cuSeqlens;
  }

  /** Position of each token in its sequence, from 0. */
  public int[] positions() {
    return positions(new int[count()]);
  }

  /**
   * Position of each token when sequence {@code b} already has {@code past[b]} tokens before these.
   *
   * @param past one count per sequence
   */
  public int[] positions(int[] past) {
    requirePerSequence(past);
    int[] positions = new int[total()];
    for (int b = 0; b < count(); b++) {
      for (int i = start(b); i < offsets[b + 1]; i++) {
        positions[i] = past[b] + i - start(b);
      }
    }
    return positions;
  }

  /**
   * Row of the first token of each sequence, where BERT's {@code [CLS]} is.
   *
   * @throws IllegalArgumentException if a sequence is empty
   */
  public int[] firstRows() {
    int[] rows = new int[count()];
    for (int b = 0; b < rows.length; b++) {
      rows[b] = offsets[b];
      requireTokens(b);
    }
    return rows;
  }

  /**
   * Row of the last token of each sequence, from which the next is predicted.
   *
   * @throws IllegalArgumentException if a sequence is empty
   */
  public int[] lastRows() {
    int[] rows = new int[count()];
    for (int b = 0; b < rows.length; b++) {
      rows[b] = offsets[b + 1] - 1;
      requireTokens(b);
    }
    return rows;
  }

  /** Row of the last token of each sequence that has tokens. */
  public int[] lastRowsOfNonEmpty() {
    return IntStream.range(0, count())
        .filter(b -> length(b) > 0)
        .map(b -> offsets[b + 1] - 1)
        .toArray();
  }

  /** The ids of all sequences, one after the other. */
  public static int[] concat(List<int[]> ids) {
    int[] packed =
        new int[Math.toIntExact(ids.stream().mapToLong(sequence -> sequence.length).sum())];
    int at = 0;
    for (int[] sequence : ids) {
      System.arraycopy(sequence, 0, packed, at, sequence.length);
      at += sequence.length;
    }
    return packed;
  }

  private void requirePerSequence(int[] values) {
    if (values.length != count()) {
      throw new IllegalArgumentException(values.length + " values for " + count() + " sequences");
    }
  }

  private void requireTokens(int sequence) {
    if (length(sequence) == 0) {
      throw new IllegalArgumentException("sequence " + sequence + " has no tokens");
    }
  }

  /** As in {@code 3 sequences of 12 tokens}. */
  @Override
  public String toString() {
    return count() + " sequences of " + total() + " tokens";
  }
}
