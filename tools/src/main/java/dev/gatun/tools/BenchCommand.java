package dev.gatun.tools;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gatun bench}: how fast models and their ops run. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "WHAT",
    description = {
      "Measures speed: of a model, of embedding texts, of linear layers, of attention.",
      "",
      "GFLOP/s count useful work only: no padding, no bias, norm, softmax or activation. A machine",
      "that does other work too slows down by any amount: compare what ran in one run, as",
      "tools/bench/compare.py does with Gatun and other runtimes.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun bench model bert-base-uncased --lengths 8x128 --threads 2",
      "  gatun bench model gpt2 --lengths 16 --batch 16 --generate 64 --json",
      "  gatun bench gemm --layers 768x3072 --rows 1,128,1024",
      "  gatun bench attention --tokens 512,8192 --causal",
      "  gatun bench attention --memory",
    },
    subcommands = {
      BenchModelCommand.class,
      BenchEmbedCommand.class,
      BenchGemmCommand.class,
      BenchAttentionCommand.class
    })
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Bench what? One of " + spec.subcommands().keySet() + ".");
  }
}
