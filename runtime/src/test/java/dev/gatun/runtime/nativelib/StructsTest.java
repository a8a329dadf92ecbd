package dev.gatun.runtime.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.Device;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.StructLayout;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StructsTest {

  @ParameterizedTest
  @EnumSource
  void layoutsAreThoseOfTheLibrary(Device.Kind kind) {
    KernelBinding binding = KernelBinding.of(kind);
    assumeTrue(kind == Device.Kind.CPU || binding.library().failure().isEmpty(), "not built");
    List<String> library =
        binding.layout().lines().filter(line -> !line.isBlank()).sorted().toList();

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
