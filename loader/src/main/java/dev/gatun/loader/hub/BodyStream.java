package dev.gatun.loader.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The body of an answer, pulled with a limit on every wait and on the slowness of the whole. The
 * JDK's own streams wait for ever: a request's timeout ends with the headers. Never more than a few
 * buffers are held.
 */
final class BodyStream implements BodySubscriber<BodyStream>, AutoCloseable {
  private static final int AHEAD = 8;
  private static final int SLOWEST_BYTES_PER_SECOND = 1024;
  private static final Object END = new Object();

  private final Duration stallTimeout;
  private final Duration slowWindow;
  private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
  private final ArrayDeque<ByteBuffer> ready = new ArrayDeque<>();
  private final CompletableFuture<Flow.Subscription> subscribed = new CompletableFuture<>();
  private boolean ended;
  private long windowStart = System.nanoTime();
  private long windowBytes;

  BodyStream(Duration stallTimeout, Duration slowWindow) {
    this.stallTimeout = stallTimeout;
    this.slowWindow = slowWindow;
  }

  /**
   * The next bytes; null at the end.
   *
   * @throws TransientFailure if they do not come, or come too slowly
   */
  ByteBuffer next() throws IOException, InterruptedException {
    while (ready.isEmpty()) {
      if (ended) {
        return null;
      }
      Object event = events.poll(stallTimeout.toMillis(), TimeUnit.MILLISECONDS);
      if (event == null) {
        throw slow("nothing came for " + words(stallTimeout));
      }
      if (event == END) {
        ended = true;
      } else if (event instanceof Throwable failure) {
        ended = true;
        throw new TransientFailure(
            TransientFailure.Kind.CONNECTION,
            "the connection broke (" + HubHttp.reason(failure) + ")",
            failure);
      } else {
        for (Object buffer : (List<?>) event) {
          ready.add((ByteBuffer) buffer);
        }
        subscribed.join().request(1);
      }
    }
    ByteBuffer buffer = ready.poll();
    watchSpeed(buffer.remaining());
    return buffer;
  }

  /** The whole body, if it has at most {@code limit} bytes; null if it has more. */
  byte[] readAtMost(int limit) throws IOException, InterruptedException {
    var bytes = new ByteArrayOutputStream();
    for (ByteBuffer buffer = next(); buffer != null; buffer = next()) {
      if (buffer.remaining() > limit - bytes.size()) {
        return null;
      }
      byte[] chunk = new byte[buffer.remaining()];
      buffer.get(chunk);
      bytes.write(chunk, 0, chunk.length);
    }
    return bytes.toByteArray();
  }

  /** A server that sends a byte now and then would hold a download for ever. */
  private void watchSpeed(int bytes) throws IOException {
    windowBytes += bytes;
    long now = System.nanoTime();
    long elapsed = now - windowStart;
    if (elapsed < slowWindow.toNanos()) {
      return;
    }
    if (windowBytes < SLOWEST_BYTES_PER_SECOND * (elapsed / 1e9)) {
      throw slow("only " + windowBytes + " bytes came in " + words(Duration.ofNanos(elapsed)));
    }
    windowStart = now;
    windowBytes = 0;
  }

  private TransientFailure slow(String what) {
    close();
    return new TransientFailure(TransientFailure.Kind.TIMEOUT, what, null);
  }

  private static String words(Duration duration) {
    return duration.toMillis() < 1000 ? duration.toMillis() + " ms" : duration.toSeconds() + " s";
  }

  /** Ends the transfer. A body that is neither read to its end nor closed keeps its connection. */
  @Override
  public void close() {
    ended = true;
    ready.clear();
    subscribed.thenAccept(Flow.Subscription::cancel);
  }

  @Override
  public CompletionStage<BodyStream> getBody() {
    return CompletableFuture.completedStage(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    subscription.request(AHEAD);
    subscribed.complete(subscription);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    events.add(buffers);
  }

  @Override
  public void onError(Throwable failure) {
    events.add(failure);
  }

  @Override
  public void onComplete() {
    events.add(END);
  }
}
