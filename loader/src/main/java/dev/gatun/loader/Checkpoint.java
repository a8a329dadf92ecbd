package dev.gatun.loader;

import dev.gatun.loader.safetensors.SafetensorsException;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import dev.gatun.loader.safetensors.SafetensorsFile;
import dev.gatun.loader.safetensors.SafetensorsHeader;
import dev.gatun.loader.safetensors.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The weights of a model as stored: one memory-mapped safetensors file, or several shards seen as
 * one. Thread-safe.
 */
public final class Checkpoint implements AutoCloseable {
  private final List<SafetensorsFile> files;
  private final Map<String, SafetensorsFile> fileOf;

  private Checkpoint(List<SafetensorsFile> files) {
    this.files = List.copyOf(files);
    Map<String, SafetensorsFile> byName = new LinkedHashMap<>();
    for (SafetensorsFile file : files) {
      // A name in two shards: the later file wins, as in the reference.
      file.tensors().keySet().forEach(name -> byName.put(name, file));
    }
    this.fileOf = Collections.unmodifiableMap(byName);
  }

  /**
   * Opens the weights in a model's directory: {@code model.safetensors}, else every shard that
   * {@code model.safetensors.index.json} names. Also takes the path of one {@code .safetensors} or
   * {@code .index.json} file.
   *
   * @throws SafetensorsException if there are no weights, a shard is absent or a file is malformed
   */
  public static Checkpoint open(Path modelDirectory) {
    return open(CheckpointFiles.find(modelDirectory));
  }

  /** Opens these files as one checkpoint; of a tensor in several files the last is seen. */
  public static Checkpoint open(List<Path> paths) {
    List<SafetensorsFile> files = new ArrayList<>();
    try {
      for (Path path : paths) {
        files.add(SafetensorsFile.open(path));
      }
      return new Checkpoint(files);
    } catch (RuntimeException | Error e) {
      files.forEach(SafetensorsFile::close);
      throw e;
    }
  }

  /**
   * A checkpoint of which only the headers are at hand, for looking at names and shapes. Where two
   * tensors could be one, they are taken to be equal.
   */
  public static Checkpoint ofHeaders(Map<Path, SafetensorsHeader> headers) {
    List<SafetensorsFile> files = new ArrayList<>();
    headers.forEach((name, header) -> files.add(SafetensorsFile.ofHeader(name, header)));
    return new Checkpoint(files);
  }

  /** The names as stored, file after file, in the order of the data. */
  public Set<String> names() {
    return fileOf.keySet();
  }

  public boolean contains(String name) {
    return fileOf.containsKey(name);
  }

  /**
   * @throws SafetensorsException of kind TENSOR_NOT_FOUND
   */
  public TensorInfo info(String name) {
    return file(name).tensors().get(name);
  }

  /**
   * The bytes of a tensor, as {@link SafetensorsFile#data}.
   *
   * @throws SafetensorsException of kind TENSOR_NOT_FOUND
   * @throws IllegalStateException after {@link #close()}
   */
  public MemorySegment data(String name) {
    return file(name).data(name);
  }

  public List<Path> files() {
    return files.stream().map(SafetensorsFile::path).toList();
  }

  /** Unmaps every file; a second call does nothing. */
  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }

  private SafetensorsFile file(String name) {
    SafetensorsFile file = fileOf.get(name);
    if (file == null) {
      throw new SafetensorsException(
          Kind.TENSOR_NOT_FOUND, files.getFirst().path(), "holds no tensor \"" + name + '"');
    }
    return file;
  }
}
