package dev.gatun.loader.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.config.SentenceTransformerConfig;
import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Which files of a repository a load reads. Everything else stays where it is. */
final class ModelFiles {
  static final String CONFIG = "config.json";
  static final String MODULES = "modules.json";
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  /** Longest modules.json and index that are read. */
  static final int LONGEST_JSON = 100_000_000;

  private static final int MOST_FOLDERS = 100;

  /** Of a model's own folder, or of a folder with a transformer or a tokenizer in it. */
  private static final List<String> MODEL =
      List.of(
          CONFIG,
          "generation_config.json",
          "preprocessor_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "chat_template.jinja",
          "vocab.txt",
          "vocab.json",
          "merges.txt",
          "spiece.model",
          "sentencepiece.bpe.model",
          "tokenizer.model",
          "spm.model",
          "tekken.json",
          "config_sentence_transformers.json");

  private ModelFiles() {}

  /**
   * A folder of a sentence-transformers model.
   *
   * @param path below the model's; empty for the model's own
   * @param type last part of the class name
   */
  record Folder(String path, String type) {
    String file(String name) {
      return path.isEmpty() ? name : path + "/" + name;
    }

    /** What a load looks for here, apart from the weights. */
    List<String> files() {
      return switch (type) {
        case "Pooling", "Normalize", "Dense", "LayerNorm" -> List.of(file(CONFIG));
        default ->
            Stream.concat(MODEL.stream(), SentenceTransformerConfig.LIMITS.stream())
                .map(this::file)
                .toList();
      };
    }

    boolean hasWeights() {
      return !type.equals("Pooling") && !type.equals("Normalize");
    }
  }

  /** The model's own folder, which every model has. */
  static final Folder ROOT = new Folder("", "Transformer");

  /**
   * The folders that modules.json names, each once; the model's own may be among them.
   *
   * @throws HubException.UnsafeName if one leads elsewhere
   * @throws HubException.BadResponse if it is no list of modules
   */
  static List<Folder> folders(byte[] modules) {
    List<Folder> folders = new ArrayList<>();
    try {
      for (JsonNode module : StrictJson.readArray(modules)) {
        String path = module.path("path").asText("").replaceAll("/+$", "");
        String type = module.path("type").asText("");
        var folder = new Folder(path, type.substring(type.lastIndexOf('.') + 1));
        if (!path.isEmpty()) {
          SafeNames.file(path, MODULES);
        }
        if (!folders.contains(folder)) {
          folders.add(folder);
        }
        if (folders.size() > MOST_FOLDERS) {
          throw new HubException.BadResponse(
              MODULES + " names more than " + MOST_FOLDERS + " modules: use another model", null);
        }
      }
    } catch (IOException e) {
      throw malformed(MODULES, e);
    }
    return folders;
  }

  /**
   * The distinct shards that an index names, sorted.
   *
   * @throws HubException.UnsafeName if one leads elsewhere
   * @throws HubException.BadResponse if it is no index
   */
  static List<String> shards(Folder folder, byte[] index) {
    String file = folder.file(INDEX);
    try {
      if (!(StrictJson.readObject(index).get("weight_map") instanceof ObjectNode map)
          || map.isEmpty()) {
        throw new HubException.BadResponse(
            file + " maps no tensors to files: use another model", null);
      }
      var shards = new TreeSet<String>();
      for (Map.Entry<String, JsonNode> entry : map.properties()) {
        shards.add(SafeNames.file(folder.file(entry.getValue().asText("")), file));
      }
      return List.copyOf(shards);
    } catch (IOException e) {
      throw malformed(file, e);
    }
  }

  private static HubException malformed(String file, IOException e) {
    return new HubException.BadResponse(
        file + " is malformed: " + StrictJson.reason(e) + ". Use another revision or model", e);
  }

  /**
   * The exception for a folder whose weights are in other forms.
   *
   * @param names of all files
   */
  static HubException noSafetensors(ModelRequest request, Folder folder, Iterable<String> names) {
    var others = new TreeSet<String>();
    for (String name : names) {
      boolean here =
          name.startsWith(folder.file("")) && name.indexOf('/', folder.file("").length()) < 0;
      if (here && name.matches(".*\\.(bin|pt|pth|ckpt|h5|msgpack|gguf|onnx|safetensors)")) {
        others.add(name);
      }
    }
    String where = folder.path().isEmpty() ? "" : " in " + folder.path();
    return new HubException.NoSafetensors(
        Text.quote(request.model())
            + " has no "
            + WEIGHTS
            + where
            + (others.isEmpty() ? " and no other weights" : ", only " + firstOf(others))
            + ". A .bin file is a Python pickle, which can run code and is not read here: give a"
            + " revision with safetensors (the hub's conversion bot often opens one, refs/pr/N), or"
            + " convert it once with transformers, save_pretrained(directory)");
  }

  private static String firstOf(TreeSet<String> names) {
    return String.join(", ", names.stream().limit(5).toList()) + (names.size() > 5 ? " …" : "");
  }
}
