package dev.gatun.loader.hub;

import dev.gatun.loader.json.StrictJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings that the Hugging Face client takes from its environment.
 *
 * @param variables environment variables; an empty one counts as unset
 * @param home the user's home directory
 */
public record HubEnvironment(Map<String, String> variables, Path home) {
  private static final Pattern VARIABLE = Pattern.compile("\\$(\\w+|\\{[^}]*})");
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
  private static final int LONGEST_TOKEN = 10_000;
  private static final long LONGEST_TIMEOUT = 86_400;

  public HubEnvironment {
    variables = Map.copyOf(variables);
  }

  /** The environment of this process. */
  public static HubEnvironment system() {
    return of(System.getenv(), System.getProperty("user.home"));
  }

  /**
   * The environment of a process.
   *
   * @param userHome the account's home directory as the JVM knows it, used where there is no {@code
   *     HOME}: containers, services and sudo set that to another one, and the reference follows it
   */
  static HubEnvironment of(Map<String, String> variables, String userHome) {
    String home = variables.getOrDefault("HOME", "");
    try {
      return new HubEnvironment(variables, Path.of(home.isEmpty() ? userHome : home));
    } catch (InvalidPathException e) {
      throw new HubException.BadSetting("HOME is not a path: " + e.getReason(), e);
    }
  }

  /**
   * Where downloaded models lie: {@code HF_HUB_CACHE}, {@code HUGGINGFACE_HUB_CACHE}, else {@code
   * hub} in {@code HF_HOME}.
   */
  public Path cacheDirectory() {
    String cache = value("HF_HUB_CACHE", value("HUGGINGFACE_HUB_CACHE", null));
    return cache != null ? path("HF_HUB_CACHE", cache) : homeDirectory().resolve("hub");
  }

  /**
   * The hub: {@code HF_ENDPOINT}, else https://huggingface.co; without a slash at its end.
   *
   * @throws HubException.BadSetting if that is no address of a server
   */
  public URI endpoint() {
    String text = value("HF_ENDPOINT", "https://huggingface.co").replaceAll("/+$", "");
    URI endpoint;
    try {
      endpoint = new URI(text);
    } catch (URISyntaxException e) {
      // Without the cause, which repeats the text: it may hold a password.
      throw badEndpoint("is not an address");
    }
    String scheme = endpoint.getScheme() == null ? "" : endpoint.getScheme();
    if (!Set.of("http", "https").contains(scheme.toLowerCase(Locale.ROOT))
        || endpoint.getHost() == null) {
      throw badEndpoint("is not an http or https address");
    }
    if (endpoint.getRawUserInfo() != null
        || endpoint.getRawQuery() != null
        || endpoint.getRawFragment() != null) {
      throw badEndpoint("holds a user name, a query or a fragment; give a token in HF_TOKEN");
    }
    return endpoint;
  }

  private static HubException badEndpoint(String problem) {
    return new HubException.BadSetting(
        "HF_ENDPOINT " + problem + "; it should look like https://huggingface.co", null);
  }

  /** Whether {@code HF_HUB_OFFLINE} or {@code TRANSFORMERS_OFFLINE} forbids all network access. */
  public boolean isOffline() {
    return isTrue(value("HF_HUB_OFFLINE", value("TRANSFORMERS_OFFLINE", "")));
  }

  /** Whether snapshots may hold links to the blobs: not {@code HF_HUB_DISABLE_SYMLINKS}. */
  boolean mayLink() {
    return !isTrue(value("HF_HUB_DISABLE_SYMLINKS", ""));
  }

  /** {@code HF_HUB_ETAG_TIMEOUT}: longest wait for an answer, 10 s. */
  Duration etagTimeout() {
    return seconds("HF_HUB_ETAG_TIMEOUT");
  }

  /** {@code HF_HUB_DOWNLOAD_TIMEOUT}: longest wait for the next bytes of a file, 10 s. */
  Duration downloadTimeout() {
    return seconds("HF_HUB_DOWNLOAD_TIMEOUT");
  }

  /**
   * {@code HF_TOKEN}, {@code HUGGING_FACE_HUB_TOKEN}, else the file {@code HF_TOKEN_PATH} or {@code
   * token} in {@code HF_HOME}; none if {@code HF_HUB_DISABLE_IMPLICIT_TOKEN} is set.
   *
   * @throws HubException.InvalidToken if what is there cannot be a token
   */
  Optional<HubToken> token() {
    if (isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN", ""))) {
      return Optional.empty();
    }
    for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
      String text = value(name, "").strip();
      if (!text.isEmpty()) {
        return Optional.of(new HubToken(text, name));
      }
    }
    String stated = value("HF_TOKEN_PATH", null);
    Path file = stated != null ? path("HF_TOKEN_PATH", stated) : homeDirectory().resolve("token");
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(LONGEST_TOKEN), StandardCharsets.UTF_8).strip();
      return text.isEmpty() ? Optional.empty() : Optional.of(new HubToken(text, file.toString()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      throw new HubException.BadSetting(
          "the token file " + file + " cannot be read: " + StrictJson.reason(e), e);
    }
  }

  private Path homeDirectory() {
    String hfHome = value("HF_HOME", null);
    if (hfHome != null) {
      return path("HF_HOME", hfHome);
    }
    String xdg = value("XDG_CACHE_HOME", null);
    return (xdg != null ? path("XDG_CACHE_HOME", xdg) : home.resolve(".cache"))
        .resolve("huggingface");
  }

  private Duration seconds(String name) {
    String text = value(name, "10").strip();
    try {
      long seconds = Long.parseLong(text);
      // As in the reference 0 is the default.
      if (seconds >= 0 && seconds <= LONGEST_TIMEOUT) {
        return Duration.ofSeconds(seconds == 0 ? 10 : seconds);
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new HubException.BadSetting(
        name + " is not a number of seconds between 1 and " + LONGEST_TIMEOUT + ": " + text, null);
  }

  private static boolean isTrue(String value) {
    return TRUE.contains(value.toUpperCase(Locale.ROOT));
  }

  private String value(String name, String fallback) {
    String value = variables.get(name);
    return value == null || value.isEmpty() ? fallback : value;
  }

  /** Expands a leading {@code ~} and variables; one that is not set stays as it is written. */
  private Path path(String setting, String text) {
    String tilde = text.equals("~") || text.startsWith("~/") ? home + text.substring(1) : text;
    Matcher matcher = VARIABLE.matcher(tilde);
    String expanded =
        matcher.replaceAll(
            match -> {
              String name = match.group(1).replaceAll("[{}]", "");
              return Matcher.quoteReplacement(variables.getOrDefault(name, match.group()));
            });
    try {
      return Path.of(expanded);
    } catch (InvalidPathException e) {
      throw new HubException.BadSetting(setting + " is not a path: " + e.getReason(), e);
    }
  }

  /** Without the variables: one of them is the user's token. */
  @Override
  public String toString() {
    return "HubEnvironment[home=" + home + "]";
  }
}
