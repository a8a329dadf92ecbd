package dev.gatun;

import dev.gatun.loader.hub.HubEnvironment;
import dev.gatun.loader.hub.ModelLocator;
import dev.gatun.loader.hub.ModelRequest;
import dev.gatun.runtime.nativelib.ContextOptions;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * How a model is loaded. Immutable; start from {@link #defaults()}.
 *
 * @param architecture transformers class to build ({@code "BertModel"}); null takes the first of
 *     config.json's {@code architectures}
 * @param device where it runs
 * @param threads CPU threads including the caller; 0 for all this process may use. Means nothing on
 *     a GPU
 * @param tier highest CPU kernel tier to use ({@code "reference"}, {@code "avx2"}, {@code
 *     "avx512"}, {@code "avx512_bf16"}); null for the best this CPU runs, and on other devices
 * @param dtype precision to compute in
 * @param strict refuse a config.json with unknown keys that could change the numbers, instead of
 *     reporting them
 * @param revision branch, tag or commit of a model given by its id; null for {@code main}
 */
public record LoadOptions(
    String architecture,
    Device device,
    int threads,
    String tier,
    ComputeDtype dtype,
    boolean strict,
    String revision) {

  /**
   * @throws IllegalArgumentException if {@code threads} is negative
   */
  public LoadOptions {
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(dtype, "dtype");
    if (threads < 0) {
      throw new IllegalArgumentException("threads is " + threads + "; 0 for all, or a count");
    }
  }

  /**
   * The architecture config.json names, on the CPU, all threads, best tier, fp32, main revision.
   */
  public static LoadOptions defaults() {
    return new LoadOptions(null, Device.cpu(), 0, null, ComputeDtype.F32, false, null);
  }

  /** Directory of a model that was given by its path or id; one on the hub is downloaded. */
  Path locate(String idOrPath) {
    return ModelLocator.standard(HubEnvironment.system())
        .locateFiles(idOrPath, revision == null ? ModelRequest.DEFAULT_REVISION : revision);
  }

  /** What of this concerns the device. */
  ContextOptions context() {
    return new ContextOptions(device, threads, Optional.ofNullable(tier), dtype);
  }

  /** Builds this transformers class, whatever config.json names. */
  public LoadOptions withArchitecture(String className) {
    return new LoadOptions(className, device, threads, tier, dtype, strict, revision);
  }

  /** Runs on this device. */
  public LoadOptions withDevice(Device value) {
    return new LoadOptions(architecture, value, threads, tier, dtype, strict, revision);
  }

  /** Uses this many CPU threads including the caller; 0 for all. */
  public LoadOptions withThreads(int count) {
    return new LoadOptions(architecture, device, count, tier, dtype, strict, revision);
  }

  /**
   * Caps the CPU kernel tier: {@code "reference"}, {@code "avx2"}, {@code "avx512"} or {@code
   * "avx512_bf16"}.
   */
  public LoadOptions withTier(String name) {
    return new LoadOptions(architecture, device, threads, name, dtype, strict, revision);
  }

  /** Computes in this precision. */
  public LoadOptions withDtype(ComputeDtype value) {
    return new LoadOptions(architecture, device, threads, tier, value, strict, revision);
  }

  /** Refuses unknown config keys that could change the numbers. */
  public LoadOptions withStrict(boolean value) {
    return new LoadOptions(architecture, device, threads, tier, dtype, value, revision);
  }

  /** Takes this branch, tag or commit. */
  public LoadOptions withRevision(String name) {
    return new LoadOptions(architecture, device, threads, tier, dtype, strict, name);
  }
}
