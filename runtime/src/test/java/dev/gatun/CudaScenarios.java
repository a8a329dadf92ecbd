package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.Backends;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** What {@link CudaTest} runs in JVMs of their own. */
final class CudaScenarios {
  private static final LoadOptions CPU = LoadOptions.defaults().withThreads(2);
  private static final LoadOptions CUDA = LoadOptions.defaults().withDevice(Device.cuda(0));
  private static final List<int[]> SEQUENCES =
      List.of(sequence(5), sequence(1), sequence(23), sequence(12));

  private CudaScenarios() {}

  public static void main(String[] args) throws Throwable {
    Backends.loadFake();
    switch (args[0]) {
      case "equal" -> equal();
      case "decode" -> decode();
      case "close" -> close();
      case "threads" -> threads();
      case "several" -> several();
      case "unavailable" -> unavailable(KernelException.Status.valueOf(args[1]));
      case "stuck" -> stuck();
      case "memory" -> memory();
      case "lost" -> lost();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static int[] sequence(int length) {
    return IntStream.range(0, length).map(i -> 3 + i * 7 % 40).toArray();
  }

  private static Model load(String fixture, LoadOptions options) {
    return Model.load(Fixtures.directory(fixture), options);
  }

  private static void equal() {
    for (ComputeDtype dtype : ComputeDtype.values()) {
      try (Model cpu = load("bert-masked-lm", CPU.withDtype(dtype));
          Model cuda = load("bert-masked-lm", CUDA.withDtype(dtype))) {
        assertEquals("cuda", cuda.tier());
        assertEquals(Device.cuda(0), cuda.device());
        Set<String> names = Set.copyOf(cpu.outputNames());
        Outputs expected = cpu.forward(Inputs.of(SEQUENCES), names);
        Outputs actual = cuda.forward(Inputs.of(SEQUENCES), names);
        double bound = dtype == ComputeDtype.F32 ? 1e-4 : 0.06;
        for (String name : names) {
          for (int s = 0; s < SEQUENCES.size(); s++) {
            assertClose(name, expected.values(name, s), actual.values(name, s), bound);
          }
        }
      }
    }
  }

  private static void assertClose(String name, float[] expected, float[] actual, double bound) {
    assertEquals(expected.length, actual.length, name);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], bound * (1 + Math.abs(expected[i])), name);
    }
  }

  /** Prompts of several lengths, texts that end early, a cache that grows: graphs come and go. */
  private static void decode() throws Throwable {
    for (String fixture : List.of("gpt2-lm", "t5")) {
      try (Model cpu = load(fixture, CPU);
          Model cuda = load(fixture, CUDA)) {
        int positions = cpu.config().maxPositions().orElse(100);
        int tokens = Math.min(positions - 23, 70);
        GenerationOptions options = GenerationOptions.greedy(tokens);
        List<int[]> expected = cpu.generateBatch(SEQUENCES, options);
        List<int[]> actual = cuda.generateBatch(SEQUENCES, options);
        for (int s = 0; s < SEQUENCES.size(); s++) {
          assertArrayEquals(expected.get(s), actual.get(s), fixture);
        }
        assertTrue(graphs() > 0, "no step of " + fixture + " was a graph");
        // Drawn: the logits leave the device.
        GenerationOptions drawn = options.withTemperature(0.8);
        assertArrayEquals(
            cpu.generate(SEQUENCES.getFirst(), drawn), cuda.generate(SEQUENCES.getFirst(), drawn));
      }
    }
  }

  /** Graphs that the fake driver keeps; of a real one 1, as it doesn't tell. */
  @SuppressWarnings("restricted") // long fake_cuda_get(const char *)
  private static long graphs() throws Throwable {
    if (Backends.fake().isEmpty()) {
      return 1;
    }
    MethodHandle get =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.libraryLookup(System.getProperty(Backends.FAKE_CUDA), Arena.global())
                    .findOrThrow("fake_cuda_get"),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
    try (Arena call = Arena.ofConfined()) {
      return (long) get.invokeExact(call.allocateFrom("graphs"));
    }
  }

  private static void close() {
    long free = freeBytes();
    long before;
    try (NativeContext context =
        NativeContext.open(ContextOptions.defaults().withDevice(Device.cuda(0)))) {
      before = context.bytes();
      Workspace workspace = Workspace.open(context);
      workspace.tensor(100, 1000);
      assertTrue(context.bytes() >= before + 400_000);
      workspace.close();
      workspace.close();
      assertEquals(before, context.bytes());
    }
    for (int life = 0; life < 3; life++) {
      Model model = load("gpt2-lm", CUDA);
      assertTrue(model.nativeBytes() > before);
      model.forward(Inputs.of(SEQUENCES), Set.of("logits"));
      model.close();
      model.close();
      assertThrows(
          IllegalStateException.class, () -> model.forward(Inputs.of(SEQUENCES), Set.of("logits")));
      assertThrows(IllegalStateException.class, model::nativeBytes);
      if (Backends.fake().isPresent()) { // a real device has other users
        assertEquals(free, freeBytes());
      }
    }
  }

  private static long freeBytes() {
    return Devices.list().get(1).freeBytes();
  }

  private static void threads() throws Exception {
    try (Model model = load("bert-model", CUDA);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<float[]> expected = new ArrayList<>();
      for (int[] sequence : SEQUENCES) {
        expected.add(hidden(model, sequence));
      }
      List<Callable<float[]>> calls = new ArrayList<>();
      for (int call = 0; call < 24; call++) {
        int[] sequence = SEQUENCES.get(call % SEQUENCES.size());
        calls.add(() -> hidden(model, sequence));
      }
      List<Future<float[]>> results = threads.invokeAll(calls);
      for (int call = 0; call < results.size(); call++) {
        assertArrayEquals(expected.get(call % SEQUENCES.size()), results.get(call).get());
      }
    }
  }

  private static float[] hidden(Model model, int[] sequence) {
    return model
        .forward(Inputs.of(List.of(sequence)), Set.of("last_hidden_state"))
        .values("last_hidden_state", 0);
  }

  private static void several() {
    List<DeviceInfo> devices = Devices.list();
    assertEquals(
        List.of(Device.cpu(), Device.cuda(0), Device.cuda(1)),
        devices.stream().map(DeviceInfo::device).toList());
    for (DeviceInfo info : devices) {
      assertTrue(info.isUsable(), info::toString);
      assertFalse(info.name().isEmpty());
      assertTrue(info.totalBytes() > 0 && info.freeBytes() > 0, info::toString);
    }
    assertEquals("8.0", devices.getLast().computeCapability().orElseThrow());
    assertEquals("13.0", devices.getLast().driverVersion().orElseThrow());
    assertEquals(Device.cuda(0), Device.best());
    try (Model first = load("bert-model", CUDA);
        Model second = load("bert-model", CUDA.withDevice(Device.cuda(1)))) {
      assertArrayEquals(hidden(first, SEQUENCES.getFirst()), hidden(second, SEQUENCES.getFirst()));
    }
    DeviceUnavailableException e =
        assertThrows(
            DeviceUnavailableException.class,
            () -> load("bert-model", CUDA.withDevice(Device.cuda(2))));
    assertEquals(KernelException.Status.NO_DEVICE, e.status());
    assertTrue(e.getMessage().contains("cuda:2"), e.getMessage());
  }

  private static void stuck() {
    System.setProperty("gatun.device.patience", "1");
    DeviceInfo info = Devices.list().get(1);
    assertEquals(Device.cuda(0), info.device());
    assertTrue(
        info.unusable().orElseThrow().contains("not answered for 1 seconds"), info::toString);
    assertEquals(Device.cpu(), Device.best());
  }

  private static void unavailable(KernelException.Status status) {
    DeviceUnavailableException e =
        assertThrows(DeviceUnavailableException.class, () -> load("bert-model", CUDA));
    assertEquals(status, e.status(), e.getMessage());
    assertTrue(e.getMessage().contains("--device cpu"), e.getMessage());
    DeviceInfo info = Devices.list().get(1);
    assertEquals(Device.cuda(0), info.device());
    assertFalse(info.isUsable());
    assertFalse(info.unusable().orElseThrow().startsWith("device_"), info::toString);
    assertEquals(Device.cpu(), Device.best());
    try (Model model = load("bert-model", CPU.withDevice(Device.best()))) {
      assertEquals(Device.cpu(), model.device());
    }
  }

  private static void memory() {
    try (Model model = load("bert-model", CUDA)) {
      float[] expected = hidden(model, SEQUENCES.getFirst());
      int[][] many = new int[4000][];
      Arrays.fill(many, sequence(20));
      NativeOutOfMemoryException e =
          assertThrows(
              NativeOutOfMemoryException.class,
              () -> model.forward(Inputs.of(List.of(many)), Set.of("last_hidden_state")));
      assertTrue(e.getMessage().contains("cuda:0"), e.getMessage());
      assertArrayEquals(expected, hidden(model, SEQUENCES.getFirst()));
    }
  }

  private static void lost() {
    Model model = load("bert-model", CUDA);
    KernelException e =
        assertThrows(
            KernelException.class,
            () -> {
              while (true) {
                hidden(model, SEQUENCES.getFirst());
              }
            });
    assertInstanceOf(DeviceLostException.class, e);
    assertEquals(KernelException.Status.DEVICE_LOST, e.status());
    assertThrows(DeviceLostException.class, () -> hidden(model, SEQUENCES.getFirst()));
    model.close();
    assertThrows(IllegalStateException.class, () -> hidden(model, SEQUENCES.getFirst()));
  }
}
