package dev.gatun.tokenizers;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/**
 * The Rust tokenizer behind DJL, made safe: no call after or during close, no state that one call
 * could change for another, no network.
 */
final class NativeTokenizer implements AutoCloseable {
  /** Overrides DJL's defaults, which truncate to 512 tokens and pad. */
  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "do_not_truncate", "padding", "do_not_pad", "addSpecialTokens", "true");

  /** The Rust library takes a time for them that grows with their square: these, some seconds. */
  private static final int MOST_ADDED_TOKENS = 70_000;

  private final Path file;
  private final HuggingFaceTokenizer tokenizer;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  private NativeTokenizer(Path file, HuggingFaceTokenizer tokenizer) {
    this.file = file;
    this.tokenizer = tokenizer;
  }

  /**
   * Builds the tokenizer.
   *
   * @throws TokenizerException when the library refuses the definition or cannot be loaded
   */
  static NativeTokenizer of(TokenizerDefinition definition) {
    int added = definition.vocabulary().addedCount();
    if (added > MOST_ADDED_TOKENS) {
      throw new TokenizerException(
          definition.file(),
          "has " + added + " added tokens; at most " + MOST_ADDED_TOKENS + " are supported");
    }
    String json = definition.toJson();
    keepDjlOffline();
    try (var stream = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
      return new NativeTokenizer(
          definition.file(), HuggingFaceTokenizer.newInstance(stream, OPTIONS));
    } catch (IOException | RuntimeException e) {
      throw new TokenizerException(definition.file(), "refused: " + e.getMessage(), e);
    } catch (LinkageError e) {
      throw new TokenizerException(
          definition.file(),
          "the native tokenizers library cannot be loaded ("
              + e
              + "). It is unpacked from the"
              + " DJL jar into ~/.djl.ai; set DJL_CACHE_DIR to a writable directory to change that",
          e);
    }
  }

  /**
   * DJL asks the EC2 metadata service who we are unless told not to, and with a CUDA runtime in
   * sight it downloads a GPU build of the library. A choice the user has made stays.
   */
  private static void keepDjlOffline() {
    setUnlessChosen("OPT_OUT_TRACKING", "true");
    setUnlessChosen("RUST_FLAVOR", "cpu");
  }

  private static void setUnlessChosen(String name, String value) {
    if (System.getenv(name) == null && System.getProperty(name) == null) {
      System.setProperty(name, value);
    }
  }

  /** Encodes one text. */
  Encoding encode(String text, boolean addSpecialTokens) {
    String first = Utf16.replaceUnpairedSurrogates(text);
    return encoding(
        call(native1 -> native1.encode(first, addSpecialTokens, false)),
        Utf16.codePointIndexes(first),
        null);
  }

  /** Encodes a pair. */
  Encoding encode(String text, String textPair, boolean addSpecialTokens) {
    String first = Utf16.replaceUnpairedSurrogates(text);
    String second = Utf16.replaceUnpairedSurrogates(textPair);
    return encoding(
        call(native2 -> native2.encode(first, second, addSpecialTokens, false)),
        Utf16.codePointIndexes(first),
        Utf16.codePointIndexes(second));
  }

  /**
   * The ids of one text alone, in about a third of the time: tokens as strings and their places,
   * which are most of the work, stay where they are.
   */
  int[] encodeIds(String text, boolean addSpecialTokens) {
    String whole = Utf16.replaceUnpairedSurrogates(text);
    return call(
        native1 -> {
          TokenizersLibrary library = TokenizersLibrary.LIB;
          long encoding = library.encode(native1.getHandle(), whole, addSpecialTokens);
          try {
            return narrow(library.getTokenIds(encoding));
          } finally {
            library.deleteEncoding(encoding);
          }
        });
  }

  /** Decodes; ids without a token are skipped, as transformers does. */
  String decode(int[] ids, boolean skipSpecialTokens) {
    long[] wide = Arrays.stream(ids).asLongStream().toArray();
    return call(native1 -> native1.decode(wide, skipSpecialTokens));
  }

  void checkOpen() {
    lock.readLock().lock();
    try {
      requireOpen();
    } finally {
      lock.readLock().unlock();
    }
  }

  private <T> T call(Function<HuggingFaceTokenizer, T> work) {
    lock.readLock().lock();
    try {
      requireOpen();
      return work.apply(tokenizer);
    } catch (IllegalStateException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new TokenizerException(file, "the tokenizer failed: " + e.getMessage(), e);
    } finally {
      lock.readLock().unlock();
      // DJL frees the native tokenizer in a finalizer: keep it reachable until the call is over
      Reference.reachabilityFence(tokenizer);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the tokenizer of " + file + " is closed");
    }
  }

  private static Encoding encoding(
      ai.djl.huggingface.tokenizers.Encoding from, int[] firstIndexes, int[] secondIndexes) {
    int[] sequences = narrow(from.getSequenceIds());
    CharSpan[] spans = from.getCharTokenSpans();
    var starts = new int[spans.length];
    var ends = new int[spans.length];
    for (int i = 0; i < spans.length; i++) {
      if (spans[i] != null) { // null for a token of no sequence
        int[] indexes = sequences[i] == 1 ? secondIndexes : firstIndexes;
        starts[i] = indexes == null ? spans[i].getStart() : indexes[spans[i].getStart()];
        ends[i] = indexes == null ? spans[i].getEnd() : indexes[spans[i].getEnd()];
      }
    }
    return new Encoding(
        narrow(from.getIds()),
        narrow(from.getTypeIds()),
        narrow(from.getSpecialTokenMask()),
        sequences,
        narrow(from.getWordIds()),
        starts,
        ends,
        from.getTokens());
  }

  private static int[] narrow(long[] values) {
    var narrow = new int[values.length];
    Arrays.setAll(narrow, i -> (int) values[i]);
    return narrow;
  }

  /** Waits for running calls, then frees the native tokenizer. A second close does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      closed = true;
      tokenizer.close();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
