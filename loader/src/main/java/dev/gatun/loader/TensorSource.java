package dev.gatun.loader;

import dev.gatun.loader.safetensors.TensorInfo;
import java.lang.foreign.MemorySegment;

/**
 * Where a declared weight comes from. Tied weights have one and the same source.
 *
 * @param info the tensor as stored, its shape equal to the declared one
 * @param data its bytes in the mapped file, little-endian, not necessarily aligned
 * @param storedName its name in the file
 */
public record TensorSource(TensorInfo info, MemorySegment data, String storedName) {}
