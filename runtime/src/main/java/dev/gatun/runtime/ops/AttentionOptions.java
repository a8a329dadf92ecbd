package dev.gatun.runtime.ops;

import dev.gatun.runtime.weights.DistanceBias;
import java.util.Optional;

/**
 * How one attention layer attends. Made once, in a model's constructor, from {@link #of} and the
 * withers.
 *
 * @param heads query heads
 * @param kvHeads key and value heads, a divisor of {@code heads}: query head h reads kv head h /
 *     (heads / kvHeads)
 * @param headDim features of q and k per head
 * @param valueHeadDim features of v and of the result per head
 * @param causal whether a query sees only keys up to its own position, the cached ones before it
 *     included
 * @param scale factor on q . k
 * @param distanceBias added to the scaled scores
 * @param slidingWindow w keys: how far a query sees to either side, or when causal how many keys,
 *     its own included; 0 for no limit
 */
public record AttentionOptions(
    int heads,
    int kvHeads,
    int headDim,
    int valueHeadDim,
    boolean causal,
    float scale,
    Optional<DistanceBias> distanceBias,
    int slidingWindow) {

  public AttentionOptions {
    if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "attention: %d heads over %d kv heads".formatted(heads, kvHeads));
    }
    if (headDim < 1 || valueHeadDim < 1) {
      throw new IllegalArgumentException(
          "attention: head sizes %d and %d".formatted(headDim, valueHeadDim));
    }
    if (distanceBias.isPresent() && distanceBias.get().heads() != heads) {
      throw new IllegalArgumentException(
          "attention: a distance bias for %d heads, not %d"
              .formatted(distanceBias.get().heads(), heads));
    }
    if (slidingWindow < 0) {
      throw new IllegalArgumentException("attention: a sliding window of " + slidingWindow);
    }
  }

  /**
   * As many kv heads as heads, every key visible, scaled by {@code headDim^-0.5}, no bias, no
   * window.
   */
  public static AttentionOptions of(int heads, int headDim) {
    return new AttentionOptions(
        heads,
        heads,
        headDim,
        headDim,
        false,
        (float) (1 / Math.sqrt(headDim)),
        Optional.empty(),
        0);
  }

  /** Grouped queries (Ainslie et al., arXiv 2305.13245); one group is multi-query attention. */
  public AttentionOptions withKvHeads(int kvHeads) {
    return new AttentionOptions(
        heads, kvHeads, headDim, valueHeadDim, causal, scale, distanceBias, slidingWindow);
  }

  public AttentionOptions withValueHeadDim(int valueHeadDim) {
    return new AttentionOptions(
        heads, kvHeads, headDim, valueHeadDim, causal, scale, distanceBias, slidingWindow);
  }

  public AttentionOptions withCausal(boolean causal) {
    return new AttentionOptions(
        heads, kvHeads, headDim, valueHeadDim, causal, scale, distanceBias, slidingWindow);
  }

  public AttentionOptions withScale(float scale) {
    return new AttentionOptions(
        heads, kvHeads, headDim, valueHeadDim, causal, scale, distanceBias, slidingWindow);
  }

  public AttentionOptions withDistanceBias(DistanceBias bias) {
    return new AttentionOptions(
        heads, kvHeads, headDim, valueHeadDim, causal, scale, Optional.of(bias), slidingWindow);
  }

  /** Attention to what is near (Beltagy et al., arXiv 2004.05150); 0 for all. */
  public AttentionOptions withSlidingWindow(int slidingWindow) {
    return new AttentionOptions(
        heads, kvHeads, headDim, valueHeadDim, causal, scale, distanceBias, slidingWindow);
  }

  /** Columns of q. */
  public long queryFeatures() {
    return (long) heads * headDim;
  }

  /** Columns of k. */
  public long keyFeatures() {
    return (long) kvHeads * headDim;
  }

  /** Columns of v. */
  public long valueFeatures() {
    return (long) kvHeads * valueHeadDim;
  }

  /** Columns of the result. */
  public long outFeatures() {
    return (long) heads * valueHeadDim;
  }
}
