package dev.gatun.runtime.embedding;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.WeightResolver;
import dev.gatun.loader.config.ConfigException;
import dev.gatun.loader.config.SentenceModule;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.WeightScope;
import dev.gatun.runtime.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * The modules behind pooling: Dense, LayerNorm and Normalize, each on the {@code [texts, features]}
 * that the one before gives. Upstream: {@code sentence_transformers/base/modules/dense.py}, {@code
 * normalize.py}, {@code sentence_transformer/modules/layer_norm.py}.
 */
public final class SentenceHead implements AutoCloseable {
  /** Of {@code torch.nn.LayerNorm}; the module has no setting for it. */
  private static final double LAYER_NORM_EPS = 1e-5;

  /** One module: vectors {@code [texts][in]} to {@code [texts][out]}. */
  private interface Step {
    float[][] apply(Ops ops, Workspace ws, float[][] vectors);
  }

  /** One module on the device: x {@code [texts, in]} to {@code [texts, out]}. */
  private interface DeviceStep {
    Tensor apply(Ops ops, Workspace ws, Tensor x);
  }

  private final Path directory;
  private final Weights weights;
  private final List<Step> steps = new ArrayList<>();
  private int dimension;

  /**
   * Reads the modules' weights.
   *
   * @param directory of the model
   * @param modules those behind pooling
   * @param inputDimension length of a pooled vector
   * @throws ConfigException if a module does not take what the one before gives
   * @throws dev.gatun.loader.GatunException if a module's weights are missing or malformed
   */
  public SentenceHead(
      Path directory, List<SentenceModule> modules, int inputDimension, NativeContext context) {
    this.directory = directory;
    this.dimension = inputDimension;
    this.weights = new Weights(context);
    try {
      modules.forEach(this::add);
    } catch (Throwable e) {
      weights.close();
      throw e;
    }
  }

  /** Length of the vectors it gives. */
  public int dimension() {
    return dimension;
  }

  /** Takes one vector per text, for it to change, and gives one vector per text. */
  public float[][] apply(Ops ops, Workspace ws, float[][] pooled) {
    float[][] vectors = pooled;
    for (Step step : steps) {
      vectors = step.apply(ops, ws, vectors);
    }
    return vectors;
  }

  private void add(SentenceModule module) {
    switch (module) {
      case SentenceModule.Dense dense -> dense(dense);
      case SentenceModule.LayerNorm norm -> layerNorm(norm);
      case SentenceModule.Normalize _ -> steps.add(SentenceHead::normalize);
      default -> throw new IllegalArgumentException(module.type() + " does not follow pooling");
    }
  }

  private void dense(SentenceModule.Dense d) {
    requireInput(d.path(), "in_features", d.inFeatures());
    boolean projected = d.residual() && d.inFeatures() != d.outFeatures();
    record Layers(Linear linear, Linear residual) {}
    Layers layers =
        load(
            d.path(),
            scope ->
                new Layers(
                    d.bias()
                        ? scope.linear("linear", d.inFeatures(), d.outFeatures())
                        : scope.linearNoBias("linear", d.inFeatures(), d.outFeatures()),
                    projected
                        ? scope.linearNoBias("residual", d.inFeatures(), d.outFeatures())
                        : null));
    Epilogue activation = Epilogue.activation(d.activation());
    addOnDevice(
        (ops, ws, x) -> {
          Epilogue epilogue = activation;
          if (d.residual()) {
            epilogue =
                activation.withResidual(projected ? ops.linear(ws, layers.residual(), x) : x);
          }
          return ops.linear(ws, layers.linear(), x, epilogue);
        });
    dimension = d.outFeatures();
  }

  private void layerNorm(SentenceModule.LayerNorm n) {
    requireInput(n.path(), "dimension", n.dimension());
    LayerNorm norm =
        load(n.path(), scope -> scope.layerNorm("norm", n.dimension(), LAYER_NORM_EPS));
    addOnDevice((ops, ws, x) -> ops.layerNorm(ws, norm, x));
  }

  private void addOnDevice(DeviceStep step) {
    steps.add(
        (ops, ws, vectors) -> {
          if (vectors.length == 0) {
            return vectors;
          }
          Tensor x = ws.floats(vectors.length, vectors[0].length, concat(vectors));
          return step.apply(ops, ws, x).toRowArrays();
        });
  }

  private static float[][] normalize(Ops ops, Workspace ws, float[][] vectors) {
    for (float[] vector : vectors) {
      Pooling.normalize(vector);
    }
    return vectors;
  }

  private <T> T load(String path, Function<WeightScope, T> constructor) {
    try (var checkpoint = Checkpoint.open(directory.resolve(path))) {
      ResolvedWeights resolved =
          WeightResolver.resolve(
              checkpoint, WeightScope.declare(constructor::apply).plan("", List.of()));
      return constructor.apply(WeightScope.load(resolved, weights));
    }
  }

  private void requireInput(String path, String key, int features) {
    if (features != dimension) {
      throw new ConfigException(
          directory.resolve(path).resolve("config.json").toString(),
          key,
          Integer.toString(features),
          dimension + ", which the module before gives");
    }
  }

  private static float[] concat(float[][] rows) {
    var all = new float[Arrays.stream(rows).mapToInt(row -> row.length).sum()];
    int at = 0;
    for (float[] row : rows) {
      System.arraycopy(row, 0, all, at, row.length);
      at += row.length;
    }
    return all;
  }

  @Override
  public void close() {
    weights.close();
  }
}
