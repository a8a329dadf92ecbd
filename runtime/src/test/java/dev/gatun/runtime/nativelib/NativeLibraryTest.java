package dev.gatun.runtime.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.NativeLibraryException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {

  private static final ClassLoader WITH_LIBRARY = NativeLibraryTest.class.getClassLoader();
  private static final ClassLoader WITHOUT_LIBRARY = ClassLoader.getPlatformClassLoader();
  private static final String RESOURCE = "native/linux-x86_64/libgatun.so";

  @TempDir Path cache;

  @Test
  void packagedLibraryIsExtractedAndLoaded() {
    NativeLibrary.Found found =
        assertInstanceOf(NativeLibrary.Found.class, find(Optional.empty(), WITH_LIBRARY));

    assertTrue(found.path().startsWith(cache.resolve("gatun").resolve("native")), found.toString());
    assertTrue(found.symbols().find("gt_abi_version").isPresent());
    assertEquals(Optional.empty(), found.failure());
  }

  @Test
  void explicitPathIsLoadedWithoutExtraction() throws IOException {
    Path explicit = cache.resolve("mine.so");
    try (var in = WITH_LIBRARY.getResourceAsStream(RESOURCE)) {
      Files.copy(in, explicit);
    }

    NativeLibrary found = find(Optional.of(explicit), WITHOUT_LIBRARY);

    assertEquals(explicit, assertInstanceOf(NativeLibrary.Found.class, found).path());
  }

  @Test
  void explicitPathThatIsAbsentIsNotReplacedByThePackagedLibrary() {
    Path absent = cache.resolve("absent.so");

    assertEquals(
        "no kernel library: " + absent + " (the file named by -Dgatun.library.path) is not a file",
        failure(find(Optional.of(absent), WITH_LIBRARY)));
  }

  @Test
  void explicitPathThatIsNoLibraryNamesFileAndCause() throws IOException {
    Path text = Files.writeString(cache.resolve("text.so"), "not a library");

    NativeLibrary library = find(Optional.of(text), WITH_LIBRARY);

    String message = failure(library);
    assertTrue(
        message.startsWith(
            "the kernel library "
                + text
                + " (the file named by -Dgatun.library.path) could not be loaded: "),
        message);
    assertTrue(message.endsWith("; is it built for this system?"), message);
    assertInstanceOf(IllegalArgumentException.class, library.failure().orElseThrow().getCause());
  }

  @Test
  void classPathWithoutLibrarySaysWhatToAdd() {
    assertEquals(
        "no kernel library: -Dgatun.library.path is not set, and the class path holds no "
            + RESOURCE
            + "; add the gatun-kernels-native artifact to the application, or set"
            + " -Dgatun.library.path to a libgatun.so",
        failure(find(Optional.empty(), WITHOUT_LIBRARY)));
  }

  @Test
  void theCudaLibraryIsAFileOfItsOwn() throws IOException {
    String resource = "native/linux-x86_64/libgatun_cuda.so";
    assertEquals(
        "no CUDA kernel library: -Dgatun.cuda.library.path is not set, and the class path holds no "
            + resource
            + "; take a gatun-kernels-native artifact that was built where nvcc is installed, or"
            + " set -Dgatun.cuda.library.path to a libgatun_cuda.so",
        failure(findCuda(Optional.empty(), WITHOUT_LIBRARY)));
    Path absent = cache.resolve("absent.so");
    assertEquals(
        "no CUDA kernel library: "
            + absent
            + " (the file named by -Dgatun.cuda.library.path) is not a file",
        failure(findCuda(Optional.of(absent), WITH_LIBRARY)));
    Path text = Files.writeString(cache.resolve("text.so"), "not a library");
    assertTrue(
        failure(findCuda(Optional.of(text), WITH_LIBRARY))
            .startsWith(
                "the CUDA kernel library "
                    + text
                    + " (the file named by -Dgatun.cuda.library.path) could not be loaded: "));
  }

  @Test
  void otherPlatformsAreNamed() {
    assertEquals(
        "Gatun has no kernel library for windows-x86_64 (os.name 'Windows 11', os.arch 'amd64'); it"
            + " runs on linux-x86_64 only",
        failure(findOn("Windows 11", "amd64")));
    assertEquals(
        "Gatun has no kernel library for macos-aarch64 (os.name 'Mac OS X', os.arch 'aarch64'); it"
            + " runs on linux-x86_64 only",
        failure(findOn("Mac OS X", "aarch64")));
  }

  @Test
  void cacheThatCannotBeWrittenSaysWhatToDo() throws IOException {
    Path file = Files.createFile(cache.resolve("file"));
    NativeLibrary library =
        NativeLibrary.find(
            KernelFile.CPU,
            new NativeLibrary.Search(Optional.empty(), "Linux", "amd64", WITH_LIBRARY, file));

    String message = failure(library);
    assertTrue(
        message.startsWith(
            "the packaged kernel library "
                + RESOURCE
                + " could not be extracted below "
                + file
                + ": "),
        message);
    assertTrue(
        message.endsWith(
            "; make that directory writable, point XDG_CACHE_HOME elsewhere, or extract the library"
                + " yourself and set -Dgatun.library.path to it"),
        message);
    assertInstanceOf(IOException.class, library.failure().orElseThrow().getCause());
  }

  @Test
  void relativeXdgCacheHomeIsIgnored() {
    assertEquals(Path.of("/x"), cacheRoot(Map.of("XDG_CACHE_HOME", "/x", "HOME", "/h")));
    assertEquals(Path.of("/home/u/.cache"), cacheRoot(Map.of("XDG_CACHE_HOME", "x")));
    assertEquals(Path.of("/home/u/.cache"), cacheRoot(Map.of("XDG_CACHE_HOME", "")));
    assertEquals(Path.of("/home/u/.cache"), cacheRoot(Map.of()));
  }

  @Test
  void theHomeDirectoryIsTheEnvironments() {
    assertEquals(Path.of("/h/.cache"), cacheRoot(Map.of("HOME", "/h")));
    assertEquals(Path.of("/home/u/.cache"), cacheRoot(Map.of("HOME", "")));
  }

  private static Path cacheRoot(Map<String, String> environment) {
    return NativeLibrary.Search.cacheRoot(environment, "/home/u");
  }

  @Test
  void missingLibraryThrowsItsCauseOnUse() {
    NativeLibraryException cause = new NativeLibraryException("nowhere");

    KernelBinding binding = KernelBinding.bind(new NativeLibrary.Missing(cause));

    for (KernelSymbol symbol : KernelSymbol.values()) {
      assertSame(cause, assertThrows(NativeLibraryException.class, () -> binding.function(symbol)));
    }
  }

  @Test
  void libraryWithoutOurFunctionsNamesThem() {
    NativeLibrary.Found libc =
        new NativeLibrary.Found(Path.of("/lib/libc.so"), Linker.nativeLinker().defaultLookup());

    String message = failure(KernelBinding.bind(libc).library());

    assertTrue(
        message.startsWith(
            "the kernel library /lib/libc.so lacks gt_abi_version, gt_layout, gt_tier_name, "),
        message);
    assertTrue(
        message.endsWith(
            "gt_kv_append; use the gatun-kernels-native artifact of the same version as"
                + " gatun-runtime"),
        message);
  }

  @Test
  @SuppressWarnings("restricted") // the stub has the signature of the function it stands for
  void libraryOfAnotherAbiNamesBothVersions() throws ReflectiveOperationException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment seven =
          Linker.nativeLinker()
              .upcallStub(
                  MethodHandles.constant(int.class, 7),
                  FunctionDescriptor.of(ValueLayout.JAVA_INT),
                  arena);
      SymbolLookup symbols =
          name -> name.equals("gt_abi_version") ? Optional.of(seven) : Optional.empty();

      assertEquals(
          "the kernel library /old.so speaks ABI 7, this Gatun speaks ABI 4; use the"
              + " gatun-kernels-native artifact of the same version as gatun-runtime",
          failure(
              KernelBinding.bind(new NativeLibrary.Found(Path.of("/old.so"), symbols)).library()));
    }
  }

  private NativeLibrary find(Optional<Path> explicit, ClassLoader resources) {
    return NativeLibrary.find(
        KernelFile.CPU, new NativeLibrary.Search(explicit, "Linux", "amd64", resources, cache));
  }

  private NativeLibrary findCuda(Optional<Path> explicit, ClassLoader resources) {
    return NativeLibrary.find(
        KernelFile.CUDA, new NativeLibrary.Search(explicit, "Linux", "amd64", resources, cache));
  }

  private NativeLibrary findOn(String os, String arch) {
    return NativeLibrary.find(
        KernelFile.CPU, new NativeLibrary.Search(Optional.empty(), os, arch, WITH_LIBRARY, cache));
  }

  private static String failure(NativeLibrary library) {
    return library.failure().orElseThrow().getMessage();
  }
}
