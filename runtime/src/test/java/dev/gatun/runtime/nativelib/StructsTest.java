package dev.gatun.runtime.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.Device;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.StructLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class StructsTest {

  @Test
  void layoutsAreThoseOfTheLibrary() {
    List<String> library =
        KernelBinding.of(Device.Kind.CPU)
            .layout()
            .lines()
            .filter(line -> !line.isBlank())
            .sorted()
            .toList();

    assertEquals(library, Structs.ALL.stream().map(StructsTest::describe).sorted().toList());
  }

  /** As gt_layout writes it: {@code name size=.. field@offset:bytes ...}. */
  private static String describe(StructLayout struct) {
    StringBuilder text = new StringBuilder(struct.name().orElseThrow());
    text.append(" size=").append(struct.byteSize());
    for (MemoryLayout field : struct.memberLayouts()) {
      if (!(field instanceof PaddingLayout)) {
        String name = field.name().orElseThrow();
        text.append(' ').append(name).append('@').append(Structs.offset(struct, name));
        text.append(':').append(field.byteSize());
      }
    }
    return text.toString();
  }
}
