package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.safetensors.SafetensorsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model on the hub is, without its weights. */
class RemoteInspectionTest {
  private static final String ID = "org/name";

  @TempDir Path directory;
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private ModelLocation.RemoteModel inspect() {
    return new Hub(hub.settings(directory), HubListener.NONE).inspect(ID, "main");
  }

  @Test
  void readsHeadersAlone() {
    byte[] file = TinyModels.safetensors("w", 1_000, 1);
    TinyModels.single(hub, ID).file("model.safetensors", file);
    ModelLocation.RemoteModel found = inspect();
    Checkpoint headers = found.headers().orElseThrow();
    assertEquals(Set.of("w"), headers.names());
    assertEquals(List.of(1_000L), headers.info("w").shape());
    int config = hub.repository(ID).files.get("config.json").length;
    assertEquals(file.length - 4_000, hub.contentBytes.get() - config, "not a byte of the weights");
    assertTrue(Files.isRegularFile(found.snapshot().path().resolve("config.json")));
    assertFalse(Files.exists(found.snapshot().path().resolve("model.safetensors")));
    headers.close();
  }

  @Test
  void readsTheHeaderOfEveryShard() {
    TinyModels.sharded(hub, ID);
    assertEquals(Set.of("a", "b"), inspect().headers().orElseThrow().names());
  }

  @Test
  void readsALongHeader() {
    String json =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}" + " ".repeat(300_000);
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    byte[] file =
        ByteBuffer.allocate(8 + header.length + 4)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .array();
    TinyModels.single(hub, ID).file("model.safetensors", file);
    assertEquals(Set.of("w"), inspect().headers().orElseThrow().names());
  }

  @Test
  void saysWhyThereAreNone() {
    hub.repository(ID).file("config.json", TinyModels.CONFIG).file("pytorch_model.bin", "x");
    ModelLocation.RemoteModel found = inspect();
    assertTrue(found.headers().isEmpty());
    assertTrue(found.problem().contains("pickle"), found::problem);
  }

  @Test
  void namesWhatIsWrongWithAHeader() {
    for (byte[] file : List.of(new byte[7], new byte[8], "<<<<<<<<<<".getBytes())) {
      TinyModels.single(hub, ID).file("model.safetensors", file);
      assertThrows(SafetensorsException.class, this::inspect);
    }
    TinyModels.single(hub, ID).file("model.safetensors", new byte[0]);
    assertThrows(HubException.BadResponse.class, this::inspect);
    byte[] truncated = TinyModels.safetensors("w", 10, 1);
    TinyModels.single(hub, ID).file("model.safetensors", Arrays.copyOf(truncated, 90));
    SafetensorsException e = assertThrows(SafetensorsException.class, this::inspect);
    assertTrue(e.getMessage().contains("org/name/model.safetensors"), e::getMessage);
  }

  @Test
  void aServerWithoutRangesIsNotReadToTheEnd() {
    TinyModels.single(hub, ID);
    hub.fault(
        "GET",
        "/model.safetensors",
        (x, c) -> {
          x.sendResponseHeaders(200, c.length);
          x.getResponseBody().write(c);
          return true;
        });
    HubException e = assertThrows(HubException.BadResponse.class, this::inspect);
    assertTrue(e.getMessage().contains("gatun download"), e::getMessage);
  }

  @Test
  void theLocatorPrefersWhatIsHereAndFallsBackOnWhatIsKnown() {
    TinyModels.single(hub, ID);
    var environment =
        new HubEnvironment(
            Map.of("HF_ENDPOINT", hub.endpoint().toString(), "HF_HUB_CACHE", directory.toString()),
            directory);
    var locator = ModelLocator.inspecting(environment, HubListener.NONE);
    assertTrue(locator.locate(ID) instanceof ModelLocation.RemoteModel);
    new Hub(environment, HubListener.NONE).download(ID, "main");
    int requests = hub.requests.size();
    assertTrue(locator.locate(ID) instanceof ModelLocation.CachedSnapshot);
    assertEquals(requests, hub.requests.size());
    hub.close();
    assertTrue(locator.locate("gpt2") instanceof ModelLocation.Catalogued);
  }
}
