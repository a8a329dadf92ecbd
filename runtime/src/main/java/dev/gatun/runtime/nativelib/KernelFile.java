package dev.gatun.runtime.nativelib;

/** The kernel libraries there are, as files. */
public enum KernelFile {
  CPU("kernel library", "libgatun.so", NativeLibrary.PATH_PROPERTY),
  CUDA("CUDA kernel library", "libgatun_cuda.so", NativeLibrary.CUDA_PATH_PROPERTY);

  private final String words;
  private final String fileName;
  private final String property;

  KernelFile(String words, String fileName, String property) {
    this.words = words;
    this.fileName = fileName;
    this.property = property;
  }

  /** What messages call it. */
  String words() {
    return words;
  }

  String fileName() {
    return fileName;
  }

  /** The system property that names another file to load. */
  String property() {
    return property;
  }
}
