package dev.gatun.runtime.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.runtime.embedding.MicroBatcher.Item;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MicroBatcherTest {
  private static final int POISON = -1;

  /** The ids of each batch that ran. */
  private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());

  /** Holds up the first batch, so that others have to wait for it. */
  private final CountDownLatch started = new CountDownLatch(1);

  private final CountDownLatch go = new CountDownLatch(1);

  /** A vector is the text's first id. */
  private float[][] forward(List<Item> batch) {
    List<Integer> ids = batch.stream().map(MicroBatcherTest::id).toList();
    batches.add(ids);
    if (ids.contains(POISON)) {
      throw new IllegalArgumentException("a bad text");
    }
    return ids.stream().map(id -> new float[] {id}).toArray(float[][]::new);
  }

  private float[][] heldForward(List<Item> batch) {
    started.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return forward(batch);
  }

  private static int id(Item item) {
    return item.ids().length == 0 ? 0 : item.ids()[0];
  }

  private static Item item(int id, int length) {
    var ids = new int[length];
    Arrays.fill(ids, id);
    return new Item(ids, 0);
  }

  private static List<Item> items(int... ids) {
    return Arrays.stream(ids).mapToObj(id -> item(id, 2)).toList();
  }

  private static <T> FutureTask<T> start(Callable<T> work) {
    var task = new FutureTask<>(work);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  private static Thread startWaiting(Runnable work) throws InterruptedException {
    Thread thread = Thread.ofPlatform().daemon().start(work);
    await(() -> thread.getState() == Thread.State.WAITING);
    return thread;
  }

  @Test
  void aLoneCallersTextsFillBatchesInTheirOrder() {
    var batcher = new MicroBatcher(5, this::forward);
    float[][] vectors =
        batcher.run(List.of(item(1, 2), item(2, 3), item(3, 9), item(4, 0), item(5, 4)));
    assertArrayEquals(new float[][] {{1}, {2}, {3}, {0}, {5}}, vectors);
    assertEquals(List.of(List.of(1, 2), List.of(3), List.of(0, 5)), batches);
    assertEquals(0, batcher.run(List.of()).length);
  }

  @Test
  void emptyTextsFillABatchToo() {
    var batcher = new MicroBatcher(3, this::forward);
    batcher.run(Collections.nCopies(7, item(0, 0)));
    assertTrue(batches.size() > 1, batches::toString);
  }

  @Test
  void waitingCallersTakeTurnsInTheNextBatch() throws Exception {
    var batcher = new MicroBatcher(8, this::heldForward);
    Future<float[][]> first = start(() -> batcher.run(items(1)));
    started.await();
    var results = new float[3][][];
    var threads = new ArrayList<Thread>();
    for (int c = 0; c < 3; c++) {
      int caller = c;
      int[] ids = {10 * (c + 1), 10 * (c + 1) + 1, 10 * (c + 1) + 2};
      threads.add(startWaiting(() -> results[caller] = batcher.run(items(ids))));
    }
    go.countDown();
    assertArrayEquals(new float[][] {{1}}, first.get());
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(
        List.of(List.of(1), List.of(10, 20, 30, 11), List.of(21, 31, 12, 22), List.of(32)),
        batches);
    assertArrayEquals(new float[][] {{20}, {21}, {22}}, results[1]);
  }

  @Test
  void anErrorMeetsOnlyTheCallerWhoseTextItIs() throws Exception {
    var batcher = new MicroBatcher(100, this::heldForward);
    Future<float[][]> first = start(() -> batcher.run(items(1)));
    started.await();
    Future<float[][]> bad = start(() -> batcher.run(items(2, POISON, 3)));
    Future<float[][]> good = start(() -> batcher.run(items(4, 5)));
    Thread.sleep(50);
    go.countDown();
    assertArrayEquals(new float[][] {{1}}, first.get());
    assertArrayEquals(new float[][] {{4}, {5}}, good.get());
    ExecutionException e = assertThrows(ExecutionException.class, bad::get);
    assertEquals("a bad text", assertInstanceOf(Throwable.class, e.getCause()).getMessage());
    assertArrayEquals(new float[][] {{6}}, batcher.run(items(6)));
  }

  @Test
  void errorsOfTheMachineArePassedOnAsTheyAre() {
    var error = new StackOverflowError();
    var batcher =
        new MicroBatcher(
            1,
            _ -> {
              throw error;
            });
    assertSame(error, assertThrows(StackOverflowError.class, () -> batcher.run(items(1, 2))));
  }

  @Test
  void anInterruptedWaiterLeavesWithItsTexts() throws Exception {
    var batcher = new MicroBatcher(100, this::heldForward);
    Future<float[][]> first = start(() -> batcher.run(items(1)));
    started.await();
    var interrupted = new boolean[1];
    var thrown = new Throwable[1];
    Thread waiter =
        startWaiting(
            () -> {
              thrown[0] = assertThrows(CancellationException.class, () -> batcher.run(items(2, 3)));
              interrupted[0] = Thread.currentThread().isInterrupted();
            });
    waiter.interrupt();
    waiter.join();
    assertTrue(interrupted[0]);
    assertEquals("interrupted after 0 of 2 texts", thrown[0].getMessage());
    go.countDown();
    first.get();
    assertArrayEquals(new float[][] {{4}}, batcher.run(items(4)));
    assertEquals(List.of(List.of(1), List.of(4)), batches);
  }

  @Test
  void anInterruptedRunnerStopsBetweenBatches() throws Exception {
    var batcher =
        new MicroBatcher(
            2,
            batch -> {
              Thread.currentThread().interrupt();
              return forward(batch);
            });
    Future<Boolean> stays =
        start(
            () -> {
              var e = assertThrows(CancellationException.class, () -> batcher.run(items(1, 2, 3)));
              assertEquals("interrupted after 1 of 3 texts", e.getMessage());
              return Thread.currentThread().isInterrupted();
            });
    assertTrue(stays.get());
    assertEquals(1, batches.size());
  }

  @Test
  void manyVirtualThreadsGetTheirOwnVectors() throws Exception {
    var batcher = new MicroBatcher(64, this::forward);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var futures = new ArrayList<Future<float[][]>>();
      for (int c = 0; c < 1_000; c++) {
        int id = c + 1;
        futures.add(threads.submit(() -> batcher.run(items(id, id + 10_000))));
      }
      for (int c = 0; c < 1_000; c++) {
        assertArrayEquals(
            new float[][] {{c + 1}, {c + 10_001}}, futures.get(c).get(30, TimeUnit.SECONDS));
      }
      threads.shutdown();
      assertTrue(threads.awaitTermination(Duration.ofSeconds(30).toSeconds(), TimeUnit.SECONDS));
    }
    assertEquals(2_000, batches.stream().mapToInt(List::size).sum());
    assertFalse(batches.stream().anyMatch(batch -> batch.size() > 32));
  }
}
