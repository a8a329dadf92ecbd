package dev.gatun.runtime.generation;

import dev.gatun.GenerationOptions;
import dev.gatun.Inputs;
import dev.gatun.runtime.models.Batch;
import dev.gatun.runtime.models.Decodable;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Writes one token after another, as transformers' {@code generate()} does without beams: read the
 * prompts, choose from the last logits, feed the choices back, until an end-of-sequence id or the
 * length bound. All sequences of a batch take each step together, so that it reads the weights
 * once; those that have ended add no tokens to it. Upstream: transformers {@code
 * generation/utils.py}.
 */
public final class GenerationLoop {
  private GenerationLoop() {}

  /**
   * Continues prompts.
   *
   * @param workspaces gives a workspace for one step; closed after it
   * @param inputIds prompts (decoder-only) or texts to encode (encoder-decoder)
   * @param options sequence i draws with seed + i
   * @param eosTokenIds ids that end a text (kept as its last token)
   * @param decoderStartTokenId first decoder id of an encoder-decoder model
   * @return the decoder's whole sequences: what each was started with, then the new tokens
   * @throws IllegalArgumentException if a prompt and new tokens can't fit the model's positions
   */
  public static List<int[]> generate(
      Decodable model,
      Ops ops,
      Supplier<Workspace> workspaces,
      List<int[]> inputIds,
      GenerationOptions options,
      int[] eosTokenIds,
      int decoderStartTokenId) {
    var texts = new ArrayList<Text>();
    for (int[] ids : inputIds) {
      int[] prompt = model.decoderPrompt(ids, decoderStartTokenId);
      requireRoom(prompt.length, options.maxNewTokens(), model.maxDecoderLength());
      texts.add(new Text(prompt, options, options.seed() + texts.size()));
    }
    float[] logits = new float[0];
    try (Decodable.Decoder decoder = model.begin(ops, Inputs.of(inputIds))) {
      for (int n = 0; n < options.maxNewTokens(); n++) {
        List<Text> writing = texts.stream().filter(text -> !text.ended).toList();
        if (writing.isEmpty()) {
          break;
        }
        try (Workspace ws = workspaces.get()) {
          Tensor next = step(decoder, ops, ws, unread(ws, texts));
          boolean endForbidden = n < options.minNewTokens() && eosTokenIds.length > 0;
          if (options.temperature() == 0 && !endForbidden) { // the logits need not leave the device
            int[] largest = ops.argmax(ws, next);
            for (int row = 0; row < writing.size(); row++) {
              writing.get(row).append(largest[row], eosTokenIds);
            }
            continue;
          }
          logits = next.toFloatArray(logits);
        }
        int vocabulary = logits.length / writing.size();
        for (int row = 0; row < writing.size(); row++) {
          Text text = writing.get(row);
          text.append(text.choose(logits, row * vocabulary, vocabulary, eosTokenIds), eosTokenIds);
        }
      }
    }
    return texts.stream().map(Text::written).toList();
  }

  /** Steps of one token a sequence come again and again; only the first is longer. */
  private static Tensor step(Decodable.Decoder decoder, Ops ops, Workspace ws, Batch tokens) {
    if (tokens.sequences().maxLength() > 1) {
      return decoder.next(ops, ws, tokens);
    }
    try (var _ = ws.gather()) {
      return decoder.next(ops, ws, tokens);
    }
  }

  private static void requireRoom(int prompt, int maxNewTokens, int positions) {
    // The last token written is never read, so it needs no position.
    if ((long) prompt + maxNewTokens - 1 > positions) {
      throw new IllegalArgumentException(
          "a prompt of %d tokens and %d new tokens need %d positions; the model has %d"
              .formatted(prompt, maxNewTokens, prompt + maxNewTokens - 1, positions));
    }
  }

  private static Batch unread(Workspace ws, List<Text> texts) {
    int[] past = texts.stream().mapToInt(text -> text.read).toArray();
    return Batch.continuing(ws, texts.stream().map(Text::takeUnread).toList(), past);
  }

  /** One sequence as it is written. */
  private static final class Text {
    private final GenerationOptions options;
    private final Sampler sampler;
    private final int promptLength;
    private final int[] ids;
    private int length;
    private int read;
    private boolean ended;

    Text(int[] prompt, GenerationOptions options, long seed) {
      this.options = options;
      sampler = new Sampler(options.temperature(), seed);
      promptLength = prompt.length;
      ids = Arrays.copyOf(prompt, prompt.length + options.maxNewTokens());
      length = prompt.length;
    }

    /** The tokens that the model has not seen; none of a text that has ended. */
    int[] takeUnread() {
      int[] unread = ended ? new int[0] : Arrays.copyOfRange(ids, read, length);
      read += unread.length;
      return unread;
    }

    /** Chooses a token from its row of the logits, which it may change. */
    int choose(float[] logits, int from, int vocabulary, int[] eosTokenIds) {
      if (length - promptLength < options.minNewTokens()) {
        for (int eos : eosTokenIds) {
          if (eos < vocabulary) {
            logits[from + eos] = Float.NEGATIVE_INFINITY;
          }
        }
      }
      return sampler.choose(logits, from, vocabulary);
    }

    void append(int token, int[] eosTokenIds) {
      ids[length++] = token;
      ended = !options.onToken().test(token) || contains(eosTokenIds, token);
    }

    int[] written() {
      return Arrays.copyOf(ids, length);
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
