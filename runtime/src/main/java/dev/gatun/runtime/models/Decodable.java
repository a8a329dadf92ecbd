package dev.gatun.runtime.models;

import dev.gatun.Inputs;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;

/** A network that writes text one token after another. */
public interface Decodable extends Network {
  /** What a decoder still has to read before it can write: its own prompt, or nothing. */
  int[] decoderPrompt(int[] inputIds, int decoderStartTokenId);

  /** Longest decoder sequence, prompt included; {@link Integer#MAX_VALUE} when unbounded. */
  int maxDecoderLength();

  /**
   * Starts decoding a batch. An encoder-decoder model encodes the input here.
   *
   * @param inputs the prompts (decoder-only) or the texts to encode (encoder-decoder)
   */
  Decoder begin(Ops ops, Inputs inputs);

  /** The state of one decoding batch: its KV caches. Used by one thread at a time. */
  interface Decoder extends AutoCloseable {
    /**
     * Reads new tokens behind those read before.
     *
     * @param newTokens new tokens of every sequence of the batch; a sequence may have none
     * @return logits of the last new token of every sequence that has any, {@code [sequences,
     *     vocab]}
     */
    Tensor next(Ops ops, Workspace workspace, Batch newTokens);

    /** Frees the caches; idempotent. */
    @Override
    void close();
  }
}
