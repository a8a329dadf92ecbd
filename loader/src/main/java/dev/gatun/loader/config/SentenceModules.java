package dev.gatun.loader.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gatun.loader.json.Text;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads {@code modules.json} and what it points to. */
final class SentenceModules {
  private static final String SUPPORTED =
      "[Transformer, Pooling] or [StaticEmbedding], then any of Dense, LayerNorm, Normalize";

  /** Classes of {@code torch.nn} that a Dense layer may name, by the last part of their name. */
  private static final Map<String, Activation> TORCH_ACTIVATIONS =
      Map.of(
          "Identity", Activation.IDENTITY,
          "Tanh", Activation.TANH,
          "ReLU", Activation.RELU,
          "GELU", Activation.GELU_ERF,
          "SiLU", Activation.SILU,
          "Sigmoid", Activation.SIGMOID,
          "ReLU6", Activation.RELU6,
          "LeakyReLU", Activation.LEAKY_RELU,
          "Mish", Activation.MISH,
          "Hardswish", Activation.HARDSWISH);

  private final Path directory;
  private final Path file;

  SentenceModules(Path directory) {
    this.directory = directory.toAbsolutePath().normalize();
    this.file = directory.resolve("modules.json");
  }

  /** Whether there is a modules.json. */
  boolean exist() {
    return Files.exists(file);
  }

  /** The modules that modules.json lists, in their order. */
  List<SentenceModule> read() {
    List<SentenceModule> modules = new ArrayList<>();
    for (JsonNode node : ConfigParser.readArray(file)) {
      if (!node.path("type").isTextual() || !node.path("path").isTextual()) {
        throw new ConfigException(
            file.toString(),
            "a module lacks its type or path: " + Text.shorten(node.toString(), 200),
            null);
      }
      String type = node.get("type").textValue();
      // Packages were renamed between releases: only the class says what it is.
      String name = type.substring(type.lastIndexOf('.') + 1);
      if (!name.equals("Dropout")) { // of training alone
        modules.add(module(name, path(node.get("path").textValue())));
      }
    }
    checkOrder(modules);
    return List.copyOf(modules);
  }

  /**
   * The modules of a model that lists none: a transformer with mean pooling, or the last token of a
   * causal model; a table where model2vec itself has written the directory.
   */
  List<SentenceModule> defaults() {
    Path config = directory.resolve("config.json");
    PoolingMode pooling = PoolingMode.MEAN;
    if (Files.exists(config)) {
      var keys = ConfigReader.of(config);
      if (keys.optionalText("model_type").orElse("").equals("model2vec")) {
        var table = new SentenceModule.StaticEmbedding("");
        return keys.bool("normalize", false)
            ? List.of(table, new SentenceModule.Normalize())
            : List.of(table);
      }
      List<String> architectures = keys.texts("architectures");
      if (!architectures.isEmpty()
          && architectures.getFirst().endsWith("ForCausalLM")
          && keys.bool("is_causal", true)) {
        pooling = PoolingMode.LASTTOKEN;
      }
    }
    return List.of(
        new SentenceModule.Transformer(""), new SentenceModule.Pooling(List.of(pooling), true));
  }

  private SentenceModule module(String type, String path) {
    return switch (type) {
      case "Transformer" -> new SentenceModule.Transformer(path);
      case "StaticEmbedding" -> new SentenceModule.StaticEmbedding(path);
      case "Pooling" -> pooling(path);
      case "Dense" -> dense(path);
      case "LayerNorm" -> new SentenceModule.LayerNorm(path, width(keys(path), "dimension"));
      case "Normalize" -> normalize(path);
      default -> throw new ConfigException(file.toString(), "type", type, SUPPORTED);
    };
  }

  private SentenceModule normalize(String path) {
    if (Files.exists(directory.resolve(path).resolve("config.json")) && !path.isEmpty()) {
      onlySentenceEmbedding(keys(path));
    }
    return new SentenceModule.Normalize();
  }

  private SentenceModule pooling(String path) {
    ConfigReader keys = keys(path);
    boolean includePrompt = keys.bool("include_prompt", true);
    List<PoolingMode> modes = new ArrayList<>();
    JsonNode mode = keys.nullable("pooling_mode");
    if (mode != null) {
      List<String> names =
          mode.isTextual() ? List.of(mode.textValue()) : keys.texts("pooling_mode");
      names.forEach(name -> modes.add(PoolingMode.read(keys, "pooling_mode", name)));
    } else {
      for (PoolingMode old : PoolingMode.values()) {
        if (keys.bool(old.oldKey(), false)) {
          modes.add(old);
        }
      }
    }
    return new SentenceModule.Pooling(
        modes.isEmpty() ? List.of(PoolingMode.MEAN) : modes, includePrompt);
  }

  private SentenceModule dense(String path) {
    ConfigReader keys = keys(path);
    onlySentenceEmbedding(keys);
    return new SentenceModule.Dense(
        path,
        width(keys, "in_features"),
        width(keys, "out_features"),
        keys.bool("bias", true),
        activation(keys),
        keys.bool("use_residual", false));
  }

  private static Activation activation(ConfigReader keys) {
    String name =
        keys.optionalText("activation_function").orElse("torch.nn.modules.activation.Tanh");
    Activation activation = TORCH_ACTIVATIONS.get(name.substring(name.lastIndexOf('.') + 1));
    if (!name.startsWith("torch.") || activation == null) {
      throw keys.refuse(
          "activation_function",
          Text.quote(name),
          "a class of torch.nn: " + TORCH_ACTIVATIONS.keySet().stream().sorted().toList());
    }
    return activation;
  }

  private static int width(ConfigReader keys, String key) {
    return keys.optionalInteger(key, 1, CommonKeys.MAX_WIDTH)
        .orElseThrow(() -> keys.refuse(key, "absent", "an integer"));
  }

  private static void onlySentenceEmbedding(ConfigReader keys) {
    for (String key : List.of("module_input_name", "module_output_name")) {
      String name = keys.optionalText(key).orElse("sentence_embedding");
      if (!name.equals("sentence_embedding")) {
        throw keys.refuse(key, Text.quote(name), "sentence_embedding");
      }
    }
  }

  private void checkOrder(List<SentenceModule> modules) {
    boolean fits = !modules.isEmpty();
    for (int i = 0; i < modules.size() && fits; i++) {
      fits =
          switch (modules.get(i)) {
            case SentenceModule.Transformer _ -> i == 0 && modules.size() > 1;
            case SentenceModule.StaticEmbedding _ -> i == 0;
            case SentenceModule.Pooling _ ->
                i == 1 && modules.getFirst() instanceof SentenceModule.Transformer;
            case SentenceModule.Dense _, SentenceModule.LayerNorm _, SentenceModule.Normalize _ ->
                i >= 2 || i == 1 && modules.getFirst() instanceof SentenceModule.StaticEmbedding;
          };
    }
    if (!fits) {
      throw new ConfigException(
          file.toString(),
          "modules",
          modules.stream().map(SentenceModule::type).toList().toString(),
          SUPPORTED);
    }
  }

  /** A module's folder, relative to the model's; never one outside. */
  private String path(String stored) {
    try {
      Path folder = directory.resolve(stored).normalize();
      if (folder.startsWith(directory)) {
        return directory.relativize(folder).toString();
      }
    } catch (InvalidPathException e) {
      throw new ConfigException(
          file.toString(), "names the impossible path " + Text.quote(stored), e);
    }
    throw new ConfigException(file.toString(), "path", stored, "folders of the model");
  }

  private ConfigReader keys(String path) {
    return ConfigReader.of(directory.resolve(path).resolve("config.json"));
  }
}
