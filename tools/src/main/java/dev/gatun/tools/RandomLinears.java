package dev.gatun.tools;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.ResolvedWeights;
import dev.gatun.loader.WeightResolver;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.loader.safetensors.SafetensorsWriter;
import dev.gatun.loader.safetensors.SafetensorsWriter.TensorData;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.weights.Linear;
import dev.gatun.runtime.weights.WeightScope;
import dev.gatun.runtime.weights.Weights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Linear layers of any shape with random weights, packed the way a model's are: from a safetensors
 * file, here a temporary one.
 */
final class RandomLinears implements AutoCloseable {
  /** Features that go in and come out, as in {@code 768x3072}. */
  record Shape(int in, int out) {
    static Shape parse(String text) {
      String[] parts = text.strip().split("x", -1);
      try {
        var shape = new Shape(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        if (parts.length == 2 && shape.in > 0 && shape.out > 0) {
          RandomValues.count(shape.in, shape.out);
          return shape;
        }
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        // said below
      }
      throw new IllegalArgumentException(
          "a layer is written as inputs x outputs, 768x3072; not '" + text + "'");
    }

    @Override
    public String toString() {
      return in + "x" + out;
    }
  }

  private final Weights weights;
  private final List<Linear> layers = new ArrayList<>();

  RandomLinears(NativeContext context, List<Shape> shapes) throws IOException {
    weights = new Weights(context);
    Path file = Files.createTempFile("gatun-bench", ".safetensors");
    try (Arena data = Arena.ofConfined()) {
      var random = new SplittableRandom(1);
      SafetensorsWriter.write(file, tensors(shapes, random, data), Map.of());
      ResolvedWeights resolved;
      try (var checkpoint = Checkpoint.open(List.of(file))) {
        resolved =
            WeightResolver.resolve(
                checkpoint, WeightScope.declare(scope -> build(scope, shapes)).plan("", List.of()));
        layers.addAll(build(WeightScope.load(resolved, weights), shapes));
      }
    } catch (RuntimeException | Error e) {
      weights.close();
      throw e;
    } finally {
      Files.delete(file);
    }
  }

  Linear get(int index) {
    return layers.get(index);
  }

  private static List<Linear> build(WeightScope scope, List<Shape> shapes) {
    var built = new ArrayList<Linear>();
    for (Shape shape : shapes) {
      built.add(scope.linear(name(built.size()), shape.in(), shape.out()));
    }
    return built;
  }

  private static List<TensorData> tensors(List<Shape> shapes, SplittableRandom random, Arena data) {
    var tensors = new ArrayList<TensorData>();
    for (Shape shape : shapes) {
      String name = name(tensors.size() / 2);
      tensors.add(tensor(name + ".weight", random, data, shape.out(), shape.in()));
      tensors.add(tensor(name + ".bias", random, data, shape.out()));
    }
    return tensors;
  }

  private static TensorData tensor(
      String name, SplittableRandom random, Arena data, long... shape) {
    long count = 1;
    var sizes = new ArrayList<Long>();
    for (long size : shape) {
      count *= size;
      sizes.add(size);
    }
    float[] values = RandomValues.floats(random, Math.toIntExact(count), 0.05f);
    return new TensorData(
        name, DType.F32, sizes, data.allocateFrom(ValueLayout.JAVA_FLOAT, values));
  }

  private static String name(int index) {
    return "layer" + index;
  }

  @Override
  public void close() {
    weights.close();
  }
}
