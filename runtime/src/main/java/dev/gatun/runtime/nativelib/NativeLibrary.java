package dev.gatun.runtime.nativelib;

import dev.gatun.Device;
import dev.gatun.NativeLibraryException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A kernel library of this process, found or not. A library that is missing is a value with its
 * cause: nothing throws until a kernel is used, so that configurations can be inspected on machines
 * that cannot run them.
 */
public sealed interface NativeLibrary {

  /** System property: the path of the library to load, instead of the one packaged with Gatun. */
  String PATH_PROPERTY = "gatun.library.path";

  /** The same for the CUDA kernel library. */
  String CUDA_PATH_PROPERTY = "gatun.cuda.library.path";

  /** Loaded from {@code path}; never unloaded. */
  record Found(Path path, SymbolLookup symbols) implements NativeLibrary {}

  /** Not loaded; {@code cause} names every place tried and what to do. */
  record Missing(NativeLibraryException cause) implements NativeLibrary {}

  /** The library that all contexts of this process on such devices use, looked up once. */
  static NativeLibrary current(Device.Kind kind) {
    return KernelBinding.of(kind).library();
  }

  /**
   * Begins to bind the library of a device in a thread of its own, unless that has begun: a hundred
   * milliseconds of a fresh JVM in which the caller may parse files.
   */
  static void bindAhead(Device device) {
    Ahead.begin(device.kind());
  }

  /** Why kernels cannot be used in this process, if they cannot. */
  default Optional<NativeLibraryException> failure() {
    return this instanceof Missing missing ? Optional.of(missing.cause()) : Optional.empty();
  }

  /**
   * Looks where the system properties, the environment and the class path say.
   *
   * <p>In order: the file that the library's property names, and nothing else if that is set; the
   * resource {@code native/<os>-<arch>/<name>}, extracted to the user's cache.
   */
  static NativeLibrary find(KernelFile file) {
    return find(file, Search.ofProcess(file));
  }

  /** {@link #find(KernelFile)} with everything it reads from the process stated. */
  static NativeLibrary find(KernelFile file, Search search) {
    if (search.explicitPath().isPresent()) {
      return load(file, search.explicitPath().get(), "the file named by -D" + file.property());
    }
    String platform = platform(search.osName(), search.osArch());
    if (!platform.equals("linux-x86_64")) {
      return missing(
          "Gatun has no kernel library for %s (os.name '%s', os.arch '%s'); it runs on linux-x86_64 only",
          platform, search.osName(), search.osArch());
    }
    String resource = "native/" + platform + "/" + file.fileName();
    byte[] library;
    String hash;
    try (InputStream in = search.resources().getResourceAsStream(resource)) {
      if (in == null) {
        return missing(
            "no %s: -D%s is not set, and the class path holds no %s; %s, or set -D%s to a %s",
            file.words(),
            file.property(),
            resource,
            file == KernelFile.CPU
                ? "add the gatun-kernels-native artifact to the application"
                : "take a gatun-kernels-native artifact that was built where nvcc is installed",
            file.property(),
            file.fileName());
      }
      library = in.readAllBytes();
      hash = hash(search.resources(), resource);
    } catch (IOException e) {
      return missing(e, "reading the packaged %s %s failed: %s", file.words(), resource, e);
    }
    Path extracted;
    try {
      extracted = LibraryCache.extract(library, file.fileName(), hash, search.cacheRoot());
    } catch (IOException e) {
      return missing(
          e,
          "the packaged %s %s could not be extracted below %s: %s; make that directory writable, point"
              + " XDG_CACHE_HOME elsewhere, or extract the library yourself and set -D%s to it",
          file.words(),
          resource,
          search.cacheRoot(),
          e,
          file.property());
    }
    return load(file, extracted, "extracted from the packaged " + resource);
  }

  @SuppressWarnings("restricted") // verified, or named by the user
  private static NativeLibrary load(KernelFile kernels, Path path, String origin) {
    Path file = path.toAbsolutePath();
    if (!Files.isRegularFile(file)) {
      return missing("no %s: %s (%s) is not a file", kernels.words(), file, origin);
    }
    try {
      // Global: addresses live as long as the classes, so the library must stay as long.
      return new Found(file, SymbolLookup.libraryLookup(file, Arena.global()));
    } catch (IllegalArgumentException e) {
      return missing(
          e,
          "the %s %s (%s) could not be loaded: %s; is it built for this system?",
          kernels.words(),
          file,
          origin,
          e);
    } catch (IllegalCallerException e) {
      return missing(
          e,
          "loading the %s %s needs native access: pass --enable-native-access=dev.gatun.runtime"
              + " (--enable-native-access=ALL-UNNAMED when Gatun is on the class path) to java",
          kernels.words(),
          file);
    }
  }

  /** What the build has noted beside the library; empty where there is no such note. */
  private static String hash(ClassLoader resources, String library) throws IOException {
    try (InputStream in = resources.getResourceAsStream(library + ".sha256")) {
      return in == null ? "" : new String(in.readNBytes(64), StandardCharsets.US_ASCII);
    }
  }

  private static String platform(String osName, String osArch) {
    String os = osName.toLowerCase(Locale.ROOT);
    String system =
        os.startsWith("linux")
            ? "linux"
            : os.startsWith("windows") ? "windows" : os.startsWith("mac") ? "macos" : os;
    String machine = osArch.equals("amd64") || osArch.equals("x86_64") ? "x86_64" : osArch;
    return system + "-" + machine;
  }

  private static Missing missing(String format, Object... values) {
    return new Missing(new NativeLibraryException(String.format(Locale.ROOT, format, values)));
  }

  private static Missing missing(Throwable cause, String format, Object... values) {
    return new Missing(
        new NativeLibraryException(String.format(Locale.ROOT, format, values), cause));
  }

  /** What the search depends on. */
  record Search(
      Optional<Path> explicitPath,
      String osName,
      String osArch,
      ClassLoader resources,
      Path cacheRoot) {

    static Search ofProcess(KernelFile file) {
      return new Search(
          Optional.ofNullable(System.getProperty(file.property())).map(Path::of),
          System.getProperty("os.name"),
          System.getProperty("os.arch"),
          NativeLibrary.class.getClassLoader(),
          cacheRoot(System.getenv(), System.getProperty("user.home")));
    }

    /**
     * The XDG base directory rule: a relative XDG_CACHE_HOME is ignored. The home directory is
     * HOME; {@code userHome}, the account's, may be one that cannot be written to.
     */
    static Path cacheRoot(Map<String, String> environment, String userHome) {
      Path xdg = Path.of(environment.getOrDefault("XDG_CACHE_HOME", ""));
      if (xdg.isAbsolute()) {
        return xdg;
      }
      String home = environment.getOrDefault("HOME", "");
      return Path.of(home.isEmpty() ? userHome : home, ".cache");
    }
  }
}
