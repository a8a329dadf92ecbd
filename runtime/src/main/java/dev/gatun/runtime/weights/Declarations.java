package dev.gatun.runtime.weights;

import dev.gatun.loader.Role;
import dev.gatun.loader.TiedGroup;
import dev.gatun.loader.WeightDeclaration;
import dev.gatun.loader.WeightPlan;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.nativelib.NativeContext.WeightLayout;
import dev.gatun.runtime.tensor.MemoryOwner;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** The weights of a model as its constructor declared them. */
public final class Declarations implements WeightSource {

  /** Owner of placeholders: whatever computes with one meets this. */
  private static final MemoryOwner DECLARED =
      new MemoryOwner() {
        @Override
        public NativeContext context() {
          throw new IllegalStateException("a weight that is only declared belongs to no context");
        }

        @Override
        public void requireOpen() {
          throw new IllegalStateException("the weight is only declared: the model was not loaded");
        }
      };

  private final Map<String, WeightDeclaration> declared = new LinkedHashMap<>();
  private final List<TiedGroup> ties = new ArrayList<>();

  Declarations() {}

  /** In the order of declaration. */
  public List<WeightDeclaration> weights() {
    return List.copyOf(declared.values());
  }

  public List<TiedGroup> ties() {
    return List.copyOf(ties);
  }

  /** What the loader needs to find these weights in a checkpoint. */
  public WeightPlan plan(String baseModelPrefix, List<Pattern> ignoredUnexpected) {
    return new WeightPlan(baseModelPrefix, weights(), ties, ignoredUnexpected);
  }

  /** Number of weights of the model, tied ones counted once. */
  public long parameterCount() {
    Map<String, String> sourceOf = new HashMap<>();
    ties.forEach(tie -> sourceOf.put(tie.target(), tie.source()));
    Set<String> counted = new HashSet<>();
    long count = 0;
    for (WeightDeclaration weight : declared.values()) {
      String name = weight.name();
      for (int steps = 0; sourceOf.containsKey(name) && steps <= sourceOf.size(); steps++) {
        name = sourceOf.get(name);
      }
      if (counted.add(name)) {
        count += Shape.of(weight.shape()).elementCount();
      }
    }
    return count;
  }

  @Override
  public Linear linear(
      String name, long inFeatures, List<LinearPart> parts, boolean gated, Role role) {
    long outFeatures = 0;
    for (LinearPart part : parts) {
      declare(part.weight(), weightShape(part, inFeatures), role);
      part.bias().ifPresent(bias -> declare(bias, Shape.of(part.outFeatures()), role));
      outFeatures += part.outFeatures();
    }
    return new Linear(
        name, DECLARED, MemorySegment.NULL, inFeatures, gated ? outFeatures / 2 : outFeatures);
  }

  @Override
  public Embedding embedding(String name, String weight, Shape shape, Role role) {
    declare(weight, shape, role);
    return new Embedding(
        name, DECLARED, MemorySegment.NULL, DType.F32, shape.size(0), shape.size(1));
  }

  @Override
  public Tensor tensor(String weight, Shape shape, Role role) {
    declare(weight, shape, role);
    return Tensor.placeholder(DECLARED, shape);
  }

  @Override
  public Tensor derived(
      String weight, Shape stored, Role role, Shape result, UnaryOperator<float[]> compute) {
    declare(weight, stored, role);
    return Tensor.placeholder(DECLARED, result);
  }

  @Override
  public Tensor computed(Shape shape, Element element) {
    return Tensor.placeholder(DECLARED, shape);
  }

  @Override
  public Linear derivedLinear(
      String name,
      String weight,
      Shape stored,
      String bias,
      Role role,
      Shape result,
      UnaryOperator<float[]> compute) {
    declare(weight, stored, role);
    declare(bias, Shape.of(result.size(0)), role);
    return new Linear(name, DECLARED, MemorySegment.NULL, result.size(1), result.size(0));
  }

  @Override
  public Linear linearOf(String name, Embedding table, String bias, Role role) {
    declare(bias, Shape.of(table.rows()), role);
    return new Linear(name, DECLARED, MemorySegment.NULL, table.features(), table.rows());
  }

  @Override
  public Tensor projection(Embedding table, Optional<LayerNorm> norm, LinearPart layer, Role role) {
    if (!declared.containsKey(layer.weight())) {
      linear(layer.weight(), table.features(), List.of(layer), false, role);
    }
    return Tensor.placeholder(DECLARED, Shape.of(table.rows(), layer.outFeatures()));
  }

  @Override
  public void tie(String target, String source) {
    ties.add(new TiedGroup(target, source));
  }

  static Shape weightShape(LinearPart part, long inFeatures) {
    return part.layout() == WeightLayout.OUT_IN
        ? Shape.of(part.outFeatures(), inFeatures)
        : Shape.of(inFeatures, part.outFeatures());
  }

  private void declare(String name, Shape shape, Role role) {
    if (declared.putIfAbsent(name, new WeightDeclaration(name, shape.toList(), role)) != null) {
      throw new IllegalStateException("weight " + name + " is declared twice");
    }
  }
}
