package dev.gatun.loader;

/** What to do about a head that the checkpoint does not have. */
public enum MissingHead {
  /** Refuse to load: there is no number to compute with. */
  REFUSE,
  /**
   * Load the rest; the absent weights are listed in the {@link LoadReport} and asking for one is an
   * error.
   */
  ALLOW
}
