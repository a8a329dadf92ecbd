package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LifetimeTest {
  @Test
  void freesInReverseOrderWhenTheLastUseEnds() {
    var freed = new ArrayList<String>();
    var lifetime = new Lifetime("it");
    lifetime.owns(() -> freed.add("first"));
    lifetime.owns(() -> freed.add("second"));
    var use = lifetime.use();
    lifetime.close();
    assertEquals(List.of(), freed);
    assertEquals(
        "it is closed", assertThrows(IllegalStateException.class, lifetime::use).getMessage());
    use.close();
    assertEquals(List.of("second", "first"), freed);
    lifetime.close();
    assertEquals(2, freed.size());
  }

  @Test
  void aFailureDoesNotKeepTheOthersFromBeingFreed() {
    var freed = new ArrayList<String>();
    var lifetime = new Lifetime("it");
    lifetime.owns(() -> freed.add("first"));
    lifetime.owns(
        () -> {
          throw new IllegalArgumentException("no");
        });
    assertThrows(IllegalStateException.class, lifetime::close);
    assertEquals(List.of("first"), freed);
  }
}
