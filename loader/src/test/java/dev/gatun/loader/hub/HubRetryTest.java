package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Failures that pass, and some that do not. */
class HubRetryTest extends FakeHubTest {
  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504})
  void aStatusThatPasses(int status) throws IOException {
    TinyModels.single(hub, ID);
    FakeHub.Fault fault = (x, _) -> answer(x, status, "");
    hub.fault("GET", "/revision/main", fault);
    hub.fault("HEAD", "/config.json", fault, fault);
    hub.fault("GET", "/model.safetensors", fault, fault, fault);
    assertDownloaded(download(), "config.json", "model.safetensors");
    assertEquals(6, retried.size(), retried::toString);
  }

  @Test
  void aStatusThatStays() {
    TinyModels.single(hub, ID);
    FakeHub.Fault down = (x, _) -> answer(x, 503, "");
    hub.fault("GET", "/revision/main", down, down, down, down);
    fails(HubException.ServerFailure.class, "503", "try again later");
    assertEquals(4, hub.requests.size());
  }

  @Test
  void tooManyRequestsWaitAsLongAsTheHubAsks() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/revision/main", (x, _) -> limited(x, "Retry-After", "1"));
    hub.fault("HEAD", "/config.json", (x, _) -> limited(x, "RateLimit", "\"api\";r=0;t=1"));
    long start = System.nanoTime();
    assertDownloaded(download(), "config.json");
    assertTrue(System.nanoTime() - start >= 2_900_000_000L, retried::toString);
  }

  @Test
  void tooManyRequestsForTooLong() {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/revision/main", (x, _) -> limited(x, "Retry-After", "86400"));
    fails(HubException.RateLimited.class, "429", "HF_TOKEN");
    assertEquals(List.of(), retried, "nobody waits a day");
  }

  @Test
  void aTransferThatBreaksGoesOnWhereItStopped() throws IOException {
    byte[] weights = TinyModels.single(hub, ID).files.get("model.safetensors");
    hub.fault("GET", "/model.safetensors", (x, c) -> cut(x, c, 0, 120_000));
    Path snapshot = download();
    assertDownloaded(snapshot, "model.safetensors");
    List<String> ranges =
        hub.requests.stream()
            .filter(r -> r.store() && r.path().endsWith("/model.safetensors"))
            .map(FakeHub.Request::range)
            .toList();
    assertEquals(2, ranges.size(), ranges::toString);
    assertTrue(ranges.get(1).startsWith("bytes="), ranges::toString);
    assertTrue(hub.contentBytes.get() < 2L * weights.length);
  }

  @Test
  void aServerThatIgnoresRangesStartsAgain() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/model.safetensors",
        (x, c) -> cut(x, c, 0, 120_000),
        (x, c) -> {
          x.sendResponseHeaders(200, c.length);
          x.getResponseBody().write(c);
          return true;
        });
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void aPartFromElsewhereIsNotTaken() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/model.safetensors",
        (x, c) -> cut(x, c, 0, 120_000),
        (x, c) -> {
          x.getResponseHeaders().set("Content-Range", "bytes 7-" + (c.length - 1) + "/" + c.length);
          x.sendResponseHeaders(206, c.length - 7);
          x.getResponseBody().write(c, 7, c.length - 7);
          return true;
        });
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void aTransferThatStallsGoesOn() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/model.safetensors", (x, c) -> stall(x, c, 1000, 2000));
    assertDownloaded(download(), "model.safetensors");
    assertTrue(retried.getFirst().contains("nothing came for 500 ms"), retried::toString);
  }

  @Test
  void aTransferThatStallsForEver() {
    TinyModels.single(hub, ID);
    FakeHub.Fault stall = (x, c) -> stall(x, c, 0, 2000);
    hub.fault("GET", "/vocab.txt", stall, stall, stall, stall);
    fails(HubException.Timeout.class, "nothing came for 500 ms", "HF_HUB_DOWNLOAD_TIMEOUT");
  }

  @Test
  void aSignedAddressThatHasExpiredIsMadeAnew() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/model.safetensors", (x, _) -> answer(x, 403, ""));
    assertDownloaded(download(), "model.safetensors");
  }

  @Test
  void bytesThatAreWrongOnce() throws IOException {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/model.safetensors", this::corrupt);
    hub.fault("GET", "/config.json", this::corrupt);
    assertDownloaded(download(), "model.safetensors", "config.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json"})
  void bytesThatAreWrongAlways(String file) {
    TinyModels.single(hub, ID);
    hub.fault("GET", "/" + file, this::corrupt, this::corrupt);
    fails(HubException.ChecksumMismatch.class, file, "nothing was kept");
    assertFalse(
        Files.exists(cache.resolve("models--org--name/snapshots/" + FakeHub.COMMIT + "/" + file)));
  }

  @Test
  void moreBytesThanSaid() {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/config.json",
        (x, c) -> {
          x.sendResponseHeaders(200, c.length + 1000);
          x.getResponseBody().write(new byte[c.length + 1000]);
          return true;
        });
    fails(HubException.SizeMismatch.class, "config.json", "longer");
  }

  @Test
  void fewerBytesThanSaid() {
    TinyModels.single(hub, ID);
    FakeHub.Fault shorter =
        (x, c) -> {
          x.sendResponseHeaders(200, c.length - 5);
          x.getResponseBody().write(c, 0, c.length - 5);
          return true;
        };
    hub.fault("GET", "/config.json", shorter, shorter, shorter, shorter);
    fails(HubException.Unreachable.class, "ended after");
  }

  @Test
  void compressionThatNobodyAskedFor() {
    TinyModels.single(hub, ID);
    FakeHub.Fault zipped =
        (x, c) -> {
          x.getResponseHeaders().set("Content-Encoding", "gzip");
          x.sendResponseHeaders(200, c.length);
          x.getResponseBody().write(c);
          return true;
        };
    hub.fault("GET", "/config.json", zipped, zipped, zipped, zipped);
    fails(HubException.BadResponse.class, "gzip");
  }

  @Test
  void nobodyListens() {
    hub.close();
    fails(HubException.Unreachable.class, "connection refused", "HF_ENDPOINT", "proxy");
  }

  @Test
  void aHostThatHasNoAddress() throws IOException {
    settings = new SettingsEdit(settings).endpoint("http://gatun.invalid");
    fails(HubException.Unreachable.class, "host name is not known");
  }
}
