package dev.gatun.loader.config;

import java.util.List;

/**
 * Keys of a configuration that were not read.
 *
 * @param harmless keys known to have no influence on an inference result: dropout, versions,
 *     training settings
 * @param unknown the others; one of them may mean that the model computes something that Gatun does
 *     not know of
 */
public record UnreadKeys(List<String> harmless, List<String> unknown) {
  public UnreadKeys {
    harmless = List.copyOf(harmless);
    unknown = List.copyOf(unknown);
  }
}
