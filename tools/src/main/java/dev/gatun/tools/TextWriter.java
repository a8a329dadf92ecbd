package dev.gatun.tools;

import dev.gatun.GenerationOptions;
import dev.gatun.tokenizers.StreamingDecoder;
import java.io.PrintWriter;
import java.util.Arrays;

/**
 * Writes text of any length with a model of limited sight: when its window is full, it starts again
 * with the last half of it as the prompt.
 */
final class TextWriter {
  /** Odd, so that the seeds of successive windows never meet. */
  private static final long SEED_STEP = 0x9E3779B97F4A7C15L;

  private final LoadedText loaded;
  private final GenerationOptions options;
  private final int maxChars;

  /**
   * @param options maxNewTokens counts over all windows
   */
  TextWriter(LoadedText loaded, GenerationOptions options, int maxChars) {
    this.loaded = loaded;
    this.options = options;
    this.maxChars = maxChars;
  }

  void write(String prompt, PrintWriter out) {
    int[] context = loaded.promptIds(prompt);
    boolean continues = !loaded.isEncoderDecoder();
    var printer = new Printer(loaded, continues ? context : new int[0], out, maxChars);
    if (continues) {
      out.print(prompt);
    }
    int window = loaded.window();
    int left = options.maxNewTokens();
    for (long round = 0; left > 0 && !printer.done(); round++) {
      if (context.length > window) {
        context = last(context, Math.max(1, window / 2));
      }
      // The last token written is not read again and needs no place.
      int fits = window == Integer.MAX_VALUE ? left : window - context.length + 1;
      int wanted = Math.min(left, fits);
      int before = printer.tokens();
      int[] ids =
          loaded
              .model()
              .generate(
                  context,
                  new GenerationOptions(
                      wanted,
                      0,
                      options.eosTokenIds(),
                      options.temperature(),
                      options.seed() + round * SEED_STEP,
                      printer::accept));
      left -= printer.tokens() - before;
      if (!continues || printer.tokens() - before < wanted || loaded.ends(ids[ids.length - 1])) {
        break;
      }
      context = last(ids, Math.max(1, window / 2));
    }
    printer.finish();
  }

  private static int[] last(int[] ids, int count) {
    return ids.length <= count ? ids : Arrays.copyOfRange(ids, ids.length - count, ids.length);
  }

  /** Prints tokens as they come, and knows when there are enough characters. */
  private static final class Printer {
    private final LoadedText loaded;
    private final StreamingDecoder stream;
    private final PrintWriter out;
    private final int maxChars;
    private int chars;
    private int tokens;

    Printer(LoadedText loaded, int[] before, PrintWriter out, int maxChars) {
      this.loaded = loaded;
      this.stream = loaded.tokenizer().streamingDecoder(true);
      // What the text continues decides how its first token is written, with a space or without.
      for (int id : before) {
        stream.accept(id);
      }
      this.out = out;
      this.maxChars = maxChars;
    }

    boolean accept(int token) {
      tokens++;
      if (!loaded.ends(token)) {
        print(stream.accept(token));
      }
      // An output nobody reads any more, as of `gatun generate | head`, ends the text too.
      return !done() && !out.checkError();
    }

    private void print(String text) {
      int fit = Math.min(maxChars - chars, text.codePointCount(0, text.length()));
      out.print(text.substring(0, text.offsetByCodePoints(0, fit)));
      out.flush();
      chars += fit;
    }

    int tokens() {
      return tokens;
    }

    boolean done() {
      return chars >= maxChars;
    }

    void finish() {
      print(stream.finish());
      out.println();
      out.flush();
    }
  }
}
