package dev.gatun.conformance;

import dev.gatun.conformance.ReferenceCase.Forward;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds where a wrong result begins: runs a case once more with all the hidden states its reference
 * has and walks them from the embeddings up, encoder before decoder.
 */
final class Divergence {
  private static final Pattern HIDDEN_STATE =
      Pattern.compile("(?<stack>encoder_|decoder_|)hidden_states\\.(?<layer>\\d+)");

  private final Reference reference;
  private final ForwardRun run;

  Divergence(Reference reference, ForwardRun run) {
    this.reference = reference;
    this.run = run;
  }

  /** The first layer that differs, in words; empty where no case of the reference has layers. */
  String locate(Forward failed) {
    Optional<Forward> witness =
        hiddenStates(failed).isEmpty()
            ? reference.cases().stream()
                .filter(Forward.class::isInstance)
                .map(Forward.class::cast)
                .filter(c -> !hiddenStates(c).isEmpty())
                .max(Comparator.comparingInt(c -> hiddenStates(c).size()))
            : Optional.of(failed);
    if (witness.isEmpty()) {
      return "the reference has no hidden_states to say which layer";
    }
    Forward c = witness.get();
    String seen = c == failed ? "" : " (seen in case '" + c.name() + "')";
    List<HiddenState> states = hiddenStates(c);
    Map<String, Comparison> comparisons =
        run.compare(c, states.stream().map(HiddenState::name).toList());
    HiddenState previous = null;
    for (HiddenState state : states) {
      if (!comparisons.get(state.name()).passed()) {
        return "first diverging layer: " + state.describe(previous) + seen;
      }
      previous = state;
    }
    return "all hidden states up to "
        + previous.name()
        + " agree"
        + seen
        + ": the difference arises after that";
  }

  private static List<HiddenState> hiddenStates(Forward c) {
    return c.outputs().stream()
        .map(HIDDEN_STATE::matcher)
        .filter(Matcher::matches)
        .map(HiddenState::of)
        .sorted(
            Comparator.comparing((HiddenState s) -> s.stack().equals("decoder_"))
                .thenComparingInt(HiddenState::layer))
        .toList();
  }

  /**
   * @param stack {@code encoder_}, {@code decoder_} or nothing
   * @param layer 0 for the embeddings, n for the output of layer n - 1
   */
  private record HiddenState(String name, String stack, int layer) {
    static HiddenState of(MatchResult match) {
      return new HiddenState(
          match.group(), match.group("stack"), Integer.parseInt(match.group("layer")));
    }

    String describe(HiddenState previous) {
      String in = stack.isEmpty() ? "" : " of the " + stack.substring(0, stack.length() - 1);
      boolean sameStack = previous != null && previous.stack().equals(stack);
      int first = sameStack ? previous.layer() : 0;
      String where;
      if (layer == 0) {
        where = "the embeddings" + in;
      } else if (first == layer - 1) {
        where = "layer " + first + in;
      } else {
        where = "one of layers " + first + " to " + (layer - 1) + in;
      }
      return where + " (" + name + ")";
    }
  }
}
