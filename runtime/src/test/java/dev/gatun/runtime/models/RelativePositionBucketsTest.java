package dev.gatun.runtime.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values printed by transformers' T5Attention._relative_position_bucket. */
class RelativePositionBucketsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ':',
      textBlock =
          """
          -140:15
          -91:15
          -90:14
          -64:14
          -32:12
          -16:10
          -15:9
          -8:8
          -7:7
          -1:1
          0:0
          1:17
          7:23
          8:24
          11:24
          12:25
          16:26
          22:26
          23:27
          32:28
          45:28
          46:29
          64:30
          90:30
          91:31
          140:31
          """)
  void bidirectional(int distance, int bucket) {
    assertEquals(bucket, RelativePositionBuckets.bucket(distance, true, 32, 128));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ':',
      textBlock =
          """
          5:0
          0:0
          -15:15
          -16:16
          -18:16
          -20:17
          -21:18
          -32:21
          -64:26
          -98:29
          -99:30
          -112:30
          -113:31
          -140:31
          """)
  void causal(int distance, int bucket) {
    assertEquals(bucket, RelativePositionBuckets.bucket(distance, false, 32, 128));
  }
}
