package dev.gatun.loader;

import java.util.List;

/**
 * What became of every declared weight and of every stored tensor.
 *
 * @param used stored names that were read, with their declared name where it differs: {@code stored
 *     -> declared}
 * @param missing declared names that no stored tensor fits
 * @param unexpected stored names that the model does not know
 * @param ignored stored names that the model knows it does not need
 * @param mismatched declared names whose stored shape differs, with both shapes
 * @param tied declared names that take another's value: {@code target <- source}
 */
public record LoadReport(
    List<String> used,
    List<String> missing,
    List<String> unexpected,
    List<String> ignored,
    List<String> mismatched,
    List<String> tied) {
  private static final int SHOWN = 12;

  public LoadReport {
    used = List.copyOf(used);
    missing = List.copyOf(missing);
    unexpected = List.copyOf(unexpected);
    ignored = List.copyOf(ignored);
    mismatched = List.copyOf(mismatched);
    tied = List.copyOf(tied);
  }

  /** Whether every declared weight has a value and every stored tensor a use. */
  public boolean isExact() {
    return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty();
  }

  /** One line per group that is not empty, with up to a dozen names each. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("used " + used.size());
    line(text, "tied", tied);
    line(text, "missing", missing);
    line(text, "mismatched", mismatched);
    line(text, "unexpected", unexpected);
    line(text, "ignored", ignored);
    return text.toString();
  }

  private static void line(StringBuilder text, String label, List<String> names) {
    if (!names.isEmpty()) {
      text.append('\n')
          .append(label)
          .append(' ')
          .append(names.size())
          .append(": ")
          .append(first(names));
    }
  }

  static String first(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
    return names.size() > SHOWN ? shown + ", and " + (names.size() - SHOWN) + " more" : shown;
  }
}
