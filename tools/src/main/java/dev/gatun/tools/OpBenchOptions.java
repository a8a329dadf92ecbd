package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.io.PrintWriter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * What the benchmarks of single ops have in common: where they run, for how long, how they print.
 */
final class OpBenchOptions {
  @Mixin private KernelOptions kernels;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "0.3",
      description = "Measure each line for S seconds, at least 3 runs (${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--peak",
      paramLabel = "GFLOPS",
      description = "The most this device can do with these threads, to print the share of it.")
  private Double peak;

  @Option(names = "--json", description = "Print one JSON object per line instead of a table.")
  private boolean json;

  private NativeContext opened;

  void check(CommandSpec spec) {
    if (!(seconds > 0) || kernels.threads() < 0 || (peak != null && !(peak > 0))) {
      throw new ParameterException(
          spec.commandLine(), "--seconds and --peak must be above 0, --threads at least 1");
    }
  }

  boolean json() {
    return json;
  }

  NativeContext open() {
    return NativeContext.open(
        new ContextOptions(kernels.device(), kernels.threads(), kernels.tier(), kernels.dtype()));
  }

  Timing measure(Runnable work) {
    return Timing.measure(seconds / 3, seconds, work);
  }

  /** Prints the head of a table whose lines begin with these two fields. */
  void header(NativeContext context, PrintWriter out, String first, String second) {
    opened = context;
    if (!json) {
      out.printf("tier %s, %s, threads %d%n", context.tier(), context.dtype(), context.threads());
      out.printf(
          "%-14s %8s %12s %12s %8s %10s%s%n",
          first,
          second,
          "median ms",
          "min ms",
          "runs",
          "GFLOP/s",
          peak == null ? "" : "   of peak");
    }
  }

  /**
   * Prints one line.
   *
   * @param line the two fields of the header
   */
  void print(ObjectNode line, Timing timing, double flops, PrintWriter out) {
    double gflops = timing.gigaflops(flops);
    if (json) {
      timing.putInto(line);
      line.put("gflops", gflops);
      if (peak != null) {
        line.put("of_peak", gflops / peak);
      }
      line.put("tier", opened.tier()).put("dtype", opened.dtype().toString());
      line.put("threads", opened.threads());
      out.println(line);
    } else {
      var fields = line.elements();
      out.printf(
          "%-14s %8s %12.4f %12.4f %8d %10.1f%s%n",
          fields.next().asText(),
          fields.next().asText(),
          timing.medianMillis(),
          timing.minMillis(),
          timing.runs(),
          gflops,
          peak == null ? "" : "%9.1f%%".formatted(100 * gflops / peak));
    }
    out.flush();
  }
}
