package dev.gatun.runtime.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory, lengths and lifetime; what attention reads from a cache is in the tests of the ops. */
@ParameterizedClass
@MethodSource("dev.gatun.runtime.testing.Backends#devices")
class KvCacheTest {

  private static final int BLOCK = KvCache.BLOCK_SIZE;
  private static final long BYTES_PER_BLOCK = 2L * BLOCK * (3 + 5) * Float.BYTES;

  private final NativeContext context;
  private final Workspace workspace;
  private final KvCache cache;

  KvCacheTest(ContextOptions options) {
    context = NativeContext.open(options);
    workspace = Workspace.open(context);
    cache = new KvCache(context, 2, 2, 3, 5, 1000);
  }

  @AfterEach
  void close() {
    workspace.close();
    cache.close();
    context.close();
  }

  private KvCache.Step extend(int... lengths) {
    return cache.extend(workspace, Sequences.of(workspace, lengths));
  }

  @Test
  void memoryComesWithTokens() {
    assertEquals(0, cache.bytes());

    extend(1, BLOCK + 1).commit();

    assertEquals(3, cache.blocksInUse());
    assertEquals(3 * BYTES_PER_BLOCK, cache.bytes());
    assertArrayEquals(new int[] {1, BLOCK + 1}, cache.lengths());
    extend(BLOCK - 1, BLOCK - 1).commit();
    assertEquals(3 * BYTES_PER_BLOCK, cache.bytes());
    extend(1, 0).commit();
    assertEquals(4, cache.blocksInUse());
    assertEquals(4 * BYTES_PER_BLOCK, cache.bytes());
  }

  @Test
  void memoryStaysInProportionToTokens() {
    for (int token = 0; token < 1000; token++) {
      long mark = workspace.mark();
      extend(1, 1).commit();
      workspace.release(mark);
      long blocks = 2L * Math.ceilDiv(token + 1, BLOCK);
      assertEquals(blocks, cache.blocksInUse());
      assertTrue(cache.bytes() <= (blocks * 3 / 2 + 2) * BYTES_PER_BLOCK);
    }
    // Never beyond what the longest sequences need.
    assertEquals(32 * BYTES_PER_BLOCK, cache.bytes());
  }

  @Test
  void stepShowsOldAndNewTokens() {
    extend(2, 70).commit();

    KvCache.Layer layer = extend(1, 3).layer(1);

    assertArrayEquals(new int[] {1, 3}, layer.added().lengths());
    assertArrayEquals(new int[] {3, 73}, layer.visible().lengths());
    assertArrayEquals(new int[] {2, 70}, layer.lengthsBefore().toIntArray());
    assertEquals(2, layer.blocksPerSequence());
    int[] table = layer.blockTable().toIntArray();
    assertEquals(4, table.length);
    assertEquals(3, IntStream.of(table[0], table[2], table[3]).distinct().count());
    assertEquals(
        BLOCK * 3 * 4L, layer.values().address() - layer.keys().address(), "keys of a block");
  }

  @Test
  void uncommittedStepLeavesLengths() {
    extend(5, 5).commit();
    extend(3, 3);

    assertArrayEquals(new int[] {5, 5}, cache.lengths());
    assertArrayEquals(new int[] {6, 5}, extend(1, 0).layer(0).visible().lengths());
  }

  @Test
  void stepEndsWithTheNextChange() {
    KvCache.Step first = extend(1, 1);
    KvCache.Layer layer = first.layer(0);
    extend(1, 1);
    assertThrows(IllegalStateException.class, first::commit);
    assertThrows(IllegalStateException.class, layer::keys);

    KvCache.Step committed = extend(1, 1);
    committed.commit();
    assertThrows(IllegalStateException.class, committed::commit);
    KvCache.Step cut = extend(1, 1);
    cache.truncate(0, 0);
    assertThrows(IllegalStateException.class, cut::commit);
  }

  @Test
  void truncationGivesBlocksBack() {
    extend(200, 10).commit();
    assertEquals(5, cache.blocksInUse());

    cache.truncate(0, 65);
    assertEquals(3, cache.blocksInUse());
    assertEquals(65, cache.length(0));
    long bytes = cache.bytes();
    extend(0, 150).commit();
    assertEquals(bytes, cache.bytes(), "the other sequence took them");

    cache.reset();
    assertEquals(0, cache.blocksInUse());
    assertArrayEquals(new int[2], cache.lengths());
    assertThrows(IllegalArgumentException.class, () -> cache.truncate(0, 1));
    assertThrows(IllegalArgumentException.class, () -> cache.truncate(0, -1));
  }

  @Test
  void sequencesAreBounded() {
    extend(1000, 0).commit();

    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> extend(1, 0));
    assertEquals(
        "sequence 0 has 1000 tokens cached and 1 new: more than the cache's 1000", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> extend(0, 0, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> extend(0, 0).layer(2));
  }

  @Test
  void closeFreesAndRefuses() {
    Sequences one = Sequences.of(workspace, 1);
    long before = context.bytes();
    KvCache other = new KvCache(context, 1, 1, 4, 4, 10);
    KvCache.Step step = other.extend(workspace, one);
    KvCache.Layer layer = step.layer(0);
    var keys = layer.keys();
    other.close();
    other.close();

    assertEquals(before, context.bytes());
    assertThrows(IllegalStateException.class, other::bytes);
    assertThrows(IllegalStateException.class, () -> other.extend(workspace, one));
    assertThrows(IllegalStateException.class, () -> other.truncate(0, 0));
    assertThrows(IllegalStateException.class, step::commit);
    assertThrows(IllegalStateException.class, layer::values);
    assertThrows(IllegalStateException.class, () -> keys.get(ValueLayout.JAVA_FLOAT, 0));
  }
}
