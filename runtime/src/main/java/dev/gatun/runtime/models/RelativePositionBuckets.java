package dev.gatun.runtime.models;

/**
 * T5's relative position buckets (Raffel et al., arXiv 1910.10683, section 2.1; transformers {@code
 * T5Attention._relative_position_bucket}): exact for near distances, logarithmic up to a maximum,
 * one bucket beyond.
 */
final class RelativePositionBuckets {
  private RelativePositionBuckets() {}

  /**
   * Bucket of a distance.
   *
   * @param distance key position minus query position
   * @param bidirectional half of the buckets for keys behind the query; otherwise those share
   *     bucket 0
   */
  static int bucket(int distance, boolean bidirectional, int buckets, int maxDistance) {
    int first = 0;
    int n = -distance;
    if (bidirectional) {
      buckets /= 2;
      if (distance > 0) {
        first = buckets;
      }
      n = Math.abs(n);
    } else {
      n = Math.max(n, 0);
    }
    int exact = buckets / 2;
    if (n < exact) {
      return first + n;
    }
    // float32 logarithms and truncation: at the change points a double would land elsewhere.
    float log = (float) Math.log((float) n / exact);
    float ratio = log / (float) Math.log((double) maxDistance / exact);
    return first + Math.min(buckets - 1, exact + (int) (ratio * (buckets - exact)));
  }
}
