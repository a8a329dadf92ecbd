package dev.gatun.runtime.nativelib;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Device;
import dev.gatun.KernelException;
import dev.gatun.NativeOutOfMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class NativeContextTest {

  private static final ContextOptions OPTIONS = ContextOptions.defaults().withThreads(1);

  @Test
  void opensEveryTierByName() {
    assertEquals("reference", NativeContext.tiers().getFirst());
    for (String tier : NativeContext.tiers()) {
      try (NativeContext context = NativeContext.open(OPTIONS.withThreads(2).withTier(tier))) {
        assertEquals(tier, context.tier());
        assertEquals(2, context.threads());
        assertEquals(Device.cpu(), context.device());
      }
    }
    try (NativeContext context = NativeContext.open(OPTIONS)) {
      assertEquals(NativeContext.tiers().getLast(), context.tier());
    }
  }

  @Test
  void unknownTierIsRefusedWithTheKnownOnes() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> NativeContext.open(OPTIONS.withTier("mmx")));

    assertEquals("unknown tier 'mmx'; known: reference, avx2, avx512, avx512_bf16", e.getMessage());
  }

  /** Said before a CUDA library is looked for: this test needs none. */
  @Test
  void tiersAreOfTheCpu() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> NativeContext.open(OPTIONS.withDevice(Device.cuda(1)).withTier("avx2")));

    assertEquals(
        "tier 'avx2' on cuda:1: tiers are of the CPU; leave it out, or run on the device cpu",
        e.getMessage());
  }

  @Test
  void refusalsOfTheLibraryKeepItsWordsAndStatus() {
    KernelException e =
        assertThrows(KernelException.class, () -> NativeContext.open(OPTIONS.withThreads(1 << 30)));

    assertEquals(KernelException.Status.INVALID_ARGUMENT, e.status());
    assertTrue(e.getMessage().contains("1073741824"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> OPTIONS.withThreads(-1));
  }

  @Test
  void impossibleAllocationIsOutOfMemory() {
    try (NativeContext context = NativeContext.open(OPTIONS);
        NativeArena arena = new NativeArena(context)) {
      long before = context.bytes();
      assertThrows(NativeOutOfMemoryException.class, () -> arena.allocate(1L << 60));
      assertEquals(before, context.bytes());
    }
  }

  @Test
  void memoryIsCountedFreedAndThenRefused() {
    try (NativeContext context = NativeContext.open(OPTIONS)) {
      long before = context.bytes();
      NativeArena arena = new NativeArena(context);
      MemorySegment memory = arena.allocate(1000);
      assertEquals(0, memory.address() % 64);
      assertEquals(1000, memory.byteSize());
      assertTrue(context.bytes() >= before + 1000);

      arena.close();
      arena.close();

      assertEquals(before, context.bytes());
      assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_BYTE, 0));
      assertThrows(IllegalStateException.class, () -> arena.allocate(1));
      // Also where a kernel, not Java, would read it.
      try (Arena host = Arena.ofConfined()) {
        MemorySegment target = host.allocate(1000);
        assertThrows(IllegalStateException.class, () -> context.download(memory, target));
      }
    }
  }

  @Test
  void copiesBothWaysFromNativeAndHeapMemory() {
    try (NativeContext context = NativeContext.open(OPTIONS);
        NativeArena arena = new NativeArena(context);
        Arena host = Arena.ofConfined()) {
      MemorySegment device = arena.allocate(8);
      int[] values = {3, -4};
      int[] back = new int[2];
      MemorySegment nativeHost = host.allocate(8, 4);

      context.upload(MemorySegment.ofArray(values), device);
      context.download(device, nativeHost);
      context.upload(nativeHost, device);
      context.download(device, MemorySegment.ofArray(back));

      assertArrayEquals(values, back);
      MemorySegment small = host.allocate(7);
      assertThrows(IndexOutOfBoundsException.class, () -> context.download(device, small));
      assertThrows(
          IndexOutOfBoundsException.class, () -> context.upload(nativeHost, device.asSlice(1)));
    }
  }

  @Test
  void closedContextRefusesUseButOutlivesItsArenas() {
    NativeContext context = NativeContext.open(OPTIONS);
    NativeArena arena = new NativeArena(context);
    MemorySegment memory = arena.allocate(4);

    context.close();
    context.close();

    assertThrows(IllegalStateException.class, context::bytes);
    assertThrows(IllegalStateException.class, () -> new NativeArena(context));
    assertThrows(IllegalStateException.class, () -> arena.allocate(4));
    memory.set(ValueLayout.JAVA_INT, 0, 5); // still there: nothing pulled the ground away
    arena.close();
    assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_INT, 0));
  }

  @Test
  void scratchRefusesTwoCallsAtOnce() {
    try (NativeContext context = NativeContext.open(OPTIONS);
        CallScratch scratch = new CallScratch(context)) {
      scratch.begin();
      assertThrows(IllegalStateException.class, scratch::begin);
      scratch.end();
      scratch.begin();
      scratch.end();
    }
  }

  /** Calls pass its memory and the context as bare addresses: both must outlive a call. */
  @Test
  void scratchInUseKeepsItselfAndTheContext() throws InterruptedException {
    NativeContext context = NativeContext.open(OPTIONS);
    CallScratch scratch = new CallScratch(context);
    scratch.begin();
    context.close();
    Thread closer = Thread.startVirtualThread(scratch::close);
    assertFalse(closer.join(Duration.ofMillis(20)), "closed under a call");
    assertTrue(scratch.message().scope().isAlive());
    assertTrue(context.handle().scope().isAlive());

    scratch.end();
    closer.join();
    assertFalse(scratch.message().scope().isAlive());
    assertFalse(context.handle().scope().isAlive());
    scratch.close();
    assertThrows(IllegalStateException.class, scratch::begin);
  }
}
