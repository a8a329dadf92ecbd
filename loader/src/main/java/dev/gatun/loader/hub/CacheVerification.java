package dev.gatun.loader.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Compares a cached model with what its names promise. */
final class CacheVerification {
  private static final String ADVICE = "; delete it and download again";

  private final Path cache;
  private final CachedModel model;
  private final List<String> problems = new ArrayList<>();

  CacheVerification(Path cache, CachedModel model) {
    this.cache = cache;
    this.model = model;
  }

  List<String> problems() throws IOException {
    for (Path blob : HubCache.children(model.folder().resolve("blobs"))) {
      blob(blob);
    }
    Path snapshots = model.folder().resolve("snapshots");
    for (Path link : HubCache.links(snapshots)) {
      link(link);
    }
    Path refs = model.folder().resolve("refs");
    for (Path ref : HubCache.files(refs)) {
      boolean holdsCommit = RepositoryCache.readRef(ref).isPresent();
      if (!holdsCommit) {
        problems.add(ref + " does not hold a commit" + ADVICE);
      }
    }
    for (CachedModel.Revision revision : model.revisions()) {
      if (!SafeNames.isCommit(revision.commit())) {
        problems.add(snapshots.resolve(revision.commit()) + " is not named after a commit");
      }
    }
    return problems;
  }

  private void blob(Path blob) throws IOException {
    String name = blob.getFileName().toString();
    if (name.endsWith(".incomplete")) {
      // A newer one may be that of a download which is going on.
      if (RepositoryCache.isAbandoned(blob)) {
        problems.add(blob + " is left of a download that did not end; the next one removes it");
      }
    } else if (!Files.isRegularFile(blob)) {
      problems.add(blob + " is not a file, or a link to one that is gone" + ADVICE);
    } else if (isOutside(blob)) {
      problems.add(blob + " is a link that leaves the cache");
    } else if (!ContentCheck.matches(blob, name)) {
      problems.add(blob + " has another content than its name says" + ADVICE);
    }
  }

  private void link(Path link) throws IOException {
    if (!Files.exists(link)) {
      problems.add(link + " points to nothing" + ADVICE);
    } else if (isOutside(link)) {
      problems.add(link + " leaves the cache");
    }
  }

  private boolean isOutside(Path path) throws IOException {
    return !path.toRealPath().startsWith(cache.toRealPath())
        && !path.toRealPath().startsWith(model.folder().toRealPath());
  }
}
