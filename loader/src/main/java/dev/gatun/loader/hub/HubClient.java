package dev.gatun.loader.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.StrictJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The questions that are put to the hub, with redirects and retries. Thread-safe. */
final class HubClient implements AutoCloseable {
  private static final int MOST_REDIRECTS = 10;
  private static final int LONGEST_LISTING = 64_000_000;
  private static final Pattern SIZE = Pattern.compile("\\d{1,18}");

  private final HubSettings settings;
  private final HubHttp http;
  private final HubUrls urls;
  private final Retries retries;

  HubClient(HubSettings settings, HubListener listener) {
    this.settings = settings;
    this.http = new HubHttp(settings);
    this.urls = new HubUrls(settings.endpoint());
    this.retries = new Retries(settings, listener);
  }

  HubSettings settings() {
    return settings;
  }

  Retries retries() {
    return retries;
  }

  /** Commit and files of a revision. */
  RepositoryListing listing(ModelRequest request) {
    URI uri = urls.revision(request.model(), request.revision());
    return retries.run(
        "the list of files of " + request.model(), () -> parse(uri, listingBody(request, uri)));
  }

  private byte[] listingBody(ModelRequest request, URI uri)
      throws IOException, InterruptedException {
    try (BodyStream body = follow("GET", uri, null, request, null).body()) {
      byte[] bytes = body.readAtMost(LONGEST_LISTING);
      if (bytes == null) {
        throw new HubException.BadResponse(
            HubHttp.place(uri) + " lists more than " + LONGEST_LISTING + " bytes of file names",
            null);
      }
      return bytes;
    }
  }

  private static RepositoryListing parse(URI uri, byte[] body) {
    ObjectNode root;
    try {
      root = StrictJson.readObject(body);
    } catch (IOException e) {
      throw notAHub(uri, "answered with something other than JSON: " + StrictJson.reason(e), e);
    }
    String commit = root.path("sha").asText("");
    if (!SafeNames.isCommit(commit) || !root.path("siblings").isArray()) {
      throw notAHub(uri, "answered without the commit or the list of files", null);
    }
    Set<String> files = new LinkedHashSet<>();
    for (JsonNode sibling : root.path("siblings")) {
      // A file that cannot be stored safely cannot be one that is needed.
      String name = sibling.path("rfilename").asText("");
      if (SafeNames.isFile(name)) {
        files.add(name);
      }
    }
    return new RepositoryListing(commit, files);
  }

  private static HubException notAHub(URI uri, String problem, Throwable cause) {
    return new HubException.BadResponse(
        HubHttp.place(uri)
            + " "
            + problem
            + ". It is not a hub: check HF_ENDPOINT, firewall and proxy",
        cause);
  }

  /**
   * What the hub knows of a file, without its content.
   *
   * @throws HubException.FileNotFound if the revision has none of that name
   */
  FileMetadata metadata(ModelRequest request, String file) {
    URI uri = urls.file(request.model(), request.revision(), file);
    return retries.run(file, () -> metadataOnce(request, file, uri));
  }

  private FileMetadata metadataOnce(ModelRequest request, String file, URI uri)
      throws IOException, InterruptedException {
    HttpResponse<BodyStream> response = followToMetadata(request, file, uri);
    response.body().close();
    HttpHeaders headers = response.headers();
    String commit = headers.firstValue("X-Repo-Commit").orElse("");
    if (!SafeNames.isCommit(commit)) {
      throw notAHub(uri, "answered without X-Repo-Commit", null);
    }
    String etag =
        headers
            .firstValue("X-Linked-Etag")
            .or(() -> headers.firstValue("ETag"))
            .orElse("")
            .replaceFirst("^W/", "")
            .replaceAll("^\"|\"$", "");
    if (!SafeNames.isEtag(etag)) {
      throw notAHub(uri, "answered without an ETag that can name a file", null);
    }
    boolean redirect = isRedirect(response);
    String size =
        headers
            .firstValue("X-Linked-Size")
            .or(() -> redirect ? Optional.empty() : headers.firstValue("Content-Length"))
            .orElse("");
    return new FileMetadata(
        commit,
        etag,
        SIZE.matcher(size).matches() ? Long.parseLong(size) : -1,
        redirect ? HubUrls.redirect(response.uri(), location(response)) : response.uri());
  }

  /**
   * Asks for the metadata, following redirects within the hub. One to another host that carries the
   * commit is itself the answer: it points to the content. One without is a mirror's, followed
   * without the token.
   */
  private HttpResponse<BodyStream> followToMetadata(ModelRequest request, String file, URI start)
      throws IOException, InterruptedException {
    URI uri = start;
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      HttpResponse<BodyStream> response = send("HEAD", uri, null, request, file);
      if (!isRedirect(response)) {
        return response;
      }
      URI target = HubUrls.redirect(uri, location(response));
      if (!HubHttp.sameOrigin(uri, target)
          && response.headers().firstValue("X-Repo-Commit").isPresent()) {
        return response;
      }
      response.body().close();
      uri = target;
    }
    throw endless(start);
  }

  /**
   * The content of a file from a byte on, redirects followed. One try: what fails may be tried
   * again from where it stopped.
   *
   * @param location as the metadata says; null asks the hub again, whose signed addresses expire
   * @param range value of the Range header, or null
   */
  HttpResponse<BodyStream> content(ModelRequest request, String file, URI location, String range)
      throws IOException, InterruptedException {
    URI uri = location != null ? location : urls.file(request.model(), request.revision(), file);
    return follow("GET", uri, range, request, file);
  }

  private HttpResponse<BodyStream> follow(
      String method, URI start, String range, ModelRequest request, String file)
      throws IOException, InterruptedException {
    URI uri = start;
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      HttpResponse<BodyStream> response = send(method, uri, range, request, file);
      if (!isRedirect(response)) {
        return response;
      }
      response.body().close();
      uri = HubUrls.redirect(uri, location(response));
    }
    throw endless(start);
  }

  private HttpResponse<BodyStream> send(
      String method, URI uri, String range, ModelRequest request, String file)
      throws IOException, InterruptedException {
    HttpResponse<BodyStream> response = http.send(method, uri, range);
    int status = response.statusCode();
    if (status >= 400) {
      response.body().close();
      if (!HubHttp.sameOrigin(uri, settings.endpoint()) && status < 500 && status != 429) {
        // The address of a content store is signed and expires; the hub makes a new one.
        throw new TransientFailure(
            TransientFailure.Kind.CONTENT, HubHttp.place(uri) + " answered " + status, null);
      }
      throw new HubErrors(settings, request).of(response, uri, file);
    }
    return response;
  }

  private static boolean isRedirect(HttpResponse<?> response) {
    return response.statusCode() / 100 == 3
        && response.headers().firstValue("Location").isPresent();
  }

  private static String location(HttpResponse<?> response) {
    return response.headers().firstValue("Location").orElseThrow();
  }

  private static HubException endless(URI start) {
    return new HubException.BadRedirect(
        HubHttp.place(start)
            + " redirects more than "
            + MOST_REDIRECTS
            + " times. Check HF_ENDPOINT and proxy");
  }

  @Override
  public void close() {
    http.close();
  }
}
