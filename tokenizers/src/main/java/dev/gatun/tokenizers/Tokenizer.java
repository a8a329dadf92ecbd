package dev.gatun.tokenizers;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Turns text into the token ids a model was trained on, and back, as transformers 5 does.
 *
 * <p>Reads tokenizer.json, or where there is none vocab.txt, vocab.json with merges.txt,
 * spiece.model, or spm.model; always together with tokenizer_config.json and its kin. Never uses
 * the network. The native library is unpacked once into DJL's cache directory.
 *
 * <p>Safe for use by many threads at once. {@link #close()} frees native memory; every other method
 * then throws {@link IllegalStateException}.
 */
public final class Tokenizer implements AutoCloseable {
  /** Below, handing out costs more than it gains. */
  private static final int PARALLEL_FROM = 4;

  private final TokenizerSource source;
  private final TokenizerSettings settings;
  private final Vocabulary vocabulary;
  private final SpecialTokens specialTokens;
  private final boolean cleanUp;
  private final String continuingSubwordPrefix;
  private final TokenJoiner joiner;
  private final NativeTokenizer tokenizer;

  private Tokenizer(TokenizerDefinition definition, TokenizerSettings settings) {
    this.source = definition.source();
    this.settings = settings;
    this.vocabulary = definition.vocabulary();
    this.specialTokens = specialTokens(settings, vocabulary);
    // made for WordPiece; transformers 5 leaves the text of a BPE alone, whatever the flag says
    this.cleanUp = settings.cleanUpTokenizationSpaces() && !definition.bpe();
    this.continuingSubwordPrefix = definition.continuingSubwordPrefix();
    this.joiner = new TokenJoiner(definition.file(), definition.sections().get("decoder"));
    this.tokenizer = NativeTokenizer.of(definition);
  }

  /**
   * Loads the tokenizer of a model directory.
   *
   * @throws TokenizerException when a file is missing, malformed or not supported
   */
  public static Tokenizer load(Path modelDirectory) {
    return load(modelDirectory, false);
  }

  /**
   * Loads the tokenizer of a model directory.
   *
   * @param lowerCase whether text is lower-cased first, whatever the tokenizer itself does: {@code
   *     do_lower_case} of sentence-transformers
   * @throws TokenizerException when a file is missing, malformed or not supported
   */
  public static Tokenizer load(Path modelDirectory, boolean lowerCase) {
    Objects.requireNonNull(modelDirectory, "modelDirectory");
    if (!Files.isDirectory(modelDirectory)) {
      throw new TokenizerException(modelDirectory, "is not a directory");
    }
    var reader = new TokenizerSettingsReader(modelDirectory);
    TokenizerSettings settings = reader.read();
    TokenizerDefinition definition =
        new TokenizerFiles(modelDirectory, settings, reader.files()).define();
    return new Tokenizer(
        lowerCase ? definition.lowerCasing() : definition,
        settings.withDefaultFamily(familyOf(definition.source().kind())));
  }

  /**
   * Loads a tokenizer.json as the tokenizers library itself does: the files beside it are not read,
   * and its own truncation gives {@link #modelMaxLength()} and the side that is cut.
   *
   * @param directory of tokenizer.json
   * @throws TokenizerException when it is missing, malformed or not supported
   */
  public static Tokenizer loadFileAlone(Path directory) {
    Path file = directory.resolve("tokenizer.json");
    TokenizerJsonFile json = TokenizerJsonFile.read(file);
    TokenizerSettings settings = TokenizerSettings.ofFileAlone(json.truncation());
    var source = new TokenizerSource(TokenizerSource.Kind.TOKENIZER_JSON, List.of(file));
    return new Tokenizer(json.define(source, settings), settings);
  }

  /** Encodes a text with special tokens and without truncation. */
  public Encoding encode(String text) {
    return encode(text, EncodeOptions.defaults());
  }

  /** Encodes a pair with special tokens and without truncation. */
  public Encoding encode(String text, String textPair) {
    return encode(text, textPair, EncodeOptions.defaults());
  }

  /**
   * Encodes a text. A surrogate without its partner counts as U+FFFD.
   *
   * @throws IllegalArgumentException when the truncation asked for is not possible
   * @throws IllegalStateException after close
   */
  public Encoding encode(String text, EncodeOptions options) {
    Objects.requireNonNull(text, "text");
    Encoding encoding = tokenizer.encode(text, options.addSpecialTokens());
    return truncated(encoding, false, options);
  }

  /** Encodes a pair, as {@link #encode(String, EncodeOptions)} does a text. */
  public Encoding encode(String text, String textPair, EncodeOptions options) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(textPair, "textPair");
    Encoding encoding = tokenizer.encode(text, textPair, options.addSpecialTokens());
    return truncated(encoding, true, options);
  }

  /**
   * Encodes a text of any length as windows of at most {@code maxLength} tokens, special ones
   * included, that cover all of it: {@code return_overflowing_tokens} of transformers.
   *
   * @param stride tokens of the text that a window shares with the one before it
   * @return one window at least, in the order of the text, or of its end where the model truncates
   *     on the left
   * @throws IllegalArgumentException when the stride leaves a window no new token
   * @throws IllegalStateException after close
   */
  public List<Encoding> encodeWindows(String text, int maxLength, int stride) {
    Objects.requireNonNull(text, "text");
    return Windows.over(tokenizer.encode(text, true), 0, maxLength, stride, side());
  }

  /**
   * Encodes a pair as windows over its second text, each with the whole first one, as {@link
   * #encodeWindows(String, int, int)} does one text.
   */
  public List<Encoding> encodeWindows(String text, String textPair, int maxLength, int stride) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(textPair, "textPair");
    return Windows.over(tokenizer.encode(text, textPair, true), 1, maxLength, stride, side());
  }

  /**
   * Encodes a pair as windows over its first text, each with the whole second one, as {@link
   * #encodeWindows(String, String, int, int)} does over the second.
   */
  public List<Encoding> encodeWindowsOverFirst(
      String text, String textPair, int maxLength, int stride) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(textPair, "textPair");
    return Windows.over(tokenizer.encode(text, textPair, true), 0, maxLength, stride, side());
  }

  private Truncation.Side side() {
    return settings.truncationSide();
  }

  /** Encodes many texts on all processors; results in the order of the texts. */
  public List<Encoding> encodeBatch(List<String> texts) {
    return encodeBatch(texts, EncodeOptions.defaults());
  }

  /** Encodes many texts on all processors; results in the order of the texts. */
  public List<Encoding> encodeBatch(List<String> texts, EncodeOptions options) {
    return inParallel(texts, text -> encode(text, options));
  }

  /** Encodes many pairs on all processors; results in the order of the pairs. */
  public List<Encoding> encodePairs(List<TextPair> pairs, EncodeOptions options) {
    return inParallel(pairs, pair -> encode(pair.first(), pair.second(), options));
  }

  /**
   * The ids of many texts, those of {@link #encodeBatch(List, EncodeOptions)} in less time; on all
   * processors where that pays.
   */
  public List<int[]> encodeIds(List<String> texts, EncodeOptions options) {
    return inParallel(texts, text -> encodeIds(text, options));
  }

  private int[] encodeIds(String text, EncodeOptions options) {
    int[] ids = tokenizer.encodeIds(text, options.addSpecialTokens());
    boolean fits =
        options.truncation().isEmpty() || ids.length <= options.truncation().get().maxLength();
    return fits ? ids : encode(text, options).ids();
  }

  /** One by one, not by the library's own batch call: there an error would end the JVM. */
  private <T, R> List<R> inParallel(List<T> inputs, Function<T, R> encode) {
    tokenizer.checkOpen();
    for (T input : inputs) {
      Objects.requireNonNull(input, "a text of the batch");
    }
    Stream<T> stream = inputs.size() < PARALLEL_FROM ? inputs.stream() : inputs.parallelStream();
    return stream.map(encode).toList();
  }

  private Encoding truncated(Encoding encoding, boolean pair, EncodeOptions options) {
    if (options.truncation().isEmpty()) {
      return encoding;
    }
    Truncation to = options.truncation().get();
    Truncation.Side side = to.side() == null ? settings.truncationSide() : to.side();
    return Truncator.truncate(encoding, pair, to, side);
  }

  /**
   * Turns ids into text. Ids beyond the vocabulary, which a model with a padded output layer may
   * give, are skipped.
   *
   * @param skipSpecialTokens whether to leave special tokens out
   * @throws IllegalArgumentException for a negative id
   * @throws IllegalStateException after close
   */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    String text = decodeWithoutCleanUp(ids, skipSpecialTokens);
    return cleanUp ? cleanUp(text) : text;
  }

  String decodeWithoutCleanUp(int[] ids, boolean skipSpecialTokens) {
    for (int id : ids) {
      if (id < 0) {
        throw new IllegalArgumentException("negative token id " + id);
      }
    }
    return tokenizer.decode(ids, skipSpecialTokens);
  }

  /** The {@code clean_up_tokenization} of transformers. */
  private static String cleanUp(String text) {
    return text.replace(" .", ".")
        .replace(" ?", "?")
        .replace(" !", "!")
        .replace(" ,", ",")
        .replace(" ' ", "'")
        .replace(" n't", "n't")
        .replace(" 'm", "'m")
        .replace(" 's", "'s")
        .replace(" 've", "'ve")
        .replace(" 're", "'re");
  }

  /**
   * Joins tokens, written as in the vocabulary, into text: {@code convert_tokens_to_string}. Unlike
   * {@link #decode} it takes words that are no tokens.
   *
   * @throws TokenizerException if tokenizer.json asks for a decoder that is not known here
   * @throws IllegalStateException after close
   */
  public String joinTokens(List<String> tokens) {
    tokenizer.checkOpen();
    return joiner.join(tokens);
  }

  /** What marks a token inside a word, as {@code ##}; "" where nothing does. */
  public String continuingSubwordPrefix() {
    tokenizer.checkOpen();
    return continuingSubwordPrefix;
  }

  /** A decoder for text that is being generated. */
  public StreamingDecoder streamingDecoder(boolean skipSpecialTokens) {
    tokenizer.checkOpen();
    return new StreamingDecoder(this, skipSpecialTokens);
  }

  /** The id of a token, written as in the vocabulary ({@code ##ing}, {@code Ġthe}, {@code ▁a}). */
  public OptionalInt tokenId(String token) {
    Objects.requireNonNull(token, "token");
    tokenizer.checkOpen();
    return vocabulary.id(token);
  }

  /** The token of an id; empty where the vocabulary has none. */
  public Optional<String> token(int id) {
    tokenizer.checkOpen();
    return Optional.ofNullable(vocabulary.token(id));
  }

  /** Whether decoding without special tokens leaves this id out. */
  public boolean isSpecial(int id) {
    tokenizer.checkOpen();
    return vocabulary.isSpecial(id);
  }

  /**
   * The number of tokens, added ones included: {@code len(tokenizer)}. A model's output layer may
   * be larger.
   */
  public int vocabSize() {
    tokenizer.checkOpen();
    return vocabulary.size();
  }

  /** {@code model_max_length} in tokens; empty when absent or a "no limit" value such as 1e30. */
  public OptionalInt modelMaxLength() {
    tokenizer.checkOpen();
    return settings.modelMaxLength();
  }

  /**
   * Whether a model gets the type ids, as transformers 5 decides it: {@code model_input_names} has
   * them, else the tokenizer's class does.
   */
  public boolean givesTypeIds() {
    return settings.givesTypeIds(false);
  }

  /** As {@link #givesTypeIds}, in transformers 4, where more classes do. */
  public boolean givesTypeIdsInRelease4() {
    return settings.givesTypeIds(true);
  }

  /** Whether a batch would be padded in front of its texts: {@code padding_side}. */
  public boolean padsLeft() {
    return settings.paddingSide() == Truncation.Side.LEFT;
  }

  /** The special tokens by role. */
  public SpecialTokens specialTokens() {
    tokenizer.checkOpen();
    return specialTokens;
  }

  /** The files this tokenizer was made from. */
  public TokenizerSource source() {
    return source;
  }

  /** Waits for running calls, then frees the native tokenizer. A second close does nothing. */
  @Override
  public void close() {
    tokenizer.close();
  }

  @Override
  public String toString() {
    return "Tokenizer[" + source.files().getFirst() + "]";
  }

  private static TokenizerFamily familyOf(TokenizerSource.Kind kind) {
    return switch (kind) {
      case TOKENIZER_JSON -> null;
      case BYTE_LEVEL_BPE -> TokenizerFamily.GPT2;
      case WORD_PIECE -> TokenizerFamily.BERT;
      case SENTENCE_PIECE -> TokenizerFamily.T5;
    };
  }

  private static SpecialTokens specialTokens(TokenizerSettings settings, Vocabulary vocabulary) {
    Function<SpecialRole, Optional<SpecialToken>> named =
        role ->
            Optional.ofNullable(settings.named().get(role))
                .flatMap(token -> vocabulary.special(token.content()));
    var additional = new LinkedHashSet<SpecialToken>();
    settings
        .additional()
        .forEach(token -> vocabulary.special(token.content()).ifPresent(additional::add));
    additional.addAll(vocabulary.specials());
    for (SpecialRole role : SpecialRole.values()) {
      named.apply(role).ifPresent(additional::remove);
    }
    return new SpecialTokens(
        named.apply(SpecialRole.BOS),
        named.apply(SpecialRole.EOS),
        named.apply(SpecialRole.UNK),
        named.apply(SpecialRole.SEP),
        named.apply(SpecialRole.PAD),
        named.apply(SpecialRole.CLS),
        named.apply(SpecialRole.MASK),
        List.copyOf(additional));
  }
}
