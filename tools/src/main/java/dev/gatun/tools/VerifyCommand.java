package dev.gatun.tools;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.conformance.Check;
import dev.gatun.conformance.Verifier;
import dev.gatun.conformance.VerifyOptions;
import dev.gatun.conformance.VerifyReport;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun verify}: a model directory against the reference that lies in it. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Compares a model with the numbers that transformers computed for it.",
      "",
      "MODEL_DIR holds reference/reference.json and reference/reference.safetensors beside the",
      "model. Every output must be as close to the float64 reference as twice PyTorch's own",
      "float32, every argmax and every token id equal. Exit status 0: all agree; 1: not all.",
      "With --dtype bf16 an output passes within a sixteenth of its largest magnitude; argmaxes and",
      "generated ids are counted, and may differ where two are nearly equal.",
      "",
    },
    footer = {
      "",
      "Examples:",
      "  gatun verify conformance/fixtures/bert-model",
      "  gatun verify conformance/fixtures/t5 --tier reference --threads 1 --json",
      "  gatun verify conformance/fixtures/bert-model --dtype bf16",
      "  gatun verify conformance/fixtures/bert-model --device cuda",
    })
final class VerifyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL_DIR", description = "A model directory with a reference.")
  private Path directory;

  @Mixin private KernelOptions kernels;

  @Option(names = "--json", description = "Print JSON instead of the table.")
  private boolean json;

  @Override
  public Integer call() {
    VerifyOptions options =
        VerifyOptions.defaults()
            .withDevice(kernels.device())
            .withThreads(kernels.threads())
            .withDtype(kernels.dtype());
    options = kernels.tier().map(options::withTier).orElse(options);
    var out = spec.commandLine().getOut();
    VerifyReport report;
    try (var progress = Progress.of(spec.commandLine().getErr(), "loading " + directory)) {
      report =
          Verifier.verify(directory, options, name -> progress.update("verifying case " + name));
    }
    if (json) {
      out.println(toJson(report).toPrettyString());
    } else {
      out.print(report);
    }
    return report.passed() ? Gatun.OK : Gatun.FAILED;
  }

  private static ObjectNode toJson(VerifyReport report) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("directory", report.directory().toString());
    root.put("architecture", report.architecture());
    root.put("tier", report.tier());
    root.put("dtype", report.dtype().toString());
    root.put("threads", report.threads());
    root.put("passed", report.passed());
    var checks = root.putArray("checks");
    for (Check check : report.checks()) {
      ObjectNode one = checks.addObject();
      one.put("case", check.caseName());
      one.put("output", check.what());
      one.put("passed", check.passed());
      switch (check) {
        case Check.Numbers n -> {
          // JSON has no NaN: an error that could not be computed is null.
          one.put("max_abs_error", Double.isNaN(n.maxAbsError()) ? null : n.maxAbsError());
          one.put("torch_f32_error", n.torchError());
          one.put("limit", n.limit());
          one.put("values", n.values());
          one.put("argmax_equal", n.argmaxEqual());
          one.put("argmax_rows", n.argmaxRows());
        }
        case Check.Ids i -> {
          one.put("equal", i.equal());
          one.put("rows", i.rows());
        }
        case Check.NotRun _ -> {}
      }
      if (!check.passed()) {
        one.put("detail", check.detail());
      }
    }
    return root;
  }
}
