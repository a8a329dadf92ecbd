package dev.gatun.runtime.generation;

import dev.gatun.GenerationOptions;
import dev.gatun.Inputs;
import dev.gatun.runtime.models.Batch;
import dev.gatun.runtime.models.Decodable;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Workspace;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Writes one token after another, as transformers' {@code generate()} does without beams: read the
 * prompt, choose from the last logits, feed the choice back, until an end-of-sequence id or the
 * length bound. Upstream: transformers {@code generation/utils.py}.
 */
public final class GenerationLoop {
  private GenerationLoop() {}

  /**
   * Continues one prompt.
   *
   * @param workspaces gives a workspace for one step; closed after it
   * @param eosTokenIds ids that end the text (kept as its last token)
   * @param decoderStartTokenId first decoder id of an encoder-decoder model
   * @return the decoder's whole sequence: what it was started with, then the new tokens
   * @throws IllegalArgumentException if prompt and new tokens can't fit the model's positions
   */
  public static int[] generate(
      Decodable model,
      Ops ops,
      Supplier<Workspace> workspaces,
      int[] inputIds,
      GenerationOptions options,
      int[] eosTokenIds,
      int decoderStartTokenId) {
    int[] prompt = model.decoderPrompt(inputIds, decoderStartTokenId);
    // The last token written is never read, so it needs no position.
    if ((long) prompt.length + options.maxNewTokens() - 1 > model.maxDecoderLength()) {
      throw new IllegalArgumentException(
          "a prompt of %d tokens and %d new tokens need %d positions; the model has %d"
              .formatted(
                  prompt.length,
                  options.maxNewTokens(),
                  prompt.length + options.maxNewTokens() - 1,
                  model.maxDecoderLength()));
    }
    var sampler = new Sampler(options.temperature(), options.seed());
    int[] written = Arrays.copyOf(prompt, prompt.length + options.maxNewTokens());
    int length = prompt.length;
    try (Decodable.Decoder decoder = model.begin(ops, Inputs.of(inputIds))) {
      int[] unread = prompt;
      for (int n = 0; n < options.maxNewTokens(); n++) {
        float[] logits = next(decoder, ops, workspaces, unread, length - unread.length);
        if (n < options.minNewTokens()) {
          for (int eos : eosTokenIds) {
            if (eos < logits.length) {
              logits[eos] = Float.NEGATIVE_INFINITY;
            }
          }
        }
        int token = sampler.choose(logits);
        written[length++] = token;
        unread = new int[] {token};
        if (!options.onToken().test(token) || contains(eosTokenIds, token)) {
          break;
        }
      }
    }
    return Arrays.copyOf(written, length);
  }

  private static float[] next(
      Decodable.Decoder decoder,
      Ops ops,
      Supplier<Workspace> workspaces,
      int[] unread,
      int alreadyRead) {
    try (Workspace ws = workspaces.get()) {
      return decoder.next(ops, ws, Batch.continuing(ws, unread, alreadyRead)).toFloatArray();
    }
  }

  private static boolean contains(int[] ids, int id) {
    for (int candidate : ids) {
      if (candidate == id) {
        return true;
      }
    }
    return false;
  }
}
