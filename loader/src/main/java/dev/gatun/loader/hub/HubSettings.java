package dev.gatun.loader.hub;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Everything a download depends on.
 *
 * @param endpoint the hub, without a slash at its end
 * @param token sent to {@code endpoint} and nowhere else
 * @param offline whether every request is refused
 * @param cache the cache directory, absolute
 * @param links whether snapshots may hold links to blobs
 * @param answerTimeout longest wait for a connection or the headers of an answer
 * @param stallTimeout longest wait for the next bytes of a body
 * @param slowWindow a body that brings less than a kilobyte a second on average over this time is
 *     given up
 * @param retries how often a failed request or transfer is tried again
 * @param firstWait before the first retry; doubles with each, up to eight times this
 * @param longestWait a hub that asks for more patience is not waited for
 * @param parallel files that are transferred at once
 */
record HubSettings(
    URI endpoint,
    Optional<HubToken> token,
    boolean offline,
    Path cache,
    boolean links,
    Duration answerTimeout,
    Duration stallTimeout,
    Duration slowWindow,
    int retries,
    Duration firstWait,
    Duration longestWait,
    int parallel) {

  static HubSettings of(HubEnvironment environment) {
    return new HubSettings(
        environment.endpoint(),
        environment.token(),
        environment.isOffline(),
        environment.cacheDirectory().toAbsolutePath().normalize(),
        environment.mayLink(),
        environment.etagTimeout(),
        environment.downloadTimeout(),
        Duration.ofSeconds(60),
        5,
        Duration.ofSeconds(1),
        Duration.ofMinutes(5),
        8);
  }

  /** The wait before retry number {@code attempt}, counted from 1. */
  Duration backoff(int attempt) {
    return firstWait.multipliedBy(1L << Math.min(attempt - 1, 3));
  }

  HubSettings withRetries(int count) {
    return new HubSettings(
        endpoint,
        token,
        offline,
        cache,
        links,
        answerTimeout,
        stallTimeout,
        slowWindow,
        count,
        firstWait,
        longestWait,
        parallel);
  }
}
