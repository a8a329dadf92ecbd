package dev.gatun.loader.hub;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;

/** Addresses of the hub, spelled as its Python client spells them. */
final class HubUrls {
  private static final String UNRESERVED = "_.-~";

  private final URI endpoint;

  HubUrls(URI endpoint) {
    this.endpoint = endpoint;
  }

  URI file(String id, String revision, String file) {
    return URI.create(
        endpoint + "/" + id + "/resolve/" + quote(revision, "") + "/" + quote(file, "/"));
  }

  URI revision(String id, String revision) {
    return URI.create(endpoint + "/api/models/" + id + "/revision/" + quote(revision, ""));
  }

  /**
   * Where a redirect points.
   *
   * @throws HubException.BadRedirect if that is no place to go
   */
  static URI redirect(URI from, String location) {
    URI target;
    try {
      target = from.resolve(new URI(location));
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw new HubException.BadRedirect(
          HubHttp.place(from) + " redirects to something that is not an address");
    }
    boolean https = "https".equalsIgnoreCase(target.getScheme());
    boolean http = "http".equalsIgnoreCase(target.getScheme());
    if (target.getHost() == null || target.getRawUserInfo() != null || !(https || http)) {
      throw new HubException.BadRedirect(
          HubHttp.place(from) + " redirects to something that is not an http or https address");
    }
    if (http && "https".equalsIgnoreCase(from.getScheme())) {
      throw new HubException.BadRedirect(
          HubHttp.place(from)
              + " redirects from https to http, "
              + HubHttp.place(target)
              + ": not followed");
    }
    return target;
  }

  private static String quote(String text, String safe) {
    StringBuilder quoted = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (plain || UNRESERVED.indexOf(c) >= 0 || safe.indexOf(c) >= 0) {
        quoted.append(c);
      } else {
        quoted.append('%').append(String.format("%02X", (int) c));
      }
    }
    return quoted.toString();
  }
}
