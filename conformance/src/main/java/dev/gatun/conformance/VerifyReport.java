package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What {@link Verifier#verify} found.
 *
 * @param architecture the class that was run, as {@code BertForMaskedLM}
 * @param tier the kernels that ran
 * @param dtype what they computed in
 * @param versions of the libraries that made the reference
 * @param checks one per case and output, in the order of the reference
 */
public record VerifyReport(
    Path directory,
    String architecture,
    String tier,
    ComputeDtype dtype,
    int threads,
    Map<String, String> versions,
    List<Check> checks) {

  public VerifyReport {
    versions = Map.copyOf(versions);
    checks = List.copyOf(checks);
  }

  /** Whether something was compared and everything agreed. */
  public boolean passed() {
    return !checks.isEmpty() && checks.stream().allMatch(Check::passed);
  }

  public List<Check> failures() {
    return checks.stream().filter(check -> !check.passed()).toList();
  }

  /** The table, with what failed in words below it. */
  @Override
  public String toString() {
    return ReportTable.render(this);
  }
}
