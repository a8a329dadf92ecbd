package dev.gatun.runtime.nativelib;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import dev.gatun.KernelException;
import dev.gatun.loader.safetensors.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * A device opened for work: its threads, its tier of kernels, its scratch memory. May be used from
 * many threads.
 *
 * <p>After {@link #close()} every new use throws IllegalStateException. The native context itself
 * goes when the last {@link NativeArena} made from it is closed, so that the order of closing
 * cannot matter.
 */
public final class NativeContext implements AutoCloseable {

  /** How a weight matrix lies in memory; ordinals are {@code gt_weight_layout}. */
  public enum WeightLayout {
    /** {@code [out, in]}: torch.nn.Linear. */
    OUT_IN,
    /** {@code [in, out]}: GPT-2's Conv1D. */
    IN_OUT
  }

  private static final int TIER_AUTO = -1;
  private static final int GPU_CALLS = 8;

  private final Device device;
  private final ComputeDtype dtype;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment[] functions;
  private final MemorySegment handle;
  private final int threads;
  private final String tier;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicInteger users = new AtomicInteger(1);

  @SuppressWarnings("restricted") // the destroy function is that of the creation
  private NativeContext(ContextOptions options) {
    this.device = options.device();
    this.dtype = options.dtype();
    int cap = options.tier().map(name -> tierNumber(name, device)).orElse(TIER_AUTO);
    KernelBinding binding = KernelBinding.of(device.kind());
    this.functions = binding.functions();
    MemorySegment raw;
    try (Arena call = Arena.ofConfined()) {
      MemorySegment params = call.allocate(Structs.CONTEXT_PARAMS);
      params.set(ValueLayout.JAVA_INT, 0, (int) Structs.CONTEXT_PARAMS.byteSize());
      params.set(
          ValueLayout.JAVA_INT,
          Structs.offset(Structs.CONTEXT_PARAMS, "threads"),
          options.threads());
      params.set(ValueLayout.JAVA_INT, Structs.offset(Structs.CONTEXT_PARAMS, "tier"), cap);
      params.set(
          ValueLayout.JAVA_INT, Structs.offset(Structs.CONTEXT_PARAMS, "device"), device.index());
      MemorySegment out = call.allocate(ValueLayout.ADDRESS);
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      int status =
          (int)
              Kernels.CONTEXT_CREATE.invokeExact(
                  function(KernelSymbol.CONTEXT_CREATE),
                  params,
                  out,
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
      raw = out.get(ValueLayout.ADDRESS, 0);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
    this.handle = raw.reinterpret(arena, this::destroy);
    try {
      this.threads =
          (int) Kernels.CONTEXT_THREADS.invokeExact(function(KernelSymbol.CONTEXT_THREADS), handle);
      int number =
          (int) Kernels.CONTEXT_TIER.invokeExact(function(KernelSymbol.CONTEXT_TIER), handle);
      this.tier = binding.tierName(number).orElseThrow();
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /**
   * Opens a device.
   *
   * @throws dev.gatun.NativeLibraryException if the kernel library is missing
   * @throws IllegalArgumentException if no tier has the name in the options, or there is one for a
   *     device that has no tiers
   * @throws KernelException UNSUPPORTED if the CPU cannot run that tier
   * @throws dev.gatun.DeviceUnavailableException if the device cannot be used
   */
  public static NativeContext open(ContextOptions options) {
    return new NativeContext(options);
  }

  /** Names of the tiers that this CPU runs, from the scalar reference up to the best. */
  public static List<String> tiers() {
    KernelBinding cpu = KernelBinding.of(Device.Kind.CPU);
    return IntStream.rangeClosed(0, cpu.bestTier())
        .mapToObj(tier -> cpu.tierName(tier).orElseThrow())
        .toList();
  }

  public Device device() {
    return device;
  }

  /** Whether memory of the device is the host's, and every op done when it returns. */
  public boolean isHost() {
    return device.kind() == Device.Kind.CPU;
  }

  /** Precision of linear layers and attention. */
  public ComputeDtype dtype() {
    return dtype;
  }

  /** Threads that a call may use, the caller's included. */
  public int threads() {
    return threads;
  }

  /** Calls worth running at once: on a GPU each has memory and a queue of its own there. */
  public int concurrentCalls() {
    return isHost() ? Math.max(threads + 1, Runtime.getRuntime().availableProcessors()) : GPU_CALLS;
  }

  /** Name of the tier whose kernels run. */
  public String tier() {
    return tier;
  }

  /** Bytes now held through this context: memory, packed weights, scratch. */
  public long bytes() {
    requireOpen();
    try {
      return (long)
          Kernels.Facts.CONTEXT_BYTES.invokeExact(function(KernelSymbol.CONTEXT_BYTES), handle);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  public boolean isOpen() {
    return !closed.get();
  }

  /**
   * @throws IllegalStateException if this context is closed
   */
  public void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException("the native context is closed");
    }
  }

  /**
   * Copies host memory (native or of a Java array) to memory of the device; all queues may read it
   * then.
   */
  public void upload(MemorySegment host, MemorySegment target) {
    requireOpen();
    try (Arena call = Arena.ofConfined()) {
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      Copies.upload(this, handle, host, target, message, call);
    }
  }

  /**
   * Copies memory of the device to host memory (native or of a Java array) of at least that size.
   * What a {@link CallScratch} has queued to write there must be done.
   */
  public void download(MemorySegment source, MemorySegment host) {
    requireOpen();
    try (Arena call = Arena.ofConfined()) {
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      Copies.download(this, handle, source, host, message, call);
    }
  }

  /**
   * Packs output features {@code [firstRow, firstRow + rows)} of a linear layer, on all of the
   * context's threads.
   *
   * @param linear from {@link NativeArena#createLinear}
   * @param weight host memory in {@code layout}, aligned for its dtype
   * @param bias host memory {@code [rows]}, or {@link MemorySegment#NULL} for none
   */
  public void packLinear(
      MemorySegment linear,
      long firstRow,
      long rows,
      MemorySegment weight,
      DType weightType,
      WeightLayout layout,
      MemorySegment bias,
      DType biasType) {
    requireOpen();
    try (Arena call = Arena.ofConfined()) {
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      int status =
          (int)
              Kernels.LINEAR_PACK.invokeExact(
                  function(KernelSymbol.LINEAR_PACK),
                  handle,
                  linear,
                  firstRow,
                  rows,
                  weight,
                  WeightTypes.code(weightType),
                  layout.ordinal(),
                  bias,
                  WeightTypes.code(biasType),
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /**
   * Says that a part of a mapped file won't be read soon: its pages stop counting as this process's
   * memory until they are touched again.
   *
   * @param mapped of a file mapped read-only; other memory, whose contents would be lost, is left
   *     alone
   */
  public void releasePages(MemorySegment mapped) {
    if (!mapped.isMapped() || !mapped.isReadOnly()) {
      return;
    }
    try {
      Kernels.RELEASE_PAGES.invokeExact(
          function(KernelSymbol.RELEASE_PAGES), mapped, mapped.byteSize());
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /**
   * Lets no new use begin; frees the native context once nothing made from it is left. Closing
   * twice is allowed.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release();
    }
  }

  /** The gt_context, for calls. */
  MemorySegment handle() {
    return handle;
  }

  /** Where this context's library has a function. */
  MemorySegment function(KernelSymbol symbol) {
    return functions[symbol.ordinal()];
  }

  /** Keeps the native context in being for one more {@link #release()}. */
  void retain() {
    requireOpen();
    int before;
    do {
      before = users.get();
      if (before == 0) {
        throw new IllegalStateException("the native context is closed");
      }
    } while (!users.compareAndSet(before, before + 1));
  }

  void release() {
    if (users.decrementAndGet() == 0) {
      NativeArena.closeWhenIdle(arena);
    }
  }

  MemorySegment allocate(long bytes) {
    requireOpen();
    try (Arena call = Arena.ofConfined()) {
      MemorySegment out = call.allocate(ValueLayout.ADDRESS);
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      int status =
          (int)
              Kernels.ALLOCATE.invokeExact(
                  function(KernelSymbol.ALLOCATE),
                  handle,
                  bytes,
                  out,
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
      return out.get(ValueLayout.ADDRESS, 0);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  void free(MemorySegment memory) {
    try {
      Kernels.FREE.invokeExact(function(KernelSymbol.FREE), handle, memory);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  MemorySegment createLinear(long inFeatures, long outFeatures, boolean gated) {
    requireOpen();
    try (Arena call = Arena.ofConfined()) {
      MemorySegment out = call.allocate(ValueLayout.ADDRESS);
      MemorySegment message = call.allocate(CallScratch.MESSAGE_BYTES);
      int status =
          (int)
              Kernels.LINEAR_CREATE.invokeExact(
                  function(KernelSymbol.LINEAR_CREATE),
                  handle,
                  inFeatures,
                  outFeatures,
                  WeightTypes.code(dtype),
                  gated ? 1 : 0,
                  out,
                  message,
                  CallScratch.MESSAGE_BYTES);
      NativeStatus.check(status, message);
      return out.get(ValueLayout.ADDRESS, 0);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  void destroyLinear(MemorySegment linear) {
    try {
      Kernels.Closing.LINEAR_DESTROY.invokeExact(
          function(KernelSymbol.LINEAR_DESTROY), handle, linear);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  /** Of the context itself, and of its forks. */
  void destroy(MemorySegment context) {
    try {
      Kernels.Closing.CONTEXT_DESTROY.invokeExact(function(KernelSymbol.CONTEXT_DESTROY), context);
    } catch (Throwable e) {
      throw Kernels.rethrow(e);
    }
  }

  private static int tierNumber(String name, Device device) {
    if (device.kind() != Device.Kind.CPU) {
      throw new IllegalArgumentException(
          "tier '%s' on %s: tiers are of the CPU; leave it out, or run on the device cpu"
              .formatted(name, device));
    }
    return KernelBinding.of(device.kind()).tierNumber(name);
  }
}
