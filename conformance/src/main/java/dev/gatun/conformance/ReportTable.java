package dev.gatun.conformance;

import java.util.List;
import java.util.Locale;

/** A report as the lines of a terminal. */
final class ReportTable {
  private ReportTable() {}

  static String render(VerifyReport report) {
    var text = new StringBuilder();
    text.append(
        "%s as %s, tier %s, %s, %d thread%s%n"
            .formatted(
                report.directory(),
                report.architecture(),
                report.tier(),
                report.dtype(),
                report.threads(),
                report.threads() == 1 ? "" : "s"));
    int caseWidth = width("case", report.checks().stream().map(Check::caseName).toList());
    int whatWidth = width("output", report.checks().stream().map(Check::what).toList());
    String row = "  %-" + caseWidth + "s  %-" + whatWidth + "s  %9s  %9s  %6s  %11s  %s%n";
    text.append(row.formatted("case", "output", "error", "PyTorch's", "ratio", "equal", ""));
    for (Check check : report.checks()) {
      text.append(line(row, check));
    }
    for (Check check : report.failures()) {
      text.append("%nFAIL %s %s: %s%n".formatted(check.caseName(), check.what(), check.detail()));
    }
    long failed = report.failures().size();
    text.append(
        failed == 0
            ? "%nPASS: all %d checks%n".formatted(report.checks().size())
            : "%nFAIL: %d of %d checks%n".formatted(failed, report.checks().size()));
    return text.toString();
  }

  private static String line(String row, Check check) {
    String verdict = check.passed() ? "ok" : "FAIL";
    return switch (check) {
      case Check.Numbers n ->
          row.formatted(
              n.caseName(),
              n.what(),
              error(n.maxAbsError()),
              error(n.torchError()),
              ratio(n),
              n.argmaxRows() == 0 ? "" : n.argmaxEqual() + "/" + n.argmaxRows(),
              verdict);
      case Check.Ids i ->
          row.formatted(i.caseName(), i.what(), "", "", "", i.equal() + "/" + i.rows(), verdict);
      case Check.NotRun r -> row.formatted(r.caseName(), r.what(), "", "", "", "", verdict);
    };
  }

  private static String ratio(Check.Numbers n) {
    if (n.torchError() == 0) {
      return "-";
    }
    return n.ratio() < 1000 ? String.format(Locale.ROOT, "%.2f", n.ratio()) : ">1000";
  }

  private static String error(double value) {
    return String.format(Locale.ROOT, "%.2e", value);
  }

  private static int width(String title, List<String> cells) {
    return cells.stream().mapToInt(String::length).reduce(title.length(), Math::max);
  }
}
