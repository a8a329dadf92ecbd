package dev.gatun.loader.safetensors;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A memory-mapped safetensors file. Nothing is copied: {@link #data} hands out slices of the
 * mapping, readable from any thread until {@link #close()}, after which every access is an {@link
 * IllegalStateException}.
 */
public final class SafetensorsFile implements AutoCloseable {
  private final Path path;
  private final SafetensorsHeader header;
  private final Arena arena;
  private final MemorySegment mapped;

  private SafetensorsFile(Path path, SafetensorsHeader header, Arena arena, MemorySegment mapped) {
    this.path = path;
    this.header = header;
    this.arena = arena;
    this.mapped = mapped;
  }

  /**
   * Validates the header of {@code path} and maps the file.
   *
   * @throws SafetensorsException if the file cannot be read or its header is wrong in any way
   */
  public static SafetensorsFile open(Path path) {
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      SafetensorsHeader header = SafetensorsHeader.read(path, channel);
      MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, header.fileSize(), arena);
      opened = true;
      return new SafetensorsFile(path, header, arena, mapped);
    } catch (NoSuchFileException e) {
      throw new SafetensorsException(Kind.IO_ERROR, path, "no such file", e);
    } catch (IOException e) {
      throw new SafetensorsException(
          Kind.IO_ERROR, path, "cannot be mapped: " + StrictJson.reason(e), e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /**
   * A file of which only the header is at hand. The data of every tensor is {@link
   * MemorySegment#NULL}.
   */
  public static SafetensorsFile ofHeader(Path name, SafetensorsHeader header) {
    return new SafetensorsFile(name, header, Arena.ofShared(), null);
  }

  /** The header alone, validated, without mapping the file. */
  public static SafetensorsHeader header(Path path) {
    return SafetensorsHeader.read(path);
  }

  public Path path() {
    return path;
  }

  /** The tensors by name, in the order of their data. */
  public Map<String, TensorInfo> tensors() {
    return header.tensors();
  }

  /** The file's free text, sorted by key. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * The bytes of a tensor: a read-only slice of the mapping, little-endian, not necessarily aligned
   * for its dtype.
   *
   * @throws SafetensorsException of kind TENSOR_NOT_FOUND
   * @throws IllegalStateException after {@link #close()}
   */
  public MemorySegment data(String name) {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new SafetensorsException(
          Kind.TENSOR_NOT_FOUND, path, "holds no tensor " + Text.quote(name));
    }
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(path + " is closed");
    }
    if (mapped == null) {
      return MemorySegment.NULL;
    }
    return mapped.asSlice(header.dataStart() + info.begin(), info.byteSize());
  }

  /** The bytes of {@code info}, one of {@link #tensors()}. */
  public MemorySegment data(TensorInfo info) {
    return data(info.name());
  }

  /**
   * Unmaps the file; a second call does nothing.
   *
   * @throws IllegalStateException while another thread is in the middle of an access; the file then
   *     stays open
   */
  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  @Override
  public String toString() {
    return path + " (" + header.tensors().size() + " tensors, " + header.fileSize() + " bytes)";
  }
}
