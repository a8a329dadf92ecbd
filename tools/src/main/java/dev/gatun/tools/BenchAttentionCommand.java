package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.ops.AttentionOptions;
import dev.gatun.runtime.ops.Ops;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gatun bench attention}: how fast attention runs, and in how much memory. */
@Command(
    name = "attention",
    mixinStandardHelpOptions = true,
    description = {
      "Measures self-attention of one sequence through the runtime's ops.",
      "",
      "GFLOP/s count 4 n^2 h d operations for n tokens and h heads of size d, half when causal.",
      "With --memory it prints instead the bytes that one call holds: its input and output, and",
      "beyond these its scratch, next to the n x n matrix of scores that it never writes.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun bench attention --causal --threads 1",
      "  gatun bench attention --tokens 512,2048 --heads 12 --head-dim 32 --json",
      "  gatun bench attention --memory",
    })
final class BenchAttentionCommand implements Callable<Integer> {
  private static final List<Integer> TOKENS = List.of(512, 1024, 2048, 4096, 8192);
  private static final List<Integer> MEMORY_TOKENS = List.of(512, 4096, 16384);

  @Spec private CommandSpec spec;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      split = ",",
      description = "Lengths (512,1024,2048,4096,8192; with --memory 512,4096,16384).")
  private List<Integer> tokens;

  @Option(
      names = "--heads",
      paramLabel = "H",
      defaultValue = "12",
      description = "Heads (${DEFAULT-VALUE}).")
  private int heads;

  @Option(
      names = "--head-dim",
      paramLabel = "D",
      defaultValue = "64",
      description = "Size of a head (${DEFAULT-VALUE}).")
  private int headDim;

  @Option(names = "--causal", description = "A token sees those up to its own position.")
  private boolean causal;

  @Option(names = "--memory", description = "Print bytes instead of times.")
  private boolean memory;

  @Mixin private OpBenchOptions options;

  @Override
  public Integer call() {
    options.check(spec);
    List<Integer> lengths = tokens != null ? tokens : memory ? MEMORY_TOKENS : TOKENS;
    if (heads < 1 || headDim < 1 || lengths.stream().anyMatch(n -> n < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--tokens, --heads and --head-dim must be at least 1");
    }
    try (var progress = Progress.of(spec.commandLine().getErr(), "preparing")) {
      if (memory) {
        printMemory(lengths, progress);
      } else {
        printTimes(lengths, progress);
      }
    }
    return Gatun.OK;
  }

  private void printTimes(List<Integer> lengths, Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    try (NativeContext context = options.open();
        Workspace ws = Workspace.open(context)) {
      options.header(context, out, "heads x size", "tokens");
      for (int n : lengths) {
        progress.update("measuring " + n + " tokens");
        ws.reset();
        var call = new Call(context, ws, n);
        double flops = 4.0 * n * n * heads * headDim / (causal ? 2 : 1);
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("heads", heads + "x" + headDim).put("tokens", n);
        Timing timing =
            options.measure(
                () -> {
                  long mark = ws.mark();
                  call.run();
                  ws.release(mark);
                });
        if (options.json()) {
          line.put("causal", causal);
        }
        options.print(line, timing, flops, out);
      }
    }
  }

  private void printMemory(List<Integer> lengths, Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    if (!options.json()) {
      out.printf(
          "%8s %16s %14s %18s %20s%n",
          "tokens", "input+output", "scratch", "n x n, one head", "n x n, all heads");
    }
    for (int n : lengths) {
      progress.update("running " + n + " tokens");
      // A context of its own: scratch is kept from call to call, so what is there is the most.
      try (NativeContext context = options.open();
          Workspace ws = Workspace.open(context)) {
        var call = new Call(context, ws, n);
        long operands = 4L * n * heads * headDim * Float.BYTES;
        ws.release(reserveOutput(ws, n));
        long before = context.bytes();
        call.run();
        long scratch = context.bytes() - before;
        long square = (long) n * n * Float.BYTES;
        print(out, n, operands, scratch, square);
      }
    }
  }

  /** Grows the workspace by the output now, so that what grows in the call is its scratch. */
  private long reserveOutput(Workspace ws, int n) {
    long mark = ws.mark();
    ws.tensor(n, (long) heads * headDim);
    return mark;
  }

  private void print(PrintWriter out, int n, long operands, long scratch, long square) {
    if (options.json()) {
      ObjectNode line = JsonNodeFactory.instance.objectNode();
      line.put("tokens", n).put("heads", heads).put("head_dim", headDim).put("causal", causal);
      line.put("input_output_bytes", operands).put("scratch_bytes", scratch);
      line.put("scores_bytes_per_head", square).put("scores_bytes", square * heads);
      out.println(line);
    } else {
      out.printf("%8d %,16d %,14d %,18d %,20d%n", n, operands, scratch, square, square * heads);
    }
    out.flush();
  }

  /** One attention call over a fused projection, as models have it. */
  private final class Call {
    private final Ops ops;
    private final Workspace ws;
    private final AttentionOptions attention;
    private final Sequences sequences;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;

    Call(NativeContext context, Workspace ws, int n) {
      this.ws = ws;
      ops = new Ops(context);
      attention = AttentionOptions.of(heads, headDim).withCausal(causal);
      sequences = Sequences.of(ws, n);
      int width = heads * headDim;
      Tensor qkv = ws.tensor(n, 3L * width);
      var random = new SplittableRandom(n);
      float[] rows = RandomValues.floats(random, 3 * width * Math.min(n, 512), 1);
      for (int row = 0; row < n; row += 512) { // the same again: the heap need not hold it all
        Tensor part = qkv.rows(row, Math.min(n, row + 512));
        MemorySegment target = part.segment();
        context.upload(MemorySegment.ofArray(rows).asSlice(0, target.byteSize()), target);
      }
      q = qkv.columns(0, width);
      k = qkv.columns(width, 2L * width);
      v = qkv.columns(2L * width, 3L * width);
    }

    void run() {
      ops.attention(ws, q, k, v, attention, sequences, sequences);
      ws.publish();
    }
  }
}
