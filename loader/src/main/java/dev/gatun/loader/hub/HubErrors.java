package dev.gatun.loader.hub;

import dev.gatun.loader.json.Text;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Set;

/** What a status of 400 and above means. */
final class HubErrors {
  private static final Set<Integer> TRANSIENT = Set.of(408, 429, 500, 502, 503, 504);

  private final HubSettings settings;
  private final ModelRequest request;

  /**
   * @param request whose answer it was, for the messages
   */
  HubErrors(HubSettings settings, ModelRequest request) {
    this.settings = settings;
    this.request = request;
  }

  /**
   * The exception for an answer.
   *
   * @param file asked for, or null for the repository itself
   * @throws TransientFailure if it may be different next time
   */
  HubException of(HttpResponse<?> response, URI uri, String file) throws TransientFailure {
    int status = response.statusCode();
    HttpHeaders headers = response.headers();
    String code = headers.firstValue("X-Error-Code").orElse("");
    String said = Text.shorten(headers.firstValue("X-Error-Message").orElse(""), 300);
    String model = Text.quote(request.model());
    String hub = settings.endpoint().toString();
    switch (code) {
      case "RevisionNotFound":
        return new HubException.RevisionNotFound(
            model
                + " has no revision "
                + Text.quote(request.revision())
                + " on "
                + hub
                + ". Give one of its branches, tags or 40-digit commits");
      case "EntryNotFound":
        return fileNotFound(file, headers);
      case "GatedRepo":
        return new HubException.GatedRepository(
            model
                + " is gated: its owner wants to be asked. Open "
                + hub
                + "/"
                + request.model()
                + " in a browser, accept the conditions, and "
                + tokenAdvice());
      case "RepoNotFound":
        return repositoryNotFound(model, hub);
      default:
        break;
    }
    if (said.equals("Access to this resource is disabled.")) {
      return new HubException.RepositoryDisabled(
          "the hub has disabled access to " + model + ". Use another model");
    }
    boolean ours = HubHttp.sameOrigin(uri, settings.endpoint());
    if (TRANSIENT.contains(status)) {
      throw new TransientFailure(
          switch (status) {
            case 429 -> TransientFailure.Kind.RATE_LIMIT;
            case 408 -> TransientFailure.Kind.TIMEOUT;
            default -> TransientFailure.Kind.SERVER;
          },
          HubHttp.place(uri) + " answered " + status + words(said),
          null,
          RetryAfter.of(headers, Instant.now()).orElse(null));
    }
    if (status == 401 && ours) {
      // Also the answer for a repository that does not exist: the hub does not tell strangers.
      return settings.token().isEmpty() || !said.startsWith("Invalid credentials")
          ? repositoryNotFound(model, hub)
          : new HubException.InvalidToken(
              hub
                  + " refuses the token (401: "
                  + said
                  + "). Make a new one there and put it in HF_TOKEN, or unset HF_TOKEN and remove"
                  + " the token file for models that are public");
    }
    if (status == 403 && ours) {
      return new HubException.Forbidden(
          model
              + " may not be read with this token (403"
              + words(said)
              + "). "
              + capital(tokenAdvice()));
    }
    if (status == 404 && file != null) {
      return fileNotFound(file, headers);
    }
    return status == 404
        ? repositoryNotFound(model, hub)
        : new HubException.BadResponse(
            HubHttp.place(uri)
                + " answered "
                + status
                + words(said)
                + ". Check HF_ENDPOINT and whether something between here and the hub refuses it",
            null);
  }

  private HubException fileNotFound(String file, HttpHeaders headers) {
    return new HubException.FileNotFound(
        Text.quote(request.model())
            + " has no file "
            + (file == null ? "of that name" : Text.quote(file))
            + " at "
            + Text.quote(request.revision())
            + ". Look at its list of files on "
            + settings.endpoint(),
        headers.firstValue("X-Repo-Commit").filter(SafeNames::isCommit).orElse(null));
  }

  private HubException repositoryNotFound(String model, String hub) {
    return new HubException.RepositoryNotFound(
        hub + " has no model " + model + ", or it is private. Check the id, or " + tokenAdvice());
  }

  private String tokenAdvice() {
    return settings.token().isEmpty()
        ? "put a token that may read it in HF_TOKEN (hf auth login stores one)"
        : "use a token that may read it: the present one, from HF_TOKEN or the token file, may not";
  }

  private static String words(String said) {
    return said.isEmpty() ? "" : ": " + said;
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
