package dev.gatun.loader.hub;

import java.util.regex.Pattern;

/**
 * A user's secret. It is handed out only as the value of an Authorization header and never shows in
 * {@link #toString()}.
 */
final class HubToken {
  private static final Pattern POSSIBLE = Pattern.compile("[\\x21-\\x7e]+");

  private final String secret;

  /**
   * @param origin where it comes from, for the error message
   * @throws HubException.InvalidToken if it cannot be part of a header
   */
  HubToken(String secret, String origin) {
    // A header with a line break is refused further below with the whole header in the message.
    if (!POSSIBLE.matcher(secret).matches()) {
      throw new HubException.InvalidToken(
          "the token in "
              + origin
              + " holds spaces, line breaks or characters outside ASCII; copy it again from the"
              + " hub's settings");
    }
    this.secret = secret;
  }

  String header() {
    return "Bearer " + secret;
  }

  @Override
  public String toString() {
    return "(token)";
  }
}
