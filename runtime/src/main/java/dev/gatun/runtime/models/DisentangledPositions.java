package dev.gatun.runtime.models;

import java.util.Arrays;

/**
 * Which relative position stands for a distance in DeBERTa (He et al., arXiv 2006.03654, section
 * 3.1; transformers {@code make_log_bucket_position} in {@code
 * models/deberta_v2/modeling_deberta_v2.py}): an index from 0 to 2 span - 1, span being distance 0.
 */
final class DisentangledPositions {
  private final int[] indices;
  private final int reach;

  /**
   * @param span positions on either side of 0
   * @param buckets distances up to half of them are exact, the others logarithmic; 0 for exact ones
   *     only
   * @param maxPosition what the logarithmic ones end at
   */
  DisentangledPositions(int span, int buckets, int maxPosition) {
    // Behind the first distance at both ends of the table nothing changes any more.
    int far = 1;
    while (index(far, span, buckets, maxPosition) < 2 * span - 1
        || index(-far, span, buckets, maxPosition) > 0) {
      far++;
    }
    reach = far;
    indices = new int[2 * reach + 1];
    Arrays.setAll(indices, i -> index(i - reach, span, buckets, maxPosition));
  }

  /**
   * The index of each distance, query position - key position, that occurs within a sequence: from
   * -D to D, where what is farther has the index of D.
   */
  int[] upTo(int length) {
    int d = Math.clamp(length - 1L, 1, reach);
    return Arrays.copyOfRange(indices, reach - d, reach + d + 1);
  }

  private static int index(int distance, int span, int buckets, int maxPosition) {
    int position = buckets > 0 ? bucket(distance, buckets, maxPosition) : distance;
    return Math.clamp((long) position + span, 0, 2 * span - 1);
  }

  private static int bucket(int distance, int buckets, int maxPosition) {
    int mid = buckets / 2;
    int magnitude = Math.abs(distance);
    if (magnitude <= mid) {
      return distance;
    }
    // float32 throughout: at the change points a double would land elsewhere.
    float log = (float) Math.log((float) magnitude / mid);
    float whole = (float) Math.log((float) ((maxPosition - 1) / (double) mid));
    int bucket = mid + (int) Math.ceil(log / whole * (mid - 1));
    return distance < 0 ? -bucket : bucket;
  }
}
