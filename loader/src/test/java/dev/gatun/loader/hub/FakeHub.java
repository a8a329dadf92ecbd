package dev.gatun.loader.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A hub on this machine that speaks the real one's protocol: metadata by HEAD, listings, large
 * files from a second server to which it redirects. It can be told to misbehave.
 */
final class FakeHub implements AutoCloseable {
  static final String COMMIT = "1234567890abcdef1234567890abcdef12345678";

  /** A request as it came in. */
  record Request(boolean store, String method, String path, String authorization, String range) {}

  /** Answers in the server's place; gives false to let it answer after all. */
  interface Fault {
    boolean answer(HttpExchange exchange, byte[] content) throws IOException;
  }

  /** A repository: its files, and which commits its branches are at. */
  static final class Repository {
    final Map<String, byte[]> files = new TreeMap<>();
    final Map<String, String> revisions = new LinkedHashMap<>(Map.of("main", COMMIT));
    String token;
    boolean gated;
    boolean disabled;
    String movedTo;

    Repository file(String name, byte[] content) {
      files.put(name, content);
      return this;
    }

    Repository file(String name, String content) {
      return file(name, content.getBytes(StandardCharsets.UTF_8));
    }
  }

  final Map<String, Repository> repositories = new ConcurrentHashMap<>();
  final List<Request> requests = new CopyOnWriteArrayList<>();
  final AtomicLong contentBytes = new AtomicLong();

  /** Bytes per second of a content transfer; 0 for no limit. */
  volatile long bytesPerSecond;

  private final Map<String, Queue<Fault>> faults = new ConcurrentHashMap<>();
  private final HttpServer hub;
  private final HttpServer store;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  FakeHub() throws IOException {
    hub = server();
    store = server();
    hub.createContext("/", exchange -> serve(exchange, false));
    store.createContext("/", exchange -> serve(exchange, true));
  }

