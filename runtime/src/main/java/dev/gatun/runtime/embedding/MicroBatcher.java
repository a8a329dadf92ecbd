package dev.gatun.runtime.embedding;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Joins the texts of concurrent callers into batches: while one batch runs, whatever arrives waits,
 * and the next batch takes a text of each waiting caller in turn until the budget is full. There is
 * no thread of its own; the callers take turns in running batches, those of others included. A lone
 * caller never waits.
 */
public final class MicroBatcher {

  /**
   * A tokenized text.
   *
   * @param ids token ids
   * @param masked leading tokens that are not pooled
   */
  public record Item(int[] ids, int masked) {}

  /** One caller's texts and how far they are. Guarded by the lock. */
  private static final class Call {
    final List<Item> items;
    final float[][] vectors;
    int taken;
    int done;
    Throwable failure;

    Call(List<Item> items) {
      this.items = items;
      this.vectors = new float[items.size()][];
    }

    boolean finished() {
      return done == vectors.length || failure != null;
    }
  }

  /** Text {@code index} of a call, in a batch. */
  private record Place(Call call, int index) {
    Item item() {
      return call.items.get(index);
    }
  }

  private final Function<List<Item>, float[][]> forward;
  private final int tokenBudget;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Calls with texts that no batch has taken yet. */
  private final Deque<Call> waiting = new ArrayDeque<>();

  private boolean running;

  /**
   * @param tokenBudget most tokens of a batch; a longer text is a batch of its own
   * @param forward runs one batch: a vector per item
   */
  public MicroBatcher(int tokenBudget, Function<List<Item>, float[][]> forward) {
    this.tokenBudget = tokenBudget;
    this.forward = forward;
  }

  /**
   * The vectors of these texts, in their order. An error meets only the caller whose text it comes
   * from.
   *
   * @throws CancellationException if the thread is interrupted before all are done; it stays
   *     interrupted
   */
  public float[][] run(List<Item> items) {
    var call = new Call(items);
    lock.lock();
    try {
      if (!items.isEmpty()) {
        waiting.addLast(call);
      }
      while (!call.finished()) {
        if (running) {
          changed.await();
        } else if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedException();
        } else {
          runNext();
        }
      }
    } catch (InterruptedException e) {
      waiting.remove(call);
      Thread.currentThread().interrupt();
      var cancelled =
          new CancellationException(
              "interrupted after %d of %d texts".formatted(call.done, call.vectors.length));
      cancelled.initCause(e);
      throw cancelled;
    } finally {
      lock.unlock();
    }
    if (call.failure instanceof RuntimeException e) {
      throw e;
    }
    if (call.failure instanceof Error e) {
      throw e;
    }
    return call.vectors;
  }

  /** Runs one batch, with the lock given up meanwhile. */
  private void runNext() {
    List<Place> batch = take();
    running = true;
    lock.unlock();
    try {
      compute(batch);
    } finally {
      lock.lock();
      running = false;
      changed.signalAll();
    }
  }

  /** One text of each waiting call in turn, until the budget is full. */
  private List<Place> take() {
    List<Place> batch = new ArrayList<>();
    long tokens = 0;
    while (!waiting.isEmpty()) {
      Call call = waiting.peekFirst();
      int length = call.items.get(call.taken).ids().length;
      if (!batch.isEmpty() && tokens + length > tokenBudget) {
        break;
      }
      waiting.removeFirst();
      batch.add(new Place(call, call.taken++));
      // an empty text is work too: a batch must end
      tokens += Math.max(length, 1);
      if (call.taken < call.items.size()) {
        waiting.addLast(call);
      }
    }
    return batch;
  }

  private void compute(List<Place> batch) {
    try {
      float[][] vectors = forward.apply(batch.stream().map(Place::item).toList());
      finish(batch, vectors, null);
    } catch (RuntimeException | Error e) {
      List<Call> calls = batch.stream().map(Place::call).distinct().toList();
      if (calls.size() == 1) {
        finish(batch, null, e);
        return;
      }
      // whose text it was is not known: each caller's by itself
      for (Call call : calls) {
        compute(batch.stream().filter(place -> place.call() == call).toList());
      }
    }
  }

  private void finish(List<Place> batch, float[][] vectors, Throwable failure) {
    lock.lock();
    try {
      for (int i = 0; i < batch.size(); i++) {
        Call call = batch.get(i).call();
        if (failure == null) {
          call.vectors[batch.get(i).index()] = vectors[i];
          call.done++;
        } else {
          call.failure = failure;
          waiting.remove(call);
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
