package dev.gatun.loader.hub;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Hears how a download goes. Calls come from several threads at once and should return soon; what
 * they throw ends the download.
 */
public interface HubListener {
  /** Hears nothing. */
  HubListener NONE = new HubListener() {};

  /** The files of this revision are about to be looked at. */
  default void started(String model, String commit, int files) {}

  /** The transfer of a file begins. {@code size} is -1 if the hub does not say. */
  default void fileStarted(String file, long size) {}

  /** {@code done} bytes of a file are here; less than before if it had to begin again. */
  default void fileProgressed(String file, long done, long size) {}

  /** Another process is downloading the file. Told when the wait begins, then every 10 seconds. */
  default void fileWaiting(String file, Duration waited) {}

  /** A request failed and will be tried again after {@code wait}. */
  default void retrying(String what, int attempt, Duration wait, String reason) {}

  /**
   * A file is in the cache.
   *
   * @param transferred false if it was there already
   */
  default void fileFinished(String file, Path path, boolean transferred) {}
}
