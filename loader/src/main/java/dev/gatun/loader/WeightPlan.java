package dev.gatun.loader;

import java.util.List;
import java.util.regex.Pattern;

/**
 * All weights that a model needs and how their names may differ in a checkpoint.
 *
 * @param baseModelPrefix name of the backbone inside a model with a head ({@code bert}, {@code
 *     transformer}), which stored names may have or lack; empty if there is none
 * @param ties weights known by several names; a name that is only ever stored, never declared, may
 *     appear here too. Empty if the configuration does not tie
 * @param ignoredUnexpected stored names that are left aside silently, found anywhere in the name
 */
public record WeightPlan(
    String baseModelPrefix,
    List<WeightDeclaration> declarations,
    List<TiedGroup> ties,
    List<Pattern> ignoredUnexpected) {
  public WeightPlan {
    declarations = List.copyOf(declarations);
    ties = List.copyOf(ties);
    ignoredUnexpected = List.copyOf(ignoredUnexpected);
  }
}
