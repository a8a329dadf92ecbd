package dev.gatun.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gatun.conformance.Check;
import dev.gatun.conformance.Verifier;
import dev.gatun.conformance.VerifyOptions;
import dev.gatun.conformance.VerifyReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun verify}: model directories against the references that lie in them. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Compares models with the numbers that transformers computed for them.",
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
      "  gatun verify conformance/fixtures/* --device cuda",
    })
final class VerifyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL_DIR",
      arity = "1..*",
      description = "Model directories, each with a reference.")
  private List<Path> directories;

  @Mixin private KernelOptions kernels;

  @Option(
      names = "--json",
      description = "Print JSON instead of tables: an object, an array of several models.")
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
    var reports = new ArrayList<VerifyReport>();
    for (Path directory : directories) {
      VerifyReport report = verify(directory, options);
      reports.add(report);
      if (!json) {
        out.print(report);
        out.flush();
      }
    }
    long passed = reports.stream().filter(VerifyReport::passed).count();
    if (json) {
      var objects = reports.stream().map(VerifyCommand::toJson).toList();
      JsonNode whole =
          objects.size() == 1
              ? objects.getFirst()
              : JsonNodeFactory.instance.arrayNode().addAll(objects);
      out.println(whole.toPrettyString());
    } else if (reports.size() > 1) {
      out.printf("%d of %d models passed%n", passed, reports.size());
    }
    return passed == reports.size() ? Gatun.OK : Gatun.FAILED;
  }

  private VerifyReport verify(Path directory, VerifyOptions options) {
    try (var progress = Progress.of(spec.commandLine().getErr(), "loading " + directory)) {
      return Verifier.verify(
          directory,
          options,
          name -> progress.update("verifying " + directory.getFileName() + ", case " + name));
    }
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
