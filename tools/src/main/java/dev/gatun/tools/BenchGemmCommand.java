package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.loader.config.Activation;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import dev.gatun.runtime.weights.Linear;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gatun bench gemm}: how fast linear layers run, called as models call them. */
@Command(
    name = "gemm",
    mixinStandardHelpOptions = true,
    description = {
      "Measures y = x W^T + b through the runtime's ops, calls into native code included.",
      "",
      "One line per layer and number of rows M; GFLOP/s of the median run, 2 M in out operations.",
      "Weights stay in the cache where they fit. The peak of this CPU's multiply-add units is",
      "measured by gatun_bench, below kernels-native/target/cmake/bench; with --peak each line",
      "says its share of it.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun bench gemm --threads 1",
      "  gatun bench gemm --layers 768x3072,3072x768 --rows 128,1024 --peak 525 --json",
    })
final class BenchGemmCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--layers",
      paramLabel = "INxOUT",
      split = ",",
      defaultValue = "768x2304,768x768,768x3072,3072x768,384x1152,384x384,384x1536,1536x384",
      description = "Inputs and outputs of each layer; BERT-base and MiniLM (${DEFAULT-VALUE}).")
  private List<String> layers;

  @Option(
      names = "--rows",
      paramLabel = "M",
      split = ",",
      defaultValue = "1,8,16,32,128,512,1024",
      description = "Rows of x: tokens (${DEFAULT-VALUE}).")
  private List<Integer> rows;

  @Mixin private OpBenchOptions options;

  @Override
  public Integer call() throws IOException {
    options.check(spec);
    List<RandomLinears.Shape> shapes = shapes();
    PrintWriter out = spec.commandLine().getOut();
    try (var progress = Progress.of(spec.commandLine().getErr(), "preparing");
        NativeContext context = options.open();
        var linears = new RandomLinears(context, shapes);
        Workspace ws = Workspace.open(context)) {
      options.header(context, out, "layer", "rows");
      for (int l = 0; l < shapes.size(); l++) {
        for (int m : rows) {
          progress.update("measuring " + shapes.get(l) + " of " + m + " rows");
          double flops = 2.0 * m * shapes.get(l).in() * shapes.get(l).out();
          Timing timing = measure(new Ops(context), ws, linears.get(l), m);
          ObjectNode line = JsonNodeFactory.instance.objectNode();
          line.put("layer", shapes.get(l).toString()).put("rows", m);
          options.print(line, timing, flops, out);
        }
      }
    }
    return Gatun.OK;
  }

  private Timing measure(Ops ops, Workspace ws, Linear linear, int m) {
    ws.reset();
    int in = Math.toIntExact(linear.inFeatures());
    Tensor values = ws.floats(m, in, RandomValues.floats(new SplittableRandom(m), m * in, 1));
    // As the layer before would have left it.
    Tensor x = ops.activate(ws, values, Activation.IDENTITY, ws.spreadTensor(DType.F32, m, in));
    return options.measure(
        () -> {
          long mark = ws.mark();
          ops.linear(ws, linear, x);
          ws.publish();
          ws.release(mark);
        });
  }

  private List<RandomLinears.Shape> shapes() {
    try {
      if (rows.stream().anyMatch(m -> m < 1)) {
        throw new IllegalArgumentException("--rows are " + rows + "; each must be at least 1");
      }
      List<RandomLinears.Shape> shapes = layers.stream().map(RandomLinears.Shape::parse).toList();
      shapes.forEach(shape -> rows.forEach(m -> RandomValues.count(m, shape.in())));
      return shapes;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
