package dev.gatun.runtime.testing;

import dev.gatun.loader.Checkpoint;
import dev.gatun.loader.WeightResolver;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.loader.safetensors.SafetensorsWriter;
import dev.gatun.loader.safetensors.SafetensorsWriter.TensorData;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.weights.Declarations;
import dev.gatun.runtime.weights.WeightScope;
import dev.gatun.runtime.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A checkpoint of a few tensors on disk, loaded the way models are.
 *
 * @param <M> the layer or record of layers under test
 */
public final class TestModel<M> implements AutoCloseable {

  private final Optional<Path> temporary;
  private final Checkpoint checkpoint;
  private final Weights weights;
  private final M model;

  private TestModel(Optional<Path> temporary, Checkpoint checkpoint, Weights weights, M model) {
    this.temporary = temporary;
    this.checkpoint = checkpoint;
    this.weights = weights;
    this.model = model;
  }

  public M model() {
    return model;
  }

  public Checkpoint checkpoint() {
    return checkpoint;
  }

  public Weights weights() {
    return weights;
  }

  @Override
  public void close() {
    weights.close();
    checkpoint.close();
    try {
      if (temporary.isPresent()) {
        Files.delete(temporary.get());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Loads from a file that stays. */
  public static <M> TestModel<M> open(
      Path file, NativeContext context, Function<WeightScope, M> constructor) {
    return open(file, Optional.empty(), context, constructor);
  }

  private static <M> TestModel<M> open(
      Path file,
      Optional<Path> temporary,
      NativeContext context,
      Function<WeightScope, M> constructor) {
    Checkpoint checkpoint = Checkpoint.open(List.of(file));
    Weights weights = new Weights(context);
    try {
      Declarations declared = WeightScope.declare(constructor::apply);
      M model =
          constructor.apply(
              WeightScope.load(
                  WeightResolver.resolve(checkpoint, declared.plan("", List.of())), weights));
      return new TestModel<>(temporary, checkpoint, weights, model);
    } catch (RuntimeException | Error e) {
      weights.close();
      checkpoint.close();
      throw e;
    }
  }

  /** Tensors to be stored. */
  public static final class Builder {

    private final List<TensorData> tensors = new ArrayList<>();
    private int misalignment;

    public Builder add(String name, Shape shape, float... values) {
      return add(name, DType.F32, shape, values);
    }

    public Builder add(String name, DType dtype, Shape shape, float... values) {
      byte[] bytes = encode(dtype, values);
      tensors.add(new TensorData(name, dtype, shape.toList(), MemorySegment.ofArray(bytes)));
      return this;
    }

    /** Makes every tensor begin at an odd address, as a foreign writer's header may. */
    public Builder misaligned() {
      misalignment = 1;
      return this;
    }

    /** Writes a temporary file and loads it; {@link TestModel#close} deletes it. */
    public <M> TestModel<M> load(NativeContext context, Function<WeightScope, M> constructor) {
      try {
        Path file = Files.createTempFile("gatun-test", ".safetensors");
        write(file);
        try {
          return open(file, Optional.of(file), context, constructor);
        } catch (RuntimeException | Error e) {
          Files.delete(file);
          throw e;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public void write(Path file) throws IOException {
      SafetensorsWriter.write(file, tensors, Map.of());
      if (misalignment > 0) {
        misalign(file);
      }
    }

    /** One more space behind the JSON of the header. */
    private static void misalign(Path file) throws IOException {
      ByteBuffer old = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      int header = Math.toIntExact(old.getLong(0));
      ByteBuffer odd = ByteBuffer.allocate(old.capacity() + 1).order(ByteOrder.LITTLE_ENDIAN);
      odd.putLong(header + 1L).put(old.array(), 8, header).put((byte) ' ');
      odd.put(old.array(), 8 + header, old.capacity() - 8 - header);
      Files.write(file, odd.array());
    }

    private static byte[] encode(DType dtype, float... values) {
      ByteBuffer bytes =
          ByteBuffer.allocate(values.length * dtype.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        switch (dtype) {
          case F32 -> bytes.putFloat(value);
          case F64 -> bytes.putDouble(value);
          case F16 -> bytes.putShort(Float.floatToFloat16(value));
          case BF16 -> bytes.putShort((short) (Float.floatToIntBits(value) >>> 16));
          case I32 -> bytes.putInt((int) value);
          default -> throw new IllegalArgumentException("no test encodes " + dtype);
        }
      }
      return bytes.array();
    }
  }
}
