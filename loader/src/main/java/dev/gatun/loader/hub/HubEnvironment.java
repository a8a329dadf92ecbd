package dev.gatun.loader.hub;

import java.nio.file.Path;
import java.util.Map;
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

  public HubEnvironment {
    variables = Map.copyOf(variables);
  }

  /** The environment of this process. */
  public static HubEnvironment system() {
    return new HubEnvironment(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /**
   * Where downloaded models lie: {@code HF_HUB_CACHE}, {@code HUGGINGFACE_HUB_CACHE}, else {@code
   * hub} in {@code HF_HOME}.
   */
  public Path cacheDirectory() {
    String cache = value("HF_HUB_CACHE", value("HUGGINGFACE_HUB_CACHE", null));
    return cache != null ? path(cache) : homeDirectory().resolve("hub");
  }

  private Path homeDirectory() {
    String hfHome = value("HF_HOME", null);
    if (hfHome != null) {
      return path(hfHome);
    }
    String xdg = value("XDG_CACHE_HOME", null);
    return (xdg != null ? path(xdg) : home.resolve(".cache")).resolve("huggingface");
  }

  private String value(String name, String fallback) {
    String value = variables.get(name);
    return value == null || value.isEmpty() ? fallback : value;
  }

  /** Expands a leading {@code ~} and variables; one that is not set stays as it is written. */
  private Path path(String text) {
    String tilde = text.equals("~") || text.startsWith("~/") ? home + text.substring(1) : text;
    Matcher matcher = VARIABLE.matcher(tilde);
    return Path.of(
        matcher.replaceAll(
            match -> {
              String name = match.group(1).replaceAll("[{}]", "");
              return Matcher.quoteReplacement(variables.getOrDefault(name, match.group()));
            }));
  }
}
