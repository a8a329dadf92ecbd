package dev.gatun.loader.hub;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import dev.gatun.loader.safetensors.SafetensorsHeader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a model on the hub is, from its configuration and the first bytes of its weights. */
final class RemoteInspection {
  /** Longest header that is fetched, as in the Python client. */
  static final int LONGEST_HEADER = 25_000_000;

  private static final int MOST_SHARDS = 1000;

  private final HubClient client;
  private final HubListener listener;
  private final ModelRequest request;

  RemoteInspection(HubClient client, HubListener listener, ModelRequest request) {
    this.client = client;
    this.listener = listener;
    this.request = request;
  }

  ModelLocation.RemoteModel run() {
    var download = new ModelDownload(client, listener, request);
    RepositoryListing listing = client.listing(request);
    Set<String> names = listing.files();
    if (!names.contains(ModelFiles.CONFIG)) {
      throw new HubException.FileNotFound(
          Text.quote(request.model()) + " has no config.json: it is not a transformers model",
          listing.commit());
    }
    Downloader downloader = download.begin(listing);
    downloader.download(List.of(ModelFiles.CONFIG));
    Path snapshot = download.cache().snapshot(listing.commit());
    var found = new ModelLocation.CachedSnapshot(snapshot, request.model(), listing.commit());
    try {
      List<String> weights = download.weights(ModelFiles.ROOT, listing, downloader);
      return new ModelLocation.RemoteModel(
          found, Optional.of(Checkpoint.ofHeaders(headers(listing.commit(), weights))), "");
    } catch (HubException.NoSafetensors e) {
      return new ModelLocation.RemoteModel(found, Optional.empty(), e.getMessage());
    } catch (IOException e) {
      throw Downloader.cacheFailure(request.model(), e);
    }
  }

  private Map<Path, SafetensorsHeader> headers(String commit, List<String> files) {
    if (files.size() > MOST_SHARDS) {
      throw new HubException.BadResponse(
          Text.quote(request.model()) + " has more than " + MOST_SHARDS + " shards", null);
    }
    var atCommit = new ModelRequest(request.model(), commit);
    Map<Path, SafetensorsHeader> headers = new LinkedHashMap<>();
    for (String file : files) {
      Path name = Path.of(request.model(), file);
      headers.put(name, client.retries().run(file, () -> header(atCommit, file, name)));
    }
    return headers;
  }

  /** Its length, then itself: a guess at the length would fetch a small model's weights as well. */
  private SafetensorsHeader header(ModelRequest atCommit, String file, Path name)
      throws IOException, InterruptedException {
    Part first = range(atCommit, file, null, 0, Long.BYTES);
    if (first.bytes().length < Long.BYTES) {
      throw new SafetensorsException(
          Kind.HEADER_TOO_SMALL, name, "has " + first.bytes().length + " bytes");
    }
    long length = ByteBuffer.wrap(first.bytes()).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (Long.compareUnsigned(length, LONGEST_HEADER) > 0) {
      throw new SafetensorsException(
          Kind.HEADER_TOO_LARGE,
          name,
          "claims a header of "
              + Long.toUnsignedString(length)
              + " bytes; over the network the limit is "
              + LONGEST_HEADER);
    }
    int end = Long.BYTES + (int) length;
    if (end > first.fileSize()) {
      throw new SafetensorsException(
          Kind.INVALID_HEADER_LENGTH,
          name,
          "claims a header of " + length + " bytes, but has only " + first.fileSize());
    }
    byte[] header =
        length == 0
            ? new byte[0]
            : range(atCommit, file, first.location(), Long.BYTES, end).bytes();
    return SafetensorsHeader.of(name, header, first.fileSize());
  }

  private record Part(byte[] bytes, long fileSize, URI location) {}

  /**
   * Bytes {@code from} to {@code to} of a file, fewer only where it ends.
   *
   * @param location where another part of it came from; null asks the hub
   */
  private Part range(ModelRequest atCommit, String file, URI location, int from, int to)
      throws IOException, InterruptedException {
    HttpResponse<BodyStream> response =
        client.content(atCommit, file, location, "bytes=" + from + "-" + (to - 1));
    try (BodyStream body = response.body()) {
      String range = response.headers().firstValue("Content-Range").orElse("");
      boolean fits = range.matches("bytes " + from + "-\\d{1,18}/\\d{1,18}");
      if (response.statusCode() != 206 || !fits) {
        throw new HubException.BadResponse(
            Text.quote(file)
                + " cannot be read in parts from "
                + client.settings().endpoint()
                + " (status "
                + response.statusCode()
                + "). Download it: gatun download "
                + request.model(),
            null);
      }
      long fileSize = Long.parseLong(range.substring(range.indexOf('/') + 1));
      int expected = (int) Math.max(0, Math.min(to, fileSize) - from);
      byte[] bytes = body.readAtMost(expected);
      if (bytes == null || bytes.length != expected) {
        throw new TransientFailure(
            TransientFailure.Kind.CONTENT,
            Text.quote(file) + ": a part has another length than asked for",
            null);
      }
      return new Part(bytes, fileSize, response.uri());
    }
  }
}
