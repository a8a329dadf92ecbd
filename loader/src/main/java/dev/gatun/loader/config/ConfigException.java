package dev.gatun.loader.config;

import dev.gatun.loader.GatunException;
import dev.gatun.loader.json.Text;

/** A configuration that is malformed, or that asks for something which is not supported. */
public final class ConfigException extends GatunException {
  private static final long serialVersionUID = 1L;

  private final String key;
  private final String value;
  private final String supported;

  /**
   * A value that cannot be honoured; running on without it would give other numbers than the
   * model's.
   */
  public ConfigException(String source, String key, String value, String supported) {
    super(source + ": " + key + " is " + Text.shorten(value, 200) + "; supported: " + supported);
    this.key = key;
    this.value = value;
    this.supported = supported;
  }

  /** A file that cannot be read as a configuration at all. */
  public ConfigException(String source, String problem, Throwable cause) {
    super(source + ": " + problem, cause);
    this.key = "";
    this.value = "";
    this.supported = "";
  }

  /** The key, empty if the file as a whole is at fault. */
  public String key() {
    return key;
  }

  /** The value as JSON, empty if the file as a whole is at fault. */
  public String value() {
    return value;
  }

  /** What the value may be, empty if the file as a whole is at fault. */
  public String supported() {
    return supported;
  }
}
