package dev.gatun.tokenizers;

import java.util.Arrays;
import java.util.Objects;

/**
 * The tokens of one text or of one pair. Immutable; every array has one entry per token and is a
 * copy.
 */
public final class Encoding {
  /** What {@link #sequence(int)} says of a token that belongs to no text. */
  public static final int NO_SEQUENCE = -1;

  /** What {@link #word(int)} says of a token that belongs to no word. */
  public static final int NO_WORD = -1;

  private final int[] ids;
  private final int[] typeIds;
  private final int[] specialTokensMask;
  private final int[] sequences;
  private final int[] words;
  private final int[] starts;
  private final int[] ends;
  private final String[] tokens;

  Encoding(
      int[] ids,
      int[] typeIds,
      int[] specialTokensMask,
      int[] sequences,
      int[] words,
      int[] starts,
      int[] ends,
      String[] tokens) {
    this.ids = ids;
    this.typeIds = typeIds;
    this.specialTokensMask = specialTokensMask;
    this.sequences = sequences;
    this.words = words;
    this.starts = starts;
    this.ends = ends;
    this.tokens = tokens;
  }

  /** The number of tokens. */
  public int length() {
    return ids.length;
  }

  /** Token ids: {@code input_ids}. */
  public int[] ids() {
    return ids.clone();
  }

  /** Segment ids: {@code token_type_ids}, 0 or 1 for most models. */
  public int[] typeIds() {
    return typeIds.clone();
  }

  /** 1 for a token that the post-processor added, 0 for a token of the text. */
  public int[] specialTokensMask() {
    return specialTokensMask.clone();
  }

  /**
   * The tokens as text. Where the model knows no piece for a stretch of text, SentencePiece models
   * give that stretch, other models the unknown token.
   */
  public String[] tokens() {
    return tokens.clone();
  }

  /** The sequence a token comes from: 0, 1, or {@link #NO_SEQUENCE} for an added special token. */
  public int sequence(int token) {
    return sequences[token];
  }

  /**
   * The word of its own sequence that the token is part of, counted from 0, as the pre-tokenizer
   * cuts words; {@link #NO_WORD} for an added special token.
   */
  public int word(int token) {
    return words[token];
  }

  /**
   * Where the token begins in its own sequence's text, in UTF-16 code units as {@link
   * String#substring(int, int)} counts. 0 for an added special token.
   *
   * <p>Several tokens of one character (byte-level models) all span that whole character.
   */
  public int start(int token) {
    return starts[token];
  }

  /** Where the token ends (exclusive), counted as in {@link #start(int)}. */
  public int end(int token) {
    return ends[token];
  }

  /** The encoding with only the given tokens, by ascending index. */
  Encoding keep(int[] kept) {
    var keptTokens = new String[kept.length];
    Arrays.setAll(keptTokens, i -> tokens[kept[i]]);
    return new Encoding(
        pick(ids, kept),
        pick(typeIds, kept),
        pick(specialTokensMask, kept),
        pick(sequences, kept),
        pick(words, kept),
        pick(starts, kept),
        pick(ends, kept),
        keptTokens);
  }

  private static int[] pick(int[] values, int[] kept) {
    var picked = new int[kept.length];
    Arrays.setAll(picked, i -> values[kept[i]]);
    return picked;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Encoding that
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(typeIds, that.typeIds)
        && Arrays.equals(specialTokensMask, that.specialTokensMask)
        && Arrays.equals(sequences, that.sequences)
        && Arrays.equals(words, that.words)
        && Arrays.equals(starts, that.starts)
        && Arrays.equals(ends, that.ends)
        && Arrays.equals(tokens, that.tokens);
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(ids), Arrays.hashCode(starts));
  }

  @Override
  public String toString() {
    return "Encoding" + Arrays.toString(tokens);
  }
}
