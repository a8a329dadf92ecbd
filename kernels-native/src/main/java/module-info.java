/**
 * Holds the native kernel library as the resource {@code native/linux-x86_64/libgatun.so}; no Java
 * code. The folder name {@code native} is no legal package name, so the resource is visible to
 * other modules.
 */
module dev.gatun.kernels {}
