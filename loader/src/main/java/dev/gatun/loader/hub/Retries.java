package dev.gatun.loader.hub;

import java.io.IOException;
import java.time.Duration;

/** Tries again, later each time, what failed in a way that may pass. */
final class Retries {
  private static final int RETRIES_WITHOUT_CONNECTION = 2;

  private final HubSettings settings;
  private final HubListener listener;

  /** Something that may fail. */
  interface Attempt<T> {
    T run() throws IOException, InterruptedException;
  }

  Retries(HubSettings settings, HubListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Runs until it succeeds or has been retried often enough.
   *
   * @throws HubException the last failure's
   */
  <T> T run(String what, Attempt<T> attempt) {
    for (int failures = 0; ; ) {
      try {
        return attempt.run();
      } catch (TransientFailure e) {
        pause(what, ++failures, e);
      } catch (IOException e) {
        throw new HubException.BadResponse(what + ": " + HubHttp.reason(e), e);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  /**
   * Waits before retry number {@code failures}.
   *
   * @throws HubException if there is none
   */
  void pause(String what, int failures, TransientFailure failure) {
    Duration asked = failure.retryAfter().orElse(Duration.ZERO);
    int retries =
        failure.neverConnected()
            ? Math.min(RETRIES_WITHOUT_CONNECTION, settings.retries())
            : settings.retries();
    if (failures > retries || asked.compareTo(settings.longestWait()) > 0) {
      throw failure.permanent();
    }
    Duration own = settings.backoff(failures);
    Duration wait = asked.compareTo(own) > 0 ? asked : own;
    listener.retrying(what, failures, wait, failure.getMessage());
    try {
      Thread.sleep(wait);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  static HubException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new HubException.Interrupted(e);
  }
}
