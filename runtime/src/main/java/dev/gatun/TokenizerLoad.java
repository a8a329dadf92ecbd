package dev.gatun;

import dev.gatun.tokenizers.Tokenizer;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A tokenizer that is being loaded beside its model: in a fresh JVM each takes about as long. */
final class TokenizerLoad {
  private final FutureTask<Tokenizer> task;

  private TokenizerLoad(FutureTask<Tokenizer> task) {
    this.task = task;
  }

  static TokenizerLoad begin(Callable<Tokenizer> load) {
    var task = new FutureTask<>(load);
    Thread.ofPlatform().daemon().name("gatun-tokenizer").start(task);
    return new TokenizerLoad(task);
  }

  /** The tokenizer, or what loading it threw. */
  Tokenizer await() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true; // loading ends soon
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        default -> throw new IllegalStateException(e.getCause());
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Closes the tokenizer, because of this failure of something else. */
  void discard(Throwable failure) {
    try {
      await().close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
