package dev.gatun.runtime.weights;

import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.Role;
import dev.gatun.loader.TensorSource;
import dev.gatun.loader.WeightsException;
import dev.gatun.loader.config.Activation;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.CallScratch;
import dev.gatun.runtime.nativelib.KernelCalls;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.nativelib.NativeContext.WeightLayout;
import dev.gatun.runtime.nativelib.WeightTypes;
import dev.gatun.runtime.tensor.MemoryOwner;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Builds weights from a checkpoint, in memory of a {@link Weights}. */
final class WeightBuilder implements WeightSource {

  private final ResolvedWeights resolved;
  private final Weights weights;

  WeightBuilder(ResolvedWeights resolved, Weights weights) {
    this.resolved = resolved;
    this.weights = weights;
  }

  @Override
  public Linear linear(
      String name, long inFeatures, List<LinearPart> parts, boolean gated, Role role) {
    long outFeatures = parts.stream().mapToLong(LinearPart::outFeatures).sum();
    if (role == Role.OPTIONAL && resolved.find(parts.getFirst().weight()).isEmpty()) {
      return new Linear(name, absent(name), MemorySegment.NULL, inFeatures, outFeatures);
    }
    MemorySegment handle = weights.arena().createLinear(inFeatures, outFeatures, gated);
    long firstRow = 0;
    for (LinearPart part : parts) {
      TensorSource weight = source(part.weight(), Declarations.weightShape(part, inFeatures));
      try (Arena call = Arena.ofConfined()) {
        MemorySegment bias = MemorySegment.NULL;
        DType biasType = DType.F32;
        if (part.bias().isPresent()) {
          TensorSource source = source(part.bias().get(), Shape.of(part.outFeatures()));
          bias = aligned(source, call);
          biasType = source.info().dtype();
        }
        weights
            .context()
            .packLinear(
                handle,
                firstRow,
                part.outFeatures(),
                aligned(weight, call),
                weight.info().dtype(),
                part.layout(),
                bias,
                biasType);
      }
      // Read once: the packed copy is what runs. An embedding tied to it comes back page by page.
      weights.context().releasePages(weight.data());
      firstRow += part.outFeatures();
    }
    return new Linear(name, weights, handle, inFeatures, gated ? outFeatures / 2 : outFeatures);
  }

  @Override
  public Embedding embedding(String name, String weight, Shape shape, Role role) {
    TensorSource source = source(weight, shape);
    MemorySegment table = source.data();
    if (!isAligned(source) || !weights.context().isHost()) {
      table = weights.arena().allocate(source.data().byteSize());
      weights.context().upload(source.data(), table);
      weights.context().releasePages(source.data());
    }
    return new Embedding(name, weights, table, source.info().dtype(), shape.size(0), shape.size(1));
  }

  @Override
  public Tensor tensor(String weight, Shape shape, Role role) {
    return constant(shape, values(weight, shape));
  }

  @Override
  public Tensor derived(
      String weight, Shape stored, Role role, Shape result, UnaryOperator<float[]> compute) {
    return constant(result, compute.apply(values(weight, stored)));
  }

  @Override
  public Tensor computed(Shape shape, Element element) {
    long rowBytes = shape.size(1) * Float.BYTES;
    MemorySegment memory = weights.arena().allocate(shape.size(0) * rowBytes);
    NativeContext context = weights.context();
    try (Arena call = Arena.ofConfined()) {
      MemorySegment host = context.isHost() ? memory : call.allocate(memory.byteSize(), 64);
      for (long row = 0; row < shape.size(0); row++) {
        for (int column = 0; column < shape.size(1); column++) {
          float value = (float) element.at(row, column);
          host.setAtIndex(ValueLayout.JAVA_FLOAT, row * shape.size(1) + column, value);
        }
      }
      if (!context.isHost()) {
        context.upload(host, memory);
      }
    }
    return new Tensor(weights, memory, DType.F32, shape);
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
    MemorySegment handle = weights.arena().createLinear(result.size(1), result.size(0), false);
    float[] values = compute.apply(values(weight, stored));
    TensorSource biasSource = source(bias, Shape.of(result.size(0)));
    try (Arena call = Arena.ofConfined()) {
      weights
          .context()
          .packLinear(
              handle,
              0,
              result.size(0),
              call.allocateFrom(ValueLayout.JAVA_FLOAT, values),
              DType.F32,
              WeightLayout.OUT_IN,
              aligned(biasSource, call),
              biasSource.info().dtype());
    }
    weights.context().releasePages(resolved.tensor(weight).data());
    return new Linear(name, weights, handle, result.size(1), result.size(0));
  }

