package dev.gatun.runtime.nativelib;

import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Epilogue;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.testing.TestModel;
import dev.gatun.runtime.weights.LayerNorm;
import dev.gatun.runtime.weights.Linear;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an op costs before its kernel computes anything, in nanoseconds and (with {@code -prof gc})
 * in bytes of garbage per call, next to a call into native code that does nothing.
 *
 * <p>{@code *Of0Rows} runs all of the binding and returns at once from the kernel; {@code *Of1}
 * adds a kernel's own start. With {@code y} given, nothing is left to make; without, a call makes
 * its result's tensor.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BindingBenchmark {

  private static final MethodHandle ABS = abs();

  @SuppressWarnings("restricted") // int abs(int)
  private static MethodHandle abs() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("abs"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  }

  private record Layers(Linear linear, LayerNorm norm) {}

  private NativeContext context;
  private TestModel<Layers> model;
  private Workspace ws;
  private Ops ops;
  private Tensor none;
  private Tensor x;
  private Tensor y;
  private Tensor qkv;
  private Sequences sequences;
  private final AttentionOptions attention = AttentionOptions.of(1, 1);

  /** One thread: waking others is no part of the binding. */
  @Setup
  public void open() {
    context = NativeContext.open(ContextOptions.defaults().withThreads(1));
    model =
        new TestModel.Builder()
            .add("linear.weight", Shape.of(1, 1), 0.5f)
            .add("linear.bias", Shape.of(1), 0.1f)
            .add("norm.weight", Shape.of(1), 1)
            .add("norm.bias", Shape.of(1), 0)
            .load(
                context,
                scope ->
                    new Layers(scope.linear("linear", 1, 1), scope.layerNorm("norm", 1, 1e-5)));
    ws = Workspace.open(context);
    ops = new Ops(context);
    none = ws.tensor(0, 1);
    x = ws.floats(1, 1, 2);
    y = ws.tensor(1, 1);
    qkv = ws.floats(1, 3, 1, 2, 3);
    sequences = Sequences.of(ws, 1);
  }

  @TearDown
  public void close() {
    ws.close();
    model.close();
    context.close();
  }

  /** Into native code and back: the C library's abs. */
  @Benchmark
  public int emptyCall() throws Throwable {
    return (int) ABS.invokeExact(-1);
  }

  /** The same without telling the JVM's safepoints, as constant-time queries are called. */
  @Benchmark
  public long emptyCriticalCall() throws Throwable {
    return (long) Kernels.Facts.CONTEXT_BYTES.invokeExact(context.handle());
  }

  @Benchmark
  public Tensor layerNormOf0Rows() {
    return ops.layerNorm(ws, model.model().norm(), none, none);
  }

  @Benchmark
  public Tensor layerNormOf1() {
    return ops.layerNorm(ws, model.model().norm(), x, y);
  }

  @Benchmark
  public Tensor linearOf0Rows() {
    return ops.linear(ws, model.model().linear(), none, Epilogue.NONE, none);
  }

  @Benchmark
  public Tensor linearOf1() {
    return ops.linear(ws, model.model().linear(), x, Epilogue.NONE, y);
  }

  /** As models call it: the result is a new tensor of the workspace. */
  @Benchmark
  public Tensor linearToANewTensor() {
    long mark = ws.mark();
    Tensor result = ops.linear(ws, model.model().linear(), x);
    ws.release(mark);
    return result;
  }

  /** As models call it, over the three views of a fused projection. */
  @Benchmark
  public Tensor attentionOf1() {
    long mark = ws.mark();
    Tensor result =
        ops.attention(
            ws,
            qkv.columns(0, 1),
            qkv.columns(1, 2),
            qkv.columns(2, 3),
            attention,
            sequences,
            sequences);
    ws.release(mark);
    return result;
  }
}
