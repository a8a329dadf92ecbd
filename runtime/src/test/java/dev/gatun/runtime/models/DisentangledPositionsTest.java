package dev.gatun.runtime.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values printed by transformers' make_log_bucket_position, with span added and clamped. */
class DisentangledPositionsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ':',
      textBlock =
          """
          256:512:1:257:255
          256:512:127:383:129
          256:512:128:384:128
          256:512:129:385:127
          256:512:130:386:126
          256:512:131:387:125
          256:512:200:425:87
          256:512:255:448:64
          256:512:256:448:64
          256:512:300:463:49
          256:512:400:489:23
          256:512:509:511:1
          256:512:510:511:1
          256:512:511:511:1
          256:512:512:511:0
          256:512:513:511:0
          256:512:3000:511:0
          16:64:7:23:9
          16:64:8:24:8
          16:64:9:25:7
          16:64:10:25:7
          16:64:11:26:6
          16:64:12:26:6
          16:64:13:26:6
          16:64:20:28:4
          16:64:40:30:2
          16:64:62:31:1
          16:64:63:31:1
          16:64:64:31:0
          16:64:65:31:0
          6:40:1:7:5
          6:40:3:9:3
          6:40:4:10:2
          6:40:5:10:2
          6:40:9:10:2
          6:40:20:11:1
          6:40:38:11:1
          6:40:39:11:1
          6:40:40:11:0
          6:40:41:11:0
          """)
  void buckets(int buckets, int maxPosition, int distance, int ahead, int behind) {
    int[] indices = new DisentangledPositions(buckets, buckets, maxPosition).upTo(distance + 1);
    int reach = indices.length / 2;
    assertEquals(ahead, indices[reach + Math.min(distance, reach)]);
    assertEquals(behind, indices[reach - Math.min(distance, reach)]);
    assertEquals(buckets, indices[reach]);
  }

  @Test
  void withoutBucketsEveryDistanceHasItsOwn() {
    var positions = new DisentangledPositions(3, 0, 3);
    assertArrayEquals(new int[] {2, 3, 4}, positions.upTo(1));
    assertArrayEquals(new int[] {2, 3, 4}, positions.upTo(2));
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 5}, positions.upTo(9));
  }
}