  @Override
  public Linear linearOf(String name, Embedding table, String bias, Role role) {
    MemorySegment handle = weights.arena().createLinear(table.features(), table.rows(), false);
    // The checkpoint's bytes: the table itself may be in memory of a device.
    TensorSource weight = resolved.tensor(table.name() + ".weight");
    TensorSource biasSource = source(bias, Shape.of(table.rows()));
    try (Arena call = Arena.ofConfined()) {
      weights
          .context()
          .packLinear(
              handle,
              0,
              table.rows(),
              aligned(weight, call),
              weight.info().dtype(),
              WeightLayout.OUT_IN,
              aligned(biasSource, call),
              biasSource.info().dtype());
    }
    weights.context().releasePages(weight.data());
    return new Linear(name, weights, handle, table.features(), table.rows());
  }

  @Override
  public Tensor projection(Embedding table, Optional<LayerNorm> norm, LinearPart layer, Role role) {
    NativeContext context = weights.context();
    KernelCalls kernels = new KernelCalls(context);
    long rows = table.rows();
    long features = table.features();
    MemorySegment y = weights.arena().allocate(rows * layer.outFeatures() * Float.BYTES);
    try (Arena call = Arena.ofConfined();
        Weights once = new Weights(context);
        CallScratch scratch = new CallScratch(context)) {
      Linear linear =
          new WeightBuilder(resolved, once)
              .linear(layer.weight(), features, List.of(layer), false, role);
      MemorySegment ids =
          call.allocateFrom(
              ValueLayout.JAVA_INT, IntStream.range(0, Math.toIntExact(rows)).toArray());
      MemorySegment x = once.arena().allocate(rows * features * Float.BYTES);
      kernels.embed(
          scratch,
          table.table(),
          table.dtype(),
          rows,
          features,
          features,
          ids,
          rows,
          false,
          x,
          features);
      norm.ifPresent(
          n ->
              kernels.layerNorm(
                  scratch,
                  x,
                  n.weight().segment(),
                  n.bias().map(Tensor::segment).orElse(MemorySegment.NULL),
                  x,
                  rows,
                  features,
                  features,
                  features,
                  n.eps()));
      kernels.linearForward(
          scratch,
          linear.handle(),
          x,
          MemorySegment.NULL,
          y,
          Activation.IDENTITY.ordinal(),
          rows,
          features,
          layer.outFeatures(),
          0,
          1,
          DType.F32,
          DType.F32);
      scratch.synchronize();
    }
    return new Tensor(weights, y, DType.F32, Shape.of(rows, layer.outFeatures()));
  }

  @Override
  public void tie(String target, String source) {
    // Ties say where a weight is stored; by now that is resolved.
  }

  /** Owner of a layer that the checkpoint lacks: whatever computes with it meets this. */
  private MemoryOwner absent(String name) {
    return new MemoryOwner() {
      @Override
      public NativeContext context() {
        return weights.context();
      }

      @Override
      public void requireOpen() {
        throw new WeightsException(
            "the checkpoint has no " + name + ", so what is computed with it can't be given",
            resolved.report());
      }
    };
  }

  private float[] values(String weight, Shape shape) {
    TensorSource source = source(weight, shape);
    return StoredValues.toFloats(source.data(), source.info().dtype());
  }

  private Tensor constant(Shape shape, float[] values) {
    MemorySegment memory = weights.arena().allocate((long) values.length * Float.BYTES);
    weights.context().upload(MemorySegment.ofArray(values), memory);
    return new Tensor(weights, memory, DType.F32, shape);
  }

  /**
   * The stored tensor; kernels read it by the declared shape, so a difference must not get past
   * here.
   */
  private TensorSource source(String weight, Shape shape) {
    TensorSource source = resolved.tensor(weight);
    if (!source.info().shape().equals(shape.toList())) {
      throw new WeightsException(
          "%s: stored as %s, the model takes %s".formatted(weight, source.info().shape(), shape),
          resolved.report());
    }
    if (!WeightTypes.isSupported(source.info().dtype())) {
      throw new WeightsException(
          "%s: stored as %s; weights may be F32, F16, BF16 or F64"
              .formatted(weight, source.info().dtype()),
          resolved.report());
    }
    return source;
  }

  /**
   * The stored bytes, or a copy of them: a header of odd length leaves every tensor behind it
   * misaligned.
   */
  private static MemorySegment aligned(TensorSource source, Arena arena) {
    if (isAligned(source)) {
      return source.data();
    }
    MemorySegment copy = arena.allocate(source.data().byteSize(), 64);
    return copy.copyFrom(source.data());
  }

  private static boolean isAligned(TensorSource source) {
    return source.data().address() % (source.info().dtype().bits() / 8) == 0;
  }
}
