package dev.gatun.loader;

import dev.gatun.loader.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the stored tensor for every weight that a model declares, under whichever name it was
 * saved.
 */
public final class WeightResolver {
  private final Checkpoint checkpoint;
  private final WeightPlan plan;
  private final Map<String, WeightDeclaration> declared = new LinkedHashMap<>();

  /** Stored name by model name, for the names that are stored. */
  private final Map<String, String> storedAs = new LinkedHashMap<>();

  private final List<String> used = new ArrayList<>();
  private final List<String> unexpected = new ArrayList<>();
  private final List<String> ignored = new ArrayList<>();
  private final List<String> tied = new ArrayList<>();

  private WeightResolver(Checkpoint checkpoint, WeightPlan plan) {
    this.checkpoint = checkpoint;
    this.plan = plan;
    for (WeightDeclaration declaration : plan.declarations()) {
      if (declared.put(declaration.name(), declaration) != null) {
        throw new IllegalArgumentException(declaration.name() + " is declared twice");
      }
    }
  }

  /**
   * Matches {@code checkpoint} to {@code plan}, refusing a missing head.
   *
   * @throws WeightsException if a weight is missing or a shape differs
   */
  public static ResolvedWeights resolve(Checkpoint checkpoint, WeightPlan plan) {
    return resolve(checkpoint, plan, MissingHead.REFUSE);
  }

  /**
   * Matches {@code checkpoint} to {@code plan}.
   *
   * @throws WeightsException if a weight is missing (one of a head only with {@link
   *     MissingHead#REFUSE}) or a shape differs
   */
  public static ResolvedWeights resolve(
      Checkpoint checkpoint, WeightPlan plan, MissingHead missingHead) {
    return new WeightResolver(checkpoint, plan).resolve(missingHead);
  }

  private ResolvedWeights resolve(MissingHead missingHead) {
    List<Set<String>> groups = tieGroups();
    mapNames(groups);
    groups.forEach(this::tie);

    List<String> missing = new ArrayList<>();
    List<String> mismatched = new ArrayList<>();
    Map<String, TensorSource> sources = new LinkedHashMap<>();
    boolean fatal = false;
    for (WeightDeclaration declaration : plan.declarations()) {
      String stored = storedAs.get(declaration.name());
      if (stored == null) {
        missing.add(declaration.name());
        fatal |=
            switch (declaration.role()) {
              case BACKBONE -> true;
              case HEAD -> missingHead == MissingHead.REFUSE;
              case OPTIONAL -> false;
            };
        continue;
      }
      TensorInfo info = checkpoint.info(stored);
      if (info.shape().equals(declaration.shape())) {
        sources.put(declaration.name(), new TensorSource(info, checkpoint.data(stored), stored));
      } else {
        mismatched.add(
            declaration.name() + ": stored " + info.shape() + ", needed " + declaration.shape());
        fatal = true;
      }
    }
    LoadReport report = new LoadReport(used, missing, unexpected, ignored, mismatched, tied);
    if (fatal) {
      throw new WeightsException(refusal(report), report);
    }
    return new ResolvedWeights(sources, report);
  }

  /** Fills {@link #storedAs}; what finds no place is unexpected or ignored. */
  private void mapNames(List<Set<String>> groups) {
    Set<String> known = new HashSet<>(declared.keySet());
    groups.forEach(known::addAll);
    WeightNames names = new WeightNames(plan.baseModelPrefix(), known);
    for (String stored : checkpoint.names().stream().sorted(NaturalOrder.OF_NAMES).toList()) {
      String name = names.declared(stored);
      // Two stored names for one weight, such as with and without the prefix: the first stays, as
      // in the reference.
      if (known.contains(name) && !storedAs.containsKey(name)) {
        storedAs.put(name, stored);
        used.add(label(name, stored));
      } else if (plan.ignoredUnexpected().stream()
          .anyMatch(pattern -> pattern.matcher(stored).find())) {
        ignored.add(stored);
      } else {
        unexpected.add(stored);
      }
    }
  }

  /** The connected groups of names that {@link WeightPlan#ties} joins, the source of each first. */
  private List<Set<String>> tieGroups() {
    List<Set<String>> groups = new ArrayList<>();
    for (TiedGroup tie : plan.ties()) {
      Set<String> joined = new LinkedHashSet<>(List.of(tie.source(), tie.target()));
      List<Set<String>> separate = new ArrayList<>();
      for (Set<String> group : groups) {
        if (group.contains(tie.source()) || group.contains(tie.target())) {
          Set<String> first = new LinkedHashSet<>(group);
          first.addAll(joined);
          joined = first;
        } else {
          separate.add(group);
        }
      }
      separate.add(joined);
      groups = separate;
    }
    return groups;
  }

  /**
   * Gives every name of a group without a tensor of its own the tensor of the group's first stored
   * name, and folds stored copies into it. A copy that differs stays separate: files whose
   * configuration wrongly claims a tie exist, and the reference reads them so.
   */
  private void tie(Set<String> group) {
    String source = group.stream().filter(storedAs::containsKey).findFirst().orElse(null);
    if (source == null) {
      return;
    }
    String stored = storedAs.get(source);
    for (String name : group) {
      if (name.equals(source) || !(declared.containsKey(name) || storedAs.containsKey(name))) {
        continue;
      }
      String own = storedAs.get(name);
      if (own == null || equal(own, stored)) {
        storedAs.put(name, stored);
        tied.add(name + " <- " + source);
      } else if (!declared.containsKey(name)) {
        // No declared weight reads it, and the model would run with other numbers than its file
        // says.
        used.remove(label(name, own));
        unexpected.add(own);
      }
    }
  }

  private static String label(String name, String stored) {
    return name.equals(stored) ? stored : stored + " -> " + name;
  }

  private boolean equal(String a, String b) {
    TensorInfo first = checkpoint.info(a);
    TensorInfo second = checkpoint.info(b);
    return first.dtype() == second.dtype()
        && first.shape().equals(second.shape())
        && checkpoint.data(a).mismatch(checkpoint.data(b)) < 0;
  }

  private String refusal(LoadReport report) {
    StringBuilder text = new StringBuilder();
    text.append(checkpoint.files().getFirst());
    if (checkpoint.files().size() > 1) {
      text.append(" and ").append(checkpoint.files().size() - 1).append(" more");
    }
    text.append(" does not fit the model");
    if (!report.missing().isEmpty()) {
      text.append("\nmissing ")
          .append(report.missing().size())
          .append(": ")
          .append(LoadReport.first(report.missing()));
      Collection<String> hints = NearMisses.of(report.missing(), report.unexpected());
      hints.forEach(hint -> text.append("\n  ").append(hint));
    }
    if (!report.mismatched().isEmpty()) {
      text.append("\nshapes differ: ").append(LoadReport.first(report.mismatched()));
    }
    if (!report.unexpected().isEmpty()) {
      text.append("\nunexpected ")
          .append(report.unexpected().size())
          .append(": ")
          .append(LoadReport.first(report.unexpected()));
    }
    return text.toString();
  }
}
