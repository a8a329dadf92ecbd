package dev.gatun.tools;

import dev.gatun.ModelInspector;
import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.GatunException;
import dev.gatun.loader.LoadReport;
import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.TensorSource;
import dev.gatun.loader.WeightDeclaration;
import dev.gatun.loader.WeightPlan;
import dev.gatun.loader.WeightResolver;
import dev.gatun.loader.WeightsException;
import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.config.ModelConfig;
import dev.gatun.loader.hub.ModelLocation;
import dev.gatun.loader.safetensors.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * All that can be said about a model without running it, read from config.json and the headers of
 * its safetensors files.
 *
 * @param architecture the class that would run, else the one config.json names, else null
 * @param parameters numbers that were learnt, a tied weight counted once; null where nothing tells
 * @param parametersFrom {@code tensors}, or {@code config} where there are no weights to look at
 * @param bytesByDtype stored bytes; empty without weights
 * @param reason why Gatun would not load it; empty where it would
 * @param loadReport how the stored tensors meet the model's; null without weights or class
 * @param unknownKeys keys of config.json that Gatun does not know
 */
record Inspection(
    ConfigFacts facts,
    String architecture,
    Long parameters,
    String parametersFrom,
    Map<String, Long> bytesByDtype,
    String reason,
    LoadReport loadReport,
    List<String> unknownKeys) {

  /** Tensors of a file that hold no parameters: masks, positions, rotary frequencies. */
  private static final Pattern BUFFER =
      Pattern.compile("(^|\\.)(position_ids|inv_freq|masked_bias|attn\\.bias)$");

  boolean runnable() {
    return reason.isEmpty();
  }

  /**
   * Looks at a configuration and, where there is one, at the directory it belongs to.
   *
   * @param source what to call the configuration in messages
   * @param directory where weights would be, or null
   * @param asClass the class in question, or null for config.json's own
   * @throws ConfigException if the configuration is not even an object of JSON
   */
  static Inspection of(String source, byte[] config, Path directory, String asClass) {
    var builder = new Builder(asClass);
    builder.readConfig(source, config);
    if (directory != null && hasWeights(directory)) {
      builder.readWeights(directory);
    }
    return builder.build();
  }

  /** As above, of a model that is on the hub; closes its headers. */
  static Inspection of(
      String source, byte[] config, ModelLocation.RemoteModel remote, String asClass) {
    var builder = new Builder(asClass);
    builder.readConfig(source, config);
    try (Checkpoint headers = remote.headers().orElse(null)) {
      if (headers != null) {
        builder.readWeights(headers);
      } else if (builder.reason.isEmpty()) {
        builder.reason = remote.problem();
      }
    }
    return builder.build();
  }

  private static boolean hasWeights(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .anyMatch(
              name ->
                  name.endsWith(".safetensors")
                      || name.endsWith(".safetensors.index.json")
                      || name.startsWith("pytorch_model"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gathers the facts; whatever fails becomes the reason and leaves the rest standing. */
  private static final class Builder {
    private final String asClass;
    private final Map<String, Long> bytesByDtype = new TreeMap<>();
    private ConfigFacts facts;
    private ModelConfig config;
    private String architecture;
    private Long parameters;
    private String parametersFrom;
    private String reason = "";
    private LoadReport loadReport;

    Builder(String asClass) {
      this.asClass = asClass;
    }

    void readConfig(String source, byte[] json) {
      facts = ConfigFacts.generic(ConfigParser.readObject(source, json));
      architecture =
          asClass != null || facts.architectures().isEmpty()
              ? asClass
              : facts.architectures().getFirst();
      try {
        config = ConfigParser.parse(source, json);
        facts = ConfigFacts.of(config);
        architecture = ModelInspector.architecture(config, asClass);
        parameters = ModelInspector.parameterCount(config, architecture);
        parametersFrom = "config";
      } catch (ConfigException e) {
        reason = e.getMessage();
      }
    }

    void readWeights(Path directory) {
      try (Checkpoint checkpoint = Checkpoint.open(directory)) {
        readWeights(checkpoint);
      } catch (GatunException e) {
        reason = reason.isEmpty() ? e.getMessage() : reason;
      }
    }

    void readWeights(Checkpoint checkpoint) {
      try {
        var stored = new ArrayList<TensorInfo>();
        checkpoint.names().forEach(name -> stored.add(checkpoint.info(name)));
        stored.forEach(t -> bytesByDtype.merge(t.dtype().name(), t.byteSize(), Long::sum));
        parametersFrom = "tensors";
        if (parameters == null) {
          parameters =
              stored.stream()
                  .filter(t -> t.dtype().isFloat() && !BUFFER.matcher(t.name()).find())
                  .mapToLong(TensorInfo::elementCount)
                  .sum();
        } else {
          match(checkpoint);
        }
      } catch (GatunException e) {
        reason = reason.isEmpty() ? e.getMessage() : reason;
      }
    }

    private void match(Checkpoint checkpoint) {
      WeightPlan plan = ModelInspector.weights(config, architecture);
      try {
        ResolvedWeights weights = WeightResolver.resolve(checkpoint, plan);
        loadReport = weights.report();
        Map<String, Long> counts = new HashMap<>();
        for (WeightDeclaration declared : plan.declarations()) {
          TensorSource source = weights.tensor(declared.name());
          counts.put(source.storedName(), source.info().elementCount());
        }
        parameters = counts.values().stream().mapToLong(Long::longValue).sum();
      } catch (WeightsException e) {
        loadReport = e.report();
        parametersFrom = "config";
        reason = e.getMessage();
      }
    }

    Inspection build() {
      return new Inspection(
          facts,
          architecture,
          parameters,
          parametersFrom,
          bytesByDtype,
          reason,
          loadReport,
          config == null ? List.of() : config.unreadKeys().unknown());
    }
  }
}
