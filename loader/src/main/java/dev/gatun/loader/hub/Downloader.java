package dev.gatun.loader.hub;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Files of one commit into the cache, several at once, each transferred by one process alone. */
final class Downloader {
  private final HubClient client;
  private final HubListener listener;
  private final ModelRequest request;
  private final RepositoryCache cache;

  /**
   * @param request with a commit as its revision
   */
  Downloader(HubClient client, HubListener listener, ModelRequest request, RepositoryCache cache) {
    this.client = client;
    this.listener = listener;
    this.request = request;
    this.cache = cache;
  }

  /**
   * Brings all files into the snapshot. On the first failure the others are broken off.
   *
   * @throws HubException the first failure
   */
  void download(Collection<String> files) {
    List<String> absent = new ArrayList<>();
    for (String file : files) {
      Path pointer = cache.pointer(request.revision(), file);
      if (Files.isRegularFile(pointer)) {
        listener.fileFinished(file, pointer, false);
      } else {
        absent.add(file);
      }
    }
    if (absent.isEmpty()) {
      return;
    }
    int threads = Math.min(absent.size(), client.settings().parallel());
    ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("gatun-download-", 0).factory());
    try {
      var running = new ExecutorCompletionService<Void>(pool);
      for (String file : absent) {
        running.submit(() -> download(file), null);
      }
      for (int i = 0; i < absent.size(); i++) {
        Future<Void> finished = running.take();
        finished.get();
      }
    } catch (InterruptedException e) {
      throw Retries.interrupted(e);
    } catch (CancellationException e) {
      throw new HubException.Interrupted(e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        default -> throw new IllegalStateException(e.getCause());
      }
    } finally {
      pool.shutdownNow();
      pool.close();
    }
  }

  private void download(String file) {
    try {
      FileMetadata metadata = client.metadata(request, file);
      if (!metadata.commit().equals(request.revision())) {
        throw new HubException.BadResponse(
            "asked for "
                + Text.quote(file)
                + " at commit "
                + request.revision()
                + ", the hub answers for "
                + metadata.commit()
                + ". Check HF_ENDPOINT",
            null);
      }
      listener.fileFinished(
          file, cache.pointer(request.revision(), file), underLock(file, metadata));
    } catch (IOException e) {
      throw cacheFailure(file, e);
    } catch (InterruptedException e) {
      throw Retries.interrupted(e);
    }
  }

  /** Whether this process made the transfer. */
  private boolean underLock(String file, FileMetadata metadata)
      throws IOException, InterruptedException {
    String etag = metadata.etag();
    Path pointer = cache.pointer(request.revision(), file);
    Path blob = cache.blob(etag);
    try (CacheLock _ =
        CacheLock.acquire(cache.lock(etag), waited -> listener.fileWaiting(file, waited))) {
      if (Files.isRegularFile(pointer)) {
        return false;
      }
      boolean present = Files.isRegularFile(blob);
      if (!present) {
        checkSpace(blob.getParent(), file, metadata.size());
        Path temporary = cache.temporary(etag);
        // Ctrl-C too leaves nothing behind.
        temporary.toFile().deleteOnExit();
        try {
          FileTransfer.run(client, listener, request, file, metadata, temporary);
          RepositoryCache.move(temporary, blob);
        } finally {
          Files.deleteIfExists(temporary);
        }
      }
      cache.point(request.revision(), file, etag, !present);
      return !present;
    }
  }

  private static void checkSpace(Path directory, String file, long size) throws IOException {
    long free = Files.getFileStore(directory).getUsableSpace();
    if (free > 0 && size > free) {
      throw new HubException.CacheFailure(
          Text.quote(file)
              + " needs "
              + size
              + " bytes, and "
              + directory
              + " has "
              + free
              + " free. Make room (gatun cache rm) or set HF_HUB_CACHE to a larger disk",
          null);
    }
  }

  static HubException cacheFailure(String what, IOException e) {
    return new HubException.CacheFailure(
        what
            + " cannot be put into the cache: "
            + StrictJson.reason(e)
            + ". Check space and permissions, or set HF_HUB_CACHE to another directory",
        e);
  }
}
