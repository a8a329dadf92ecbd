package dev.gatun.loader.hub;

import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** One model on its way into the cache. */
final class ModelDownload {
  private final HubClient client;
  private final HubListener listener;
  private final ModelRequest request;
  private final RepositoryCache cache;

  ModelDownload(HubClient client, HubListener listener, ModelRequest request) {
    this.client = client;
    this.listener = listener;
    this.request = request;
    this.cache =
        new RepositoryCache(client.settings().cache(), request.model(), client.settings().links());
  }

  Path run() {
    RepositoryListing listing = client.listing(request);
    Set<String> names = listing.files();
    checkWeights(names);
    var files = new LinkedHashSet<String>();
    var absent = new LinkedHashSet<String>();
    sort(names, ModelFiles.ROOT.files(), files, absent);
    sort(names, List.of(ModelFiles.MODULES), files, absent);
    Downloader downloader = begin(listing);
    try {
      var weights = new ArrayList<String>();
      var folders = new ArrayList<ModelFiles.Folder>();
      if (names.contains(ModelFiles.MODULES)) {
        downloader.download(List.of(ModelFiles.MODULES));
        folders.addAll(ModelFiles.folders(content(listing, ModelFiles.MODULES)));
      }
      for (ModelFiles.Folder folder : folders) {
        sort(names, folder.files(), files, absent);
      }
      boolean plain = !names.contains(ModelFiles.MODULES);
      boolean own = names.contains(ModelFiles.WEIGHTS) || names.contains(ModelFiles.INDEX);
      if (plain || own && folders.stream().noneMatch(f -> f.path().isEmpty())) {
        folders.addFirst(ModelFiles.ROOT);
      }
      for (ModelFiles.Folder folder : folders) {
        if (folder.hasWeights()) {
          weights.addAll(weights(folder, listing, downloader));
        }
      }
      listener.started(request.model(), listing.commit(), files.size() + weights.size());
      // Weights last: a snapshot that has them has all the small files they go with.
      downloader.download(files);
      absent.forEach(file -> remember(listing.commit(), file));
      downloader.download(weights);
    } catch (IOException e) {
      throw Downloader.cacheFailure(request.model(), e);
    }
    return cache.snapshot(listing.commit());
  }

  private void remember(String commit, String absent) {
    try {
      cache.writeAbsent(commit, absent);
    } catch (IOException e) {
      // Then the hub is asked again next time.
    }
  }

  Path run(Globs globs, Collection<String> include) {
    RepositoryListing listing = client.listing(request);
    List<String> files = listing.files().stream().filter(globs::match).toList();
    if (files.isEmpty()) {
      throw new HubException.FileNotFound(
          Text.quote(request.model())
              + " has no file like "
              + String.join(", ", include)
              + "; it has "
              + String.join(", ", listing.files().stream().limit(20).toList()),
          listing.commit());
    }
    Downloader downloader = begin(listing);
    listener.started(request.model(), listing.commit(), files.size());
    downloader.download(files);
    return cache.snapshot(listing.commit());
  }

  /** The folders, the note of what the revision is, and who downloads at that commit. */
  Downloader begin(RepositoryListing listing) {
    try {
      cache.prepare();
      cache.writeRef(request.revision(), listing.commit());
    } catch (IOException e) {
      // A cache that may only be read is good enough for what it has.
      if (!Files.isDirectory(cache.snapshot(listing.commit()))) {
        throw Downloader.cacheFailure(request.model(), e);
      }
    }
    var atCommit = new ModelRequest(request.model(), listing.commit());
    return new Downloader(client, listener, atCommit, cache);
  }

  RepositoryCache cache() {
    return cache;
  }

  byte[] content(RepositoryListing listing, String file) throws IOException {
    return SnapshotState.read(cache.pointer(listing.commit(), file));
  }

  /** The weight files of a folder; what is not a shard is found missing before any transfer. */
  List<String> weights(ModelFiles.Folder folder, RepositoryListing listing, Downloader downloader)
      throws IOException {
    Set<String> names = listing.files();
    String single = folder.file(ModelFiles.WEIGHTS);
    if (names.contains(single)) {
      return List.of(single);
    }
    String index = folder.file(ModelFiles.INDEX);
    if (!names.contains(index)) {
      throw ModelFiles.noSafetensors(request, folder, names);
    }
    downloader.download(List.of(index));
    List<String> shards = ModelFiles.shards(folder, content(listing, index));
    for (String shard : shards) {
      if (!names.contains(shard)) {
        throw new HubException.FileNotFound(
            index
                + " of "
                + Text.quote(request.model())
                + " names the shard "
                + Text.quote(shard)
                + ", which the model does not have. Use another revision",
            listing.commit());
      }
    }
    return shards;
  }

  private void checkWeights(Set<String> names) {
    boolean modules = names.contains(ModelFiles.MODULES);
    if (!modules && !names.contains(ModelFiles.CONFIG)) {
      throw new HubException.FileNotFound(
          Text.quote(request.model())
              + " has no "
              + ModelFiles.CONFIG
              + " at "
              + Text.quote(request.revision())
              + ": it is not a transformers model",
          null);
    }
    if (!modules && !names.contains(ModelFiles.WEIGHTS) && !names.contains(ModelFiles.INDEX)) {
      throw ModelFiles.noSafetensors(request, ModelFiles.ROOT, names);
    }
  }

  private static void sort(
      Set<String> names, List<String> wanted, Set<String> files, Set<String> absent) {
    for (String file : wanted) {
      (names.contains(file) ? files : absent).add(file);
    }
  }
}
