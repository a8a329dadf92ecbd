package dev.gatun.runtime.weights;

import static dev.gatun.runtime.weights.LinearPart.part;

import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.Role;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;

/**
 * A place in a checkpoint's tree of names, at which a model's constructor states its weights once,
 * each beside the field it fills:
 *
 * <pre>{@code
 * WeightScope layer = scope.sub("encoder").sub("layer", i);
 * dense = layer.linear("output.dense", intermediateSize, hiddenSize); // encoder.layer.3.output.dense.{weight,bias}
 * }</pre>
 *
 * <p>The constructor runs twice. In {@link #declare} the scope collects names and shapes and
 * answers with placeholders, with no native library and no memory. In {@link #load} it builds the
 * weights. Names and sizes must not depend on which.
 */
public final class WeightScope {

  private final WeightSource source;
  private final String prefix;
  private final Role role;

  private WeightScope(WeightSource source, String prefix, Role role) {
    this.source = source;
    this.prefix = prefix;
    this.role = role;
  }

  /**
   * Runs a model's constructor to learn its weights.
   *
   * @param constructor what builds the model from the root scope, as in {@code scope -> new
   *     Bert(config, scope)}
   */
  public static Declarations declare(Consumer<WeightScope> constructor) {
    Declarations declarations = new Declarations();
    constructor.accept(new WeightScope(declarations, "", Role.BACKBONE));
    return declarations;
  }

  /**
   * The root scope that builds weights.
   *
   * @param resolved where each declared weight is stored; its checkpoint must outlive {@code
   *     weights}
   * @param weights the owner of what is built
   */
  public static WeightScope load(ResolvedWeights resolved, Weights weights) {
    return new WeightScope(new WeightBuilder(resolved, weights), "", Role.BACKBONE);
  }

  /** The scope {@code name} below this one; dots in it are as good as further calls. */
  public WeightScope sub(String name) {
    return new WeightScope(source, prefix + name + ".", role);
  }

  /** The scope {@code name.index} below this one. */
  public WeightScope sub(String name, int index) {
    return sub(name + "." + index);
  }

  /** This scope, declaring weights of a task head. */
  public WeightScope head() {
    return new WeightScope(source, prefix, Role.HEAD);
  }

  /** This scope, declaring linear layers that the checkpoint may lack until they are used. */
  public WeightScope optional() {
    return new WeightScope(source, prefix, Role.OPTIONAL);
  }

  /** {@code name.weight [out, in]} and {@code name.bias [out]}. */
  public Linear linear(String name, long inFeatures, long outFeatures) {
    return fusedLinear(inFeatures, List.of(part(name, outFeatures)));
  }

  /** {@code name.weight [out, in]}. */
  public Linear linearNoBias(String name, long inFeatures, long outFeatures) {
    return fusedLinear(inFeatures, List.of(part(name, outFeatures).withoutBias()));
  }

  /** {@code name.weight [in, out]} and {@code name.bias [out]}: GPT-2's Conv1D. */
  public Linear conv1d(String name, long inFeatures, long outFeatures) {
    return fusedLinear(inFeatures, List.of(part(name, outFeatures).transposed()));
  }

  /**
   * Several linear layers of one input as one matrix product, their outputs side by side in this
   * order: query, key and value; gate and up. With one part, a layer whose bias or layout needs
   * saying.
   */
  public Linear fusedLinear(long inFeatures, List<LinearPart> parts) {
    return linear(inFeatures, parts, false);
  }

  /**
   * A gated linear unit (Shazeer, arXiv 2002.05202) as one matrix product: {@code activation(x
   * gate^T) * (x up^T)}, the activation being that of the epilogue. Both parts have y's columns.
   */
  public Linear gatedLinear(long inFeatures, LinearPart gate, LinearPart up) {
    if (gate.outFeatures() != up.outFeatures()) {
      throw new IllegalArgumentException(
          "%s%s has %d features, %s %d: a gate and what it multiplies have the same"
              .formatted(prefix, gate.weight(), gate.outFeatures(), up.weight(), up.outFeatures()));
    }
    return linear(inFeatures, List.of(gate, up), true);
  }

  /**
   * The same of one stored matrix that holds the gate's rows and behind them as many of what they
   * multiply.
   */
  public Linear gatedLinear(long inFeatures, LinearPart gateAndUp) {
    if (gateAndUp.outFeatures() % 2 != 0) {
      throw new IllegalArgumentException(
          "%s%s has %d features: a gate and what it multiplies have the same"
              .formatted(prefix, gateAndUp.weight(), gateAndUp.outFeatures()));
    }
    return linear(inFeatures, List.of(gateAndUp), true);
  }

  private Linear linear(long inFeatures, List<LinearPart> parts, boolean gated) {
    return source.linear(
        linearName(parts), inFeatures, parts.stream().map(this::full).toList(), gated, role);
  }

  private LinearPart full(LinearPart part) {
    return new LinearPart(
        prefix + part.weight(), part.bias().map(prefix::concat), part.outFeatures(), part.layout());
  }

  /** {@code name.weight [rows, features]}, on the CPU left in the mapped checkpoint. */
  public Embedding embedding(String name, long rows, long features) {
    return source.embedding(
        prefix + name, prefix + name + ".weight", Shape.of(rows, features), role);
  }

  /** {@code name.weight [features]} and {@code name.bias [features]}. */
  public LayerNorm layerNorm(String name, long features, double eps) {
    return new LayerNorm(
        prefix + name,
        vector(name + ".weight", features),
        Optional.of(vector(name + ".bias", features)),
        (float) eps);
  }

