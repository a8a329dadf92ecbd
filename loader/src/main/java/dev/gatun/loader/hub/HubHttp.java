package dev.gatun.loader.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import javax.net.ssl.SSLException;

/**
 * Single requests: no redirect is followed and the token goes to the hub's own scheme, host and
 * port alone.
 */
final class HubHttp implements AutoCloseable {
  private static final String USER_AGENT = "gatun";

  private final HubSettings settings;
  private final HttpClient client;

  HubHttp(HubSettings settings) {
    this.settings = settings;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            // One connection a file is what a download wants.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.answerTimeout());
    if (ProxySelector.getDefault() != null) {
      builder.proxy(ProxySelector.getDefault());
    }
    this.client = builder.build();
  }

  HubSettings settings() {
    return settings;
  }

  /**
   * Sends a request and waits for the headers of its answer; its body must be closed.
   *
   * @param range value of the Range header, or null
   * @throws TransientFailure if no answer came
   * @throws HubException.Offline if the environment forbids it
   */
  HttpResponse<BodyStream> send(String method, URI uri, String range)
      throws IOException, InterruptedException {
    if (settings.offline()) {
      throw new HubException.Offline(
          "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so "
              + settings.endpoint()
              + " is not asked. Unset it, or use what is in the cache");
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(settings.answerTimeout())
            .header("User-Agent", USER_AGENT)
            // Compressed, neither size nor position in the file would be what the hub says.
            .header("Accept-Encoding", "identity");
    if (range != null) {
      request.header("Range", range);
    }
    if (sameOrigin(uri, settings.endpoint())) {
      settings.token().ifPresent(token -> request.header("Authorization", token.header()));
    }
    try {
      return client.send(
          request.build(), _ -> new BodyStream(settings.stallTimeout(), settings.slowWindow()));
    } catch (HttpTimeoutException e) {
      throw new TransientFailure(
          TransientFailure.Kind.TIMEOUT,
          place(uri) + " did not answer within " + settings.answerTimeout().toMillis() + " ms",
          e);
    } catch (IOException e) {
      throw new TransientFailure(
          TransientFailure.Kind.CONNECTION,
          "no answer from " + place(uri) + " (" + reason(e) + ")",
          e);
    }
  }

  static boolean sameOrigin(URI a, URI b) {
    return a.getScheme().equalsIgnoreCase(b.getScheme())
        && a.getHost().equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) {
      return uri.getPort();
    }
    return uri.getScheme().toLowerCase(Locale.ROOT).equals("https") ? 443 : 80;
  }

  /** An address for messages: without query, which may be a signature, and user. */
  static String place(URI uri) {
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    return uri.getScheme() + "://" + uri.getHost() + port + uri.getRawPath();
  }

  static String reason(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
        return "the host name is not known";
      }
    }
    if (e instanceof ConnectException && e.getMessage() == null) {
      return "connection refused";
    }
    String text = e instanceof SSLException ? "TLS: " + e.getMessage() : e.getMessage();
    return text == null ? e.getClass().getSimpleName() : text;
  }

  /** Breaks off whatever still runs. */
  @Override
  public void close() {
    client.shutdownNow();
  }
}
