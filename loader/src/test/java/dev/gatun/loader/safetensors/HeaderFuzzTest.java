package dev.gatun.loader.safetensors;

import static dev.gatun.loader.safetensors.RawFile.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.gatun.loader.Mutator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Damaged headers, the same ones on every run: each either loads with every promise of the format
 * kept, or is refused by name. Nothing else may happen.
 */
class HeaderFuzzTest {
  private static final int INPUTS = 20_000;
  private static final long SEED = 20_260_713;

  private static final List<String> TOKENS =
      List.of(
          "18446744073709551615",
          "18446744073709551616",
          "9223372036854775808",
          "-1",
          "-0",
          "1.0",
          "1e3",
          "1e999",
          "null",
          "\"F32\"",
          "\"f32\"",
          "\"F4\"",
          "\"shape\"",
          "\"dtype\":\"U8\",",
          "\"data_offsets\":[0,0],",
          "\"__metadata__\":{},",
          "\"__metadata__\":{\"a\":1},",
          "\\ud800",
          "\\u0000",
          "\ufeff",
          "[[[[[[[[",
          "{\"a\":",
          "NaN",
          "//",
          "'");

  @Test
  void everyInputLoadsOrIsRefusedByName() {
    Random random = new Random(SEED);
    Mutator mutator = new Mutator(random, TOKENS);
    Map<SafetensorsException.Kind, Integer> refused =
        new EnumMap<>(SafetensorsException.Kind.class);
    int loaded = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] file = damagedFile(random, mutator);
      try {
        assertInvariants(MemoryChannel.read(file));
        loaded++;
      } catch (SafetensorsException e) {
        refused.merge(e.kind(), 1, Integer::sum);
      } catch (RuntimeException | Error e) {
        fail("input " + i + " of seed " + SEED + ": " + HexFormat.of().formatHex(file), e);
      }
    }
    // The mutations must reach every check, or the test says little.
    assertTrue(loaded > INPUTS / 20, "only " + loaded + " loaded");
    Set<SafetensorsException.Kind> reached = refused.keySet();
    for (SafetensorsException.Kind kind : SafetensorsException.Kind.values()) {
      if (kind.ordinal() <= SafetensorsException.Kind.METADATA_INCOMPLETE_BUFFER.ordinal()) {
        assertTrue(reached.contains(kind), kind + " was never reached: " + refused);
      }
    }
  }

  private static byte[] damagedFile(Random random, Mutator mutator) {
    List<String> entries = new ArrayList<>();
    if (random.nextInt(3) == 0) {
      entries.add("\"__metadata__\":{\"format\":\"pt\"}");
    }
    int end = 0;
    for (int i = random.nextInt(5); i > 0; i--) {
      DType dtype = DType.values()[random.nextInt(DType.values().length)];
      // Whole bytes of the packed types come in eights; now and then not.
      boolean odd = random.nextInt(12) == 0;
      long rows = random.nextInt(4);
      int bytes = Math.toIntExact(odd ? rows * dtype.bits() / 8 : rows * dtype.bits());
      String offsets = "[" + end + "," + (end + bytes) + "]";
      entries.add(
          entry("w." + i, dtype.name(), odd ? "[" + rows + "]" : "[" + rows + ",2,4]", offsets));
      end += bytes;
    }
    Collections.shuffle(entries, random);
    byte[] header = ("{" + String.join(",", entries) + "}").getBytes(StandardCharsets.UTF_8);
    for (int i = random.nextInt(4); i > 0; i--) {
      header = mutator.mutate(header);
    }
    long length =
        switch (random.nextInt(24)) {
          case 0 -> random.nextLong();
          case 1 -> header.length + random.nextInt(64) - 32;
          case 2 -> SafetensorsHeader.MAX_LENGTH + random.nextInt(2);
          default -> header.length;
        };
    int data = random.nextInt(16) == 0 ? random.nextInt(end + 8) : end;
    byte[] file = RawFile.of(length, header, data);
    return random.nextInt(100) == 0 ? Arrays.copyOf(file, random.nextInt(12)) : file;
  }

  private static void assertInvariants(SafetensorsHeader header) {
    long end = 0;
    for (Map.Entry<String, TensorInfo> entry : header.tensors().entrySet()) {
      TensorInfo info = entry.getValue();
      assertEquals(entry.getKey(), info.name());
      assertEquals(end, info.begin());
      assertTrue(info.shape().stream().allMatch(dimension -> dimension >= 0));
      assertEquals(
          Math.multiplyExact(info.elementCount(), info.dtype().bits()), 8 * info.byteSize());
      end = info.end();
    }
    assertEquals(header.fileSize(), header.dataStart() + end);
  }
}