  /** {@code name.weight [features]}: a layer normalisation that does not shift. */
  public LayerNorm layerNormNoBias(String name, long features, double eps) {
    return new LayerNorm(
        prefix + name, vector(name + ".weight", features), Optional.empty(), (float) eps);
  }

  /** {@code name.weight [features]}. */
  public RmsNorm rmsNorm(String name, long features, double eps) {
    return new RmsNorm(prefix + name, vector(name + ".weight", features), (float) eps);
  }

  /** The weight {@code name [size]}, named in full below this scope, as an fp32 copy. */
  public Tensor vector(String name, long size) {
    return source.tensor(prefix + name, Shape.of(size), role);
  }

  /** The weight {@code name [rows, columns]}, named in full below this scope, as an fp32 copy. */
  public Tensor matrix(String name, long rows, long columns) {
    return source.tensor(prefix + name, Shape.of(rows, columns), role);
  }

  /**
   * {@code name.weight [buckets, heads]}, written out per distance.
   *
   * @param maxDistance D: keys farther than that from the query get the bias of D
   * @param bucketOf the bucket of a distance, key position - query position, in [-D, D]
   */
  public DistanceBias distanceBias(
      String name, long buckets, long heads, int maxDistance, IntUnaryOperator bucketOf) {
    if (maxDistance < 1) {
      throw new IllegalArgumentException(prefix + name + ": maximal distance " + maxDistance);
    }
    Shape written = Shape.of(heads, 2L * maxDistance + 1);
    return new DistanceBias(
        source.derived(
            prefix + name + ".weight",
            Shape.of(buckets, heads),
            role,
            written,
            table -> byDistance(table, (int) heads, maxDistance, bucketOf)));
  }

  /**
   * Cosines and sines of rotary position embeddings, which no checkpoint stores: position p turns
   * feature pair i by the angle {@code p * frequencies[i]}. Computed in double precision.
   */
  public RotaryTable rotaryTable(long positions, double[] frequencies) {
    Shape shape = Shape.of(positions, frequencies.length);
    return new RotaryTable(
        source.computed(shape, (p, i) -> Math.cos(p * frequencies[i])),
        source.computed(shape, (p, i) -> Math.sin(p * frequencies[i])));
  }

  /**
   * A convolution over neighbouring tokens as one matrix product over windows of them: {@code
   * name.weight [out, in / groups, kernel]} and {@code name.bias [out]}, torch.nn.Conv1d.
   *
   * @param kernel tokens of a window
   * @param groups blocks of features that do not mix; what lies between is 0
   * @return a layer of {@code kernel * features} columns: the window's tokens side by side
   */
  public Linear convolution(String name, long features, int kernel, int groups) {
    int size = Math.toIntExact(features);
    return source.derivedLinear(
        prefix + name,
        prefix + name + ".weight",
        Shape.of(List.of(features, features / groups, (long) kernel)),
        prefix + name + ".bias",
        role,
        Shape.of(features, kernel * features),
        stored -> byWindow(stored, size, kernel, groups));
  }

  /** {@code x table^T + b}: an embedding's own matrix, and {@code bias [rows]}. */
  public Linear linearOf(Embedding table, String bias) {
    return source.linearOf(table.name(), table, prefix + bias, role);
  }

  /**
   * {@code norm(table) W^T + b [rows, out]}, which depends on no input: computed once.
   *
   * @param layer may be part of a layer stated elsewhere
   */
  public Tensor projection(Embedding table, Optional<LayerNorm> norm, LinearPart layer) {
    return source.projection(table, norm, full(layer), role);
  }

  /**
   * Says that a weight shares another's value when only that is stored; both are full names, from
   * the root.
   */
  public void tie(String target, String source) {
    this.source.tie(target, source);
  }

  /** {@code [out, in / groups, kernel]} to {@code [out, kernel * in]}. */
  private static float[] byWindow(float[] stored, int features, int kernel, int groups) {
    float[] rows = new float[Math.multiplyExact(features, Math.multiplyExact(kernel, features))];
    int size = features / groups;
    for (int out = 0; out < features; out++) {
      for (int i = 0; i < size; i++) {
        for (int k = 0; k < kernel; k++) {
          int in = out / size * size + i;
          rows[(out * kernel + k) * features + in] = stored[(out * size + i) * kernel + k];
        }
      }
    }
    return rows;
  }

  private static float[] byDistance(
      float[] table, int heads, int maxDistance, IntUnaryOperator bucketOf) {
    int distances = 2 * maxDistance + 1;
    float[] bias = new float[heads * distances];
    for (int r = -maxDistance; r <= maxDistance; r++) {
      int bucket = bucketOf.applyAsInt(r);
      for (int h = 0; h < heads; h++) {
        bias[h * distances + r + maxDistance] = table[bucket * heads + h];
      }
    }
    return bias;
  }

  /** As in {@code attention.self.query+key+value}. */
  private String linearName(List<LinearPart> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a fused linear layer of no parts at '" + prefix + "'");
    }
    String[] names =
        parts.stream()
            .map(
                p ->
                    p.weight().endsWith(".weight")
                        ? p.weight().substring(0, p.weight().length() - 7)
                        : p.weight())
            .toArray(String[]::new);
    return prefix + String.join("+", Arrays.asList(names));
  }
}
