package dev.gatun.runtime.models;

import dev.gatun.Inputs;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.List;
import java.util.OptionalInt;

/** Token ids of a packed batch, one sequence behind the other, with what models look up by them. */
public final class Batch {
  private final Sequences sequences;
  private final int[] ids;
  private final int[] tokenTypeIds;
  private final int[] past;
  private final Batch decoder;

  private Batch(Sequences sequences, int[] ids, int[] tokenTypeIds, int[] past, Batch decoder) {
    this.sequences = sequences;
    this.ids = ids;
    this.tokenTypeIds = tokenTypeIds;
    this.past = past;
    this.decoder = decoder;
  }

  /** Packs a caller's inputs. */
  public static Batch of(Workspace ws, Inputs inputs) {
    Batch decoder = null;
    if (inputs.decoderInputIds() != null) {
      decoder = of(ws, Inputs.of(inputs.decoderInputIds()));
    }
    int[] tokenTypeIds =
        inputs.tokenTypeIds() == null ? null : Sequences.concat(inputs.tokenTypeIds());
    return new Batch(
        Sequences.of(ws, inputs.inputIds()),
        Sequences.concat(inputs.inputIds()),
        tokenTypeIds,
        new int[inputs.batch()],
        decoder);
  }

  /**
   * Sequences whose first tokens were read before.
   *
   * @param newIds tokens of each sequence to read now; none for one that has ended
   * @param past number of tokens of each sequence read before
   */
  public static Batch continuing(Workspace ws, List<int[]> newIds, int[] past) {
    return new Batch(Sequences.of(ws, newIds), Sequences.concat(newIds), null, past.clone(), null);
  }

  /** Where each sequence lies. */
  public Sequences sequences() {
    return sequences;
  }

  /** Token ids, I32 [T]. */
  Tensor ids(Workspace ws) {
    return ws.ints(ids);
  }

  /** Whether the caller gave segment ids. */
  boolean hasTokenTypeIds() {
    return tokenTypeIds != null;
  }

  /** Segment ids, I32 [T]; all zero when the caller gave none. */
  Tensor tokenTypeIds(Workspace ws) {
    return ws.ints(tokenTypeIds == null ? new int[ids.length] : tokenTypeIds);
  }

  /** Position of each token in its sequence, counting those read before, I32 [T]. */
  Tensor positions(Workspace ws) {
    return ws.ints(sequences.positions(past));
  }

  /**
   * RoBERTa's positions, I32 [T] (transformers {@code create_position_ids_from_input_ids}): every
   * {@code pad} has the position {@code pad}; the other tokens of a sequence count on from {@code
   * pad + 1}, wherever the padding stands.
   */
  Tensor positionsAfterPadding(Workspace ws, int pad) {
    int[] positions = new int[ids.length];
    for (int s = 0; s < sequences.count(); s++) {
      int next = pad + 1 + past[s];
      for (int t = sequences.start(s); t < sequences.start(s) + sequences.length(s); t++) {
        positions[t] = ids[t] == pad ? pad : next++;
      }
    }
    return ws.ints(positions);
  }

  /** The decoder's side of an encoder-decoder batch. */
  Batch decoder() {
    if (decoder == null) {
      throw new IllegalStateException("the batch has no decoder ids");
    }
    return decoder;
  }

  /**
   * Row of the last token of each sequence that is not padding; the first row when all are, the
   * last when the model has no padding id.
   */
  int[] lastRowsExcept(OptionalInt pad) {
    int[] rows = sequences.lastRows();
    if (pad.isEmpty()) {
      return rows;
    }
    for (int s = 0; s < rows.length; s++) {
      int first = sequences.start(s);
      while (rows[s] > first && ids[rows[s]] == pad.getAsInt()) {
        rows[s]--;
      }
    }
    return rows;
  }
}