  private HttpServer server() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.start();
    return server;
  }

  Repository repository(String id) {
    return repositories.computeIfAbsent(id, _ -> new Repository());
  }

  /** The next requests of {@code method} whose path ends so are answered by these. */
  void fault(String method, String pathEnd, Fault... next) {
    faults
        .computeIfAbsent(method + ' ' + pathEnd, _ -> new ConcurrentLinkedQueue<>())
        .addAll(Arrays.asList(next));
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  URI storeAddress() {
    // Another name, because Python tells hosts apart by their name and not by their port.
    return URI.create("http://localhost:" + store.getAddress().getPort());
  }

  /** Settings for this hub with short times. */
  HubSettings settings(Path cache) {
    return new HubSettings(
        endpoint(),
        Optional.empty(),
        false,
        cache,
        true,
        Duration.ofSeconds(5),
        Duration.ofMillis(500),
        Duration.ofSeconds(2),
        3,
        Duration.ofMillis(5),
        Duration.ofSeconds(3),
        8);
  }

  long count(String method, String pathEnd) {
    return requests.stream()
        .filter(r -> r.method().equals(method) && r.path().endsWith(pathEnd))
        .count();
  }

  private void serve(HttpExchange exchange, boolean fromStore) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    String method = exchange.getRequestMethod();
    requests.add(
        new Request(
            fromStore,
            method,
            path,
            exchange.getRequestHeaders().getFirst("Authorization"),
            exchange.getRequestHeaders().getFirst("Range")));
    try (exchange) {
      for (Map.Entry<String, Queue<Fault>> entry : faults.entrySet()) {
        String[] key = entry.getKey().split(" ", 2);
        if (key[0].equals(method) && path.endsWith(key[1])) {
          Fault fault = entry.getValue().poll();
          if (fault != null && fault.answer(exchange, contentOf(path))) {
            return;
          }
        }
      }
      if (fromStore) {
        content(exchange, contentOf(path));
      } else if (path.startsWith("/api/models/")) {
        api(exchange, path.substring("/api/models/".length()));
      } else {
        file(exchange, path.substring(1));
      }
    }
  }

  /** Of {@code id/resolve/revision/file}; null if there is none. */
  private byte[] contentOf(String path) {
    String[] parts = path.replaceFirst("^/", "").split("/resolve/", 2);
    Repository repository = repositories.get(parts[0]);
    if (repository == null || parts.length < 2) {
      return null;
    }
    return repository.files.get(decode(parts[1].split("/", 2)[1]));
  }

  private void api(HttpExchange exchange, String rest) throws IOException {
    boolean tree = rest.contains("/tree/");
    String[] parts = rest.split(tree ? "/tree/" : "/revision/", 2);
    Repository repository = readable(exchange, parts[0], "/api/models/", rest);
    if (repository == null) {
      return;
    }
    String commit = commit(repository, parts.length < 2 ? "main" : decode(parts[1]));
    if (commit == null) {
      error(exchange, 404, "RevisionNotFound", "Invalid rev id");
      return;
    }
    StringBuilder json = new StringBuilder();
    if (tree) {
      repository.files.forEach(
          (name, content) -> {
            json.append(json.isEmpty() ? "[" : ",");
            json.append(
                "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\""
                    .formatted(name, content.length, gitSha1(content)));
            if (isLarge(name)) {
              json.append(
                  ",\"lfs\":{\"oid\":\"%s\",\"size\":%d,\"pointerSize\":100}"
                      .formatted(sha256(content), content.length));
            }
            json.append('}');
          });
      json.append(']');
    } else {
      List<String> siblings = new ArrayList<>();
      repository
          .files
          .keySet()
          .forEach(name -> siblings.add("{\"rfilename\":\"" + name.replace("\\", "\\\\") + "\"}"));
      json.append(
          "{\"_id\":\"1\",\"id\":\"%s\",\"modelId\":\"%s\",\"sha\":\"%s\",\"private\":false,\"gated\":false,\"disabled\":false,\"tags\":[],\"downloads\":0,\"likes\":0,\"siblings\":%s}"
              .formatted(parts[0], parts[0], commit, siblings));
    }
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    send(exchange, 200, json.toString().getBytes(StandardCharsets.UTF_8));
  }

  private void file(HttpExchange exchange, String path) throws IOException {
    String[] parts = path.split("/resolve/", 2);
    if (parts.length < 2) {
      error(exchange, 404, "RepoNotFound", "");
      return;
    }
    Repository repository = readable(exchange, parts[0], "/", path);
    if (repository == null) {
      return;
    }
    String[] at = parts[1].split("/", 2);
    String commit = commit(repository, decode(at[0]));
    if (commit == null) {
      error(exchange, 404, "RevisionNotFound", "Invalid rev id");
      return;
    }
    exchange.getResponseHeaders().set("X-Repo-Commit", commit);
    byte[] content = repository.files.get(decode(at[1]));
    if (content == null) {
      error(exchange, 404, "EntryNotFound", "Entry not found");
      return;
    }
    if (isLarge(at[1])) {
      exchange.getResponseHeaders().set("X-Linked-Etag", '"' + sha256(content) + '"');
      exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
      exchange.getResponseHeaders().set("ETag", "\"something-else\"");
      redirect(exchange, 302, storeAddress() + "/" + path + "?Signature=SECRET");
      return;
    }
    exchange.getResponseHeaders().set("ETag", '"' + gitSha1(content) + '"');
    content(exchange, content);
  }

  private Repository readable(HttpExchange exchange, String id, String prefix, String rest)
      throws IOException {
    Repository repository = repositories.get(id);
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    if (authorization != null && authorization.equals("Bearer bad")) {
      error(exchange, 401, "", "Invalid credentials in Authorization header");
      return null;
    }
    if (repository == null) {
      error(
          exchange,
          authorization == null ? 401 : 404,
          authorization == null ? "" : "RepoNotFound",
          "Repository not found");
      return null;
    }
    if (repository.movedTo != null) {
      redirect(exchange, 307, prefix + rest.replace(id, repository.movedTo));
      return null;
    }
    if (repository.disabled) {
      error(exchange, 403, "", "Access to this resource is disabled.");
      return null;
    }
    if (repository.token != null && !("Bearer " + repository.token).equals(authorization)) {
      if (repository.gated) {
        error(exchange, authorization == null ? 401 : 403, "GatedRepo", "gated");
      } else {
        error(exchange, authorization == null ? 401 : 403, "", "no access");
      }
      return null;
    }
    return repository;
  }

  private static String commit(Repository repository, String revision) {
    return repository.revisions.containsValue(revision)
        ? revision
        : repository.revisions.get(revision);
  }

  static boolean isLarge(String file) {
    return file.endsWith(".safetensors") || file.endsWith(".bin");
  }

  static void redirect(HttpExchange exchange, int status, String location) throws IOException {
    exchange.getResponseHeaders().set("Location", location);
    exchange.sendResponseHeaders(status, -1);
  }

  static void error(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    if (!code.isEmpty()) {
      exchange.getResponseHeaders().set("X-Error-Code", code);
    }
    exchange.getResponseHeaders().set("X-Error-Message", message);
    exchange.sendResponseHeaders(status, -1);
  }

  /** Sends content, or the part that the Range header asks for. */
  void content(HttpExchange exchange, byte[] content) throws IOException {
    if (content == null) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = 0;
    int to = content.length;
    if (range != null) {
      String[] ends = range.substring("bytes=".length()).split("-", 2);
      from = Integer.parseInt(ends[0]);
      to = ends[1].isEmpty() ? to : Math.min(to, Integer.parseInt(ends[1]) + 1);
      if (from >= content.length) {
        exchange.sendResponseHeaders(416, -1);
        return;
      }
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + content.length);
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(to - from));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, to == from ? -1 : to - from);
    write(exchange.getResponseBody(), content, from, to);
  }

  void write(OutputStream out, byte[] content, int from, int to) throws IOException {
    int chunk = bytesPerSecond == 0 ? 1 << 16 : (int) Math.max(1, bytesPerSecond / 100);
    for (int at = from; at < to; at += chunk) {
      int count = Math.min(chunk, to - at);
      contentBytes.addAndGet(count);
      out.write(content, at, count);
      if (bytesPerSecond != 0) {
        out.flush();
        pause(10);
      }
    }
  }

  private void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private static String decode(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  static String sha256(byte[] content) {
    return hash("SHA-256", content);
  }

  static String gitSha1(byte[] content) {
    byte[] head = ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(head, head.length + content.length);
    System.arraycopy(content, 0, all, head.length, content.length);
    return hash("SHA-1", all);
  }

  private static String hash(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
