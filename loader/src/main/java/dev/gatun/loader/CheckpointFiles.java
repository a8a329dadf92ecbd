package dev.gatun.loader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import dev.gatun.loader.safetensors.SafetensorsException;
import dev.gatun.loader.safetensors.SafetensorsException.Kind;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Which files of a directory are its weights. */
final class CheckpointFiles {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final long LONGEST_INDEX = 100_000_000;

  private CheckpointFiles() {}

  static List<Path> find(Path path) {
    if (!Files.isDirectory(path)) {
      return path.toString().endsWith(".json") ? shards(path) : List.of(path);
    }
    Path single = path.resolve(SINGLE);
    if (Files.exists(single)) {
      return List.of(single);
    }
    Path index = path.resolve(INDEX);
    if (Files.exists(index)) {
      return shards(index);
    }
    throw new SafetensorsException(
        Kind.MISSING_FILE, path, "holds neither " + SINGLE + " nor " + INDEX + otherWeights(path));
  }

  /**
   * The distinct files of an index, sorted. As in the reference the map itself does not pick
   * tensors: whatever the shards hold is loaded. Unlike it an index without {@code metadata}, of
   * which nothing is used, is accepted.
   */
  private static List<Path> shards(Path index) {
    ObjectNode root = readIndex(index);
    if (!(root.get("weight_map") instanceof ObjectNode weightMap)) {
      throw new SafetensorsException(Kind.JSON_ERROR, index, "has no object named weight_map");
    }
    TreeSet<String> names = new TreeSet<>();
    for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
      if (!entry.getValue().isTextual()) {
        throw new SafetensorsException(
            Kind.JSON_ERROR,
            index,
            "maps " + Text.quote(entry.getKey()) + " to something other than a file name");
      }
      names.add(entry.getValue().textValue());
    }
    if (names.isEmpty()) {
      throw new SafetensorsException(Kind.JSON_ERROR, index, "has an empty weight_map");
    }
    Path directory = index.toAbsolutePath().normalize().getParent();
    return names.stream().map(name -> shard(index, directory, name)).toList();
  }

  private static Path shard(Path index, Path directory, String name) {
    Path shard;
    try {
      shard = directory.resolve(name).normalize();
    } catch (InvalidPathException e) {
      throw new SafetensorsException(
          Kind.JSON_ERROR, index, "names the impossible file " + Text.quote(name), e);
    }
    // By name only: within a Hugging Face cache the shards themselves are links that leave the
    // directory.
    if (!shard.startsWith(directory) || shard.equals(directory)) {
      throw new SafetensorsException(
          Kind.PATH_ESCAPE, index, "names a file outside its directory: " + Text.quote(name));
    }
    if (!Files.exists(shard)) {
      throw new SafetensorsException(
          Kind.MISSING_FILE, index, "names the shard " + Text.quote(name) + ", which is absent");
    }
    return shard;
  }

  private static ObjectNode readIndex(Path index) {
    try {
      if (Files.size(index) > LONGEST_INDEX) {
        throw new SafetensorsException(
            Kind.JSON_ERROR, index, "is larger than " + LONGEST_INDEX + " bytes");
      }
      return StrictJson.readObject(Files.readAllBytes(index));
    } catch (JsonProcessingException e) {
      throw new SafetensorsException(
          Kind.JSON_ERROR, index, "is malformed: " + StrictJson.reason(e), e);
    } catch (IOException e) {
      throw new SafetensorsException(
          Kind.IO_ERROR, index, "cannot be read: " + StrictJson.reason(e), e);
    }
  }

  /** What to do about weights that are there in another form. */
  private static String otherWeights(Path directory) {
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(directory, "*.{bin,safetensors,pt,pth,h5,msgpack,gguf,onnx}")) {
      TreeSet<String> names = new TreeSet<>();
      found.forEach(file -> names.add(file.getFileName().toString()));
      if (names.isEmpty()) {
        return "";
      }
      boolean pickled = names.stream().anyMatch(name -> name.startsWith("pytorch_model"));
      return "; it holds "
          + String.join(", ", names.stream().limit(5).toList())
          + (pickled
              ? ". A .bin file is a Python pickle, which can run code and is not read here: fetch a revision with"
                  + " safetensors, or convert it once with transformers, save_pretrained(directory)"
              : "");
    } catch (IOException e) {
      return "; its files cannot be listed: " + StrictJson.reason(e);
    }
  }
}
