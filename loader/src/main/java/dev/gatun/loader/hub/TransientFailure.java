package dev.gatun.loader.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.Optional;

/** A failure that may be gone on the next try. */
final class TransientFailure extends IOException {
  private static final long serialVersionUID = 1L;

  /** What it will be called if it stays. */
  enum Kind {
    CONNECTION,
    TIMEOUT,
    RATE_LIMIT,
    SERVER,
    CONTENT
  }

  private final Kind kind;
  private final transient Duration retryAfter;

  TransientFailure(Kind kind, String message, Throwable cause) {
    this(kind, message, cause, null);
  }

  TransientFailure(Kind kind, String message, Throwable cause, Duration retryAfter) {
    super(message, cause);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }

  Kind kind() {
    return kind;
  }

  /** How long the server asks to wait. */
  Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  /** Whether there was not even a connection: then there is most likely no network. */
  boolean neverConnected() {
    return getCause() instanceof ConnectException
        || getCause() instanceof HttpConnectTimeoutException;
  }

  /** This failure, when there is no further try. */
  HubException permanent() {
    String advice = getMessage() + ". ";
    return switch (kind) {
      case CONNECTION ->
          new HubException.Unreachable(
              advice
                  + "Check the network, HF_ENDPOINT and the JVM's proxy (-Dhttps.proxyHost,"
                  + " -Dhttps.proxyPort); HF_HUB_OFFLINE=1 uses the cache alone",
              getCause());
      case TIMEOUT ->
          new HubException.Timeout(
              advice
                  + "Try again, or raise HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT (seconds)",
              getCause());
      case RATE_LIMIT ->
          new HubException.RateLimited(
              advice + "Try again later; with a token in HF_TOKEN the hub allows more", getCause());
      case SERVER ->
          new HubException.ServerFailure(
              advice + "The hub has a problem of its own: try again later", getCause());
      case CONTENT ->
          new HubException.BadResponse(
              advice + "Something between here and the hub changes what is sent", getCause());
    };
  }
}
