package dev.gatun.tools;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** A hub on this machine with one model, the files of a directory. */
final class DirectoryHub implements AutoCloseable {
  static final String ID = "org/tiny";
  static final String COMMIT = "1234567890abcdef1234567890abcdef12345678";

  final List<String> requests = new CopyOnWriteArrayList<>();
  final AtomicLong bytes = new AtomicLong();

  private final Path directory;
  private final HttpServer server;

  DirectoryHub(Path directory) throws IOException {
    this.directory = directory;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::serve);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
  }

  String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private void serve(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    requests.add(exchange.getRequestMethod() + " " + path);
    exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
    String prefix = "/" + ID + "/resolve/" + COMMIT + "/";
    try (exchange) {
      if (path.startsWith("/api/models/" + ID + "/revision/")) {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write(listing().getBytes(StandardCharsets.UTF_8));
      } else if (path.startsWith(prefix)) {
        content(exchange, Files.readAllBytes(directory.resolve(path.substring(prefix.length()))));
      } else {
        exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
        exchange.sendResponseHeaders(404, -1);
      }
    }
  }

  private String listing() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      List<String> siblings =
          files
              .filter(Files::isRegularFile)
              .map(file -> "{\"rfilename\": \"" + directory.relativize(file) + "\"}")
              .toList();
      return "{\"sha\": \"" + COMMIT + "\", \"siblings\": " + siblings + "}";
    }
  }

  private void content(HttpExchange exchange, byte[] content) throws IOException {
    exchange.getResponseHeaders().set("ETag", "\"" + sha256(content) + "\"");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    byte[] part = content;
    if (range != null) {
      String[] ends = range.substring("bytes=".length()).split("-");
      int from = Integer.parseInt(ends[0]);
      int to = Math.min(content.length, Integer.parseInt(ends[1]) + 1);
      part = Arrays.copyOfRange(content, from, to);
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + content.length);
    }
    bytes.addAndGet(part.length);
    exchange.sendResponseHeaders(range == null ? 200 : 206, part.length);
    exchange.getResponseBody().write(part);
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
