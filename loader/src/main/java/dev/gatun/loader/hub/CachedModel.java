package dev.gatun.loader.hub;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * A model in the cache.
 *
 * @param id as it was typed when it was downloaded
 * @param folder its folder
 * @param bytes on disk, what several revisions share counted once
 * @param revisions by commit
 */
public record CachedModel(String id, Path folder, long bytes, List<Revision> revisions) {
  public CachedModel {
    revisions = List.copyOf(revisions);
  }

  /**
   * A commit of it.
   *
   * @param refs branches and tags that were at this commit when last asked
   * @param files how many
   * @param bytes of these files
   * @param downloaded when its newest file came
   */
  public record Revision(
      String commit, List<String> refs, int files, long bytes, Instant downloaded) {
    public Revision {
      refs = List.copyOf(refs);
    }
  }
}
