package dev.gatun.loader.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HubEnvironmentTest {
  @Test
  void followsTheClientsPrecedence() {
    assertCache("/home/u/.cache/huggingface/hub", Map.of());
    assertCache("/x/huggingface/hub", Map.of("XDG_CACHE_HOME", "/x"));
    assertCache("/h/hub", Map.of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h"));
    assertCache("/old", Map.of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old"));
    assertCache(
        "/new", Map.of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old", "HF_HUB_CACHE", "/new"));
  }

  @Test
  void expandsHomeAndVariables() {
    assertCache("/home/u/models", Map.of("HF_HUB_CACHE", "~/models"));
    assertCache("/data/u/hub", Map.of("HF_HOME", "$BASE/${NAME}", "BASE", "/data", "NAME", "u"));
    assertCache(
        "/data/$1/$NONE/${NONE}",
        Map.of("HF_HUB_CACHE", "$BASE/$NONE/${NONE}", "BASE", "/data/$1"));
    assertCache("/a~/b", Map.of("HF_HUB_CACHE", "/a~/b"));
  }

  @Test
  void anEmptyVariableIsUnset() {
    assertCache("/home/u/.cache/huggingface/hub", Map.of("HF_HUB_CACHE", "", "HF_HOME", ""));
  }

  @Test
  void theHomeDirectoryIsTheEnvironments() {
    assertEquals(Path.of("/h/.cache/huggingface/hub"), cache(Map.of("HOME", "/h")));
    assertEquals(Path.of("/h/models"), cache(Map.of("HOME", "/h", "HF_HUB_CACHE", "~/models")));
    assertEquals(Path.of("/root/.cache/huggingface/hub"), cache(Map.of("HOME", "")));
    assertEquals(Path.of("/root/.cache/huggingface/hub"), cache(Map.of()));
    assertThrows(HubException.BadSetting.class, () -> cache(Map.of("HOME", "a\0b")));
  }

  private static Path cache(Map<String, String> variables) {
    return HubEnvironment.of(variables, "/root").cacheDirectory();
  }

  private static void assertCache(String expected, Map<String, String> variables) {
    assertEquals(
        Path.of(expected), new HubEnvironment(variables, Path.of("/home/u")).cacheDirectory());
  }
}
