package dev.gatun.loader.hub;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How long a server asks to be left alone. */
final class RetryAfter {
  /** As {@code "api";r=0;t=55}: none remaining, more in 55 seconds. */
  private static final Pattern RATE_LIMIT =
      Pattern.compile("\"\\w+\"\\s*;\\s*r\\s*=\\s*0+\\s*;\\s*t\\s*=\\s*(\\d{1,9})(?!\\d)");

  private static final Pattern SECONDS = Pattern.compile("\\d{1,9}");
  // A full quota is counted in whole seconds there.
  private static final long ROUNDING = 1;

  private RetryAfter() {}

  static Optional<Duration> of(HttpHeaders headers, Instant now) {
    Matcher limit = RATE_LIMIT.matcher(headers.firstValue("RateLimit").orElse(""));
    if (limit.find()) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(limit.group(1)) + ROUNDING));
    }
    String text = headers.firstValue("Retry-After").orElse("").strip();
    if (SECONDS.matcher(text).matches()) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      var formatter = DateTimeFormatter.RFC_1123_DATE_TIME.withLocale(Locale.ROOT);
      Duration wait = Duration.between(now, ZonedDateTime.parse(text, formatter).toInstant());
      return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
    } catch (DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }
}
