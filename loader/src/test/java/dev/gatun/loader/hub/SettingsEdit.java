package dev.gatun.loader.hub;

import java.net.URI;
import java.util.Optional;

/** Settings with one thing changed. */
record SettingsEdit(HubSettings from) {
  HubSettings token(HubToken token) {
    return with(from.endpoint(), Optional.of(token), from.offline(), from.links());
  }

  HubSettings links(boolean links) {
    return with(from.endpoint(), from.token(), from.offline(), links);
  }

  HubSettings offline() {
    return with(from.endpoint(), from.token(), true, from.links());
  }

  HubSettings endpoint(String endpoint) {
    return with(URI.create(endpoint), from.token(), from.offline(), from.links());
  }

  private HubSettings with(URI endpoint, Optional<HubToken> token, boolean offline, boolean links) {
    return new HubSettings(
        endpoint,
        token,
        offline,
        from.cache(),
        links,
        from.answerTimeout(),
        from.stallTimeout(),
        from.slowWindow(),
        from.retries(),
        from.firstWait(),
        from.longestWait(),
        from.parallel());
  }
}
