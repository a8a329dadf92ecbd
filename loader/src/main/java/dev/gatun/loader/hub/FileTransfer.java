package dev.gatun.loader.hub;

import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The content of one file into one file of its own: goes on by Range where a connection broke, and
 * ends with exactly the bytes that the hub described, or not at all.
 */
final class FileTransfer {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  /** A connection that brought this much counts as progress, and the retries begin anew. */
  private static final long PROGRESS = 64 * 1024;

  private final HubClient client;
  private final HubListener listener;
  private final ModelRequest request;
  private final String file;
  private final FileMetadata metadata;
  private final ContentCheck check;
  private final FileChannel channel;
  private long done;

  private FileTransfer(
      HubClient client,
      HubListener listener,
      ModelRequest request,
      String file,
      FileMetadata metadata,
      FileChannel channel) {
    this.client = client;
    this.listener = listener;
    this.request = request;
    this.file = file;
    this.metadata = metadata;
    this.check = new ContentCheck(metadata.etag(), metadata.size());
    this.channel = channel;
  }

  /**
   * Transfers into {@code target}, which must not exist, and writes it through to the disk.
   *
   * @throws HubException if the content cannot be had as described
   */
  static void run(
      HubClient client,
      HubListener listener,
      ModelRequest request,
      String file,
      FileMetadata metadata,
      Path target)
      throws IOException, InterruptedException {
    try (FileChannel channel =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      var transfer = new FileTransfer(client, listener, request, file, metadata, channel);
      transfer.run(target);
      channel.force(true);
    }
  }

  private void run(Path target) throws IOException, InterruptedException {
    listener.fileStarted(file, metadata.size());
    transferWithRetries();
    if (!isContent(target)) {
      // Once more from the start: a bad byte on the way is rare but happens.
      restart();
      transferWithRetries();
      if (!isContent(target)) {
        throw new HubException.ChecksumMismatch(
            Text.quote(file)
                + " of "
                + request.model()
                + " arrived twice with a content that is not the one the hub describes ("
                + metadata.etag()
                + "); nothing was kept. Something between here and the hub changes it: try another"
                + " network or proxy");
      }
    }
  }

  private boolean isContent(Path target) throws IOException {
    // Git's hash begins with the size, so without one it can only be made afterwards.
    return metadata.size() >= 0 ? check.matches() : ContentCheck.matches(target, metadata.etag());
  }

  private void transferWithRetries() throws IOException, InterruptedException {
    URI location = metadata.location();
    for (int failures = 0; ; ) {
      long before = done;
      try {
        transferOnce(location);
        return;
      } catch (TransientFailure e) {
        if (done - before >= PROGRESS && e.kind() != TransientFailure.Kind.TIMEOUT) {
          failures = 0;
        }
        client.retries().pause(file, ++failures, e);
        location = null;
      }
    }
  }

  private void transferOnce(URI location) throws IOException, InterruptedException {
    if (metadata.size() >= 0 && done == metadata.size() && done > 0) {
      return;
    }
    String range = done > 0 ? "bytes=" + done + "-" : null;
    HttpResponse<BodyStream> response = client.content(request, file, location, range);
    try (BodyStream body = response.body()) {
      String encoding = response.headers().firstValue("Content-Encoding").orElse("identity");
      if (!encoding.equalsIgnoreCase("identity")) {
        throw failure("is sent compressed (" + Text.shorten(encoding, 40) + ") unasked");
      }
      switch (response.statusCode()) {
        case 200 -> restart();
        case 206 -> checkRange(response);
        default -> throw failure("is answered with status " + response.statusCode());
      }
      for (ByteBuffer buffer = body.next(); buffer != null; buffer = body.next()) {
        write(buffer);
      }
      if (done < metadata.size()) {
        throw new TransientFailure(
            TransientFailure.Kind.CONNECTION,
            Text.quote(file) + " ended after " + done + " of " + metadata.size() + " bytes",
            null);
      }
    }
  }

  private void write(ByteBuffer buffer) throws IOException {
    int count = buffer.remaining();
    if (metadata.size() >= 0 && done + count > metadata.size()) {
      throw new HubException.SizeMismatch(
          Text.quote(file)
              + " of "
              + request.model()
              + " is longer than the "
              + metadata.size()
              + " bytes the hub describes; nothing was kept. Try again later, or without a proxy");
    }
    check.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    done += count;
    listener.fileProgressed(file, done, metadata.size());
  }

  private void checkRange(HttpResponse<?> response) throws TransientFailure {
    String text = response.headers().firstValue("Content-Range").orElse("");
    Matcher range = CONTENT_RANGE.matcher(text);
    boolean fits =
        range.matches()
            && Long.parseLong(range.group(1)) == done
            && (range.group(3).equals("*")
                || metadata.size() < 0
                || Long.parseLong(range.group(3)) == metadata.size());
    if (!fits) {
      throw failure("goes on elsewhere than at byte " + done + ": " + Text.quote(text));
    }
  }

  private TransientFailure failure(String problem) {
    return new TransientFailure(
        TransientFailure.Kind.CONTENT, Text.quote(file) + ' ' + problem, null);
  }

  private void restart() throws IOException {
    channel.truncate(0);
    channel.position(0);
    check.reset();
    done = 0;
  }
}
