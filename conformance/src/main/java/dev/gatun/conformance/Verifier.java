package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.conformance.ReferenceCase.Embed;
import dev.gatun.conformance.ReferenceCase.Forward;
import dev.gatun.conformance.ReferenceCase.Generate;
import dev.gatun.conformance.ReferenceCase.Text;
import dev.gatun.conformance.ReferenceCase.Tokenize;
import dev.gatun.conformance.ReferenceTensors.Expected;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Runs a model directory against the reference in it.
 *
 * <p>Each forward case runs twice: all its sequences as one packed batch, then each alone; both
 * must agree with the reference, in which every sequence was computed alone. {@link #verify} does
 * everything at once; {@link #open} gives the cases one by one.
 *
 * <p>fp32 passes within twice PyTorch's own fp32 error, with every argmax and every generated id
 * equal, and every embedding's cosine to the expected one at least 0.999999. bf16 passes within a
 * sixteenth of the largest expected magnitude; its argmaxes and generated ids are counted, not held
 * to equality.
 */
public final class Verifier implements AutoCloseable {
  private final Reference reference;
  private final Subject subject;
  private final ForwardRun forwardRun;
  private final Divergence divergence;

  Verifier(Reference reference, Subject subject) {
    this.reference = reference;
    this.subject = subject;
    this.forwardRun = new ForwardRun(reference, subject);
    this.divergence = new Divergence(reference, forwardRun);
  }

  /**
   * Verifies a model directory.
   *
   * @throws ReferenceException if the directory's reference is absent or unusable
   * @throws dev.gatun.loader.GatunException if the model cannot be loaded
   */
  public static VerifyReport verify(Path modelDirectory, VerifyOptions options) {
    return verify(modelDirectory, options, caseName -> {});
  }

  /**
   * Verifies a model directory, telling a listener the name of each case before it runs.
   *
   * @throws ReferenceException if the directory's reference is absent or unusable
   * @throws dev.gatun.loader.GatunException if the model cannot be loaded
   */
  public static VerifyReport verify(
      Path modelDirectory, VerifyOptions options, Consumer<String> beforeCase) {
    try (Verifier verifier = open(modelDirectory, options)) {
      return verifier.run(beforeCase);
    }
  }

  /**
   * Reads the reference and loads the model.
   *
   * @throws ReferenceException if the directory's reference is absent or unusable
   * @throws dev.gatun.loader.GatunException if the model cannot be loaded
   */
  public static Verifier open(Path modelDirectory, VerifyOptions options) {
    Reference reference = Reference.open(modelDirectory);
    try {
      return new Verifier(reference, new ModelSubject(reference, options));
    } catch (RuntimeException | Error e) {
      reference.close();
      throw e;
    }
  }

  /** The cases' names, in the order of the reference. */
  public static List<String> caseNames(Path modelDirectory) {
    try (Reference reference = Reference.open(modelDirectory)) {
      return reference.cases().stream().map(ReferenceCase::name).toList();
    }
  }

  VerifyReport run(Consumer<String> beforeCase) {
    var checks = new ArrayList<Check>();
    for (ReferenceCase c : reference.cases()) {
      beforeCase.accept(c.name());
      checks.addAll(check(c));
    }
    return new VerifyReport(
        reference.directory(),
        reference.architecture(),
        subject.tier(),
        subject.dtype(),
        subject.threads(),
        reference.versions(),
        checks);
  }

  /**
   * Runs one case.
   *
   * @throws IllegalArgumentException if the reference has no such case
   */
  public List<Check> check(String caseName) {
    for (ReferenceCase c : reference.cases()) {
      if (c.name().equals(caseName)) {
        return check(c);
      }
    }
    throw new IllegalArgumentException("no case '" + caseName + "' in " + reference.directory());
  }

  private List<Check> check(ReferenceCase c) {
    try {
      return switch (c) {
        case Forward f -> forward(f);
        case Generate g -> List.of(generate(g));
        case Tokenize t -> List.of(tokenize(t));
        case Embed e -> List.of(embed(e));
      };
    } catch (ReferenceException e) {
      throw e;
    } catch (RuntimeException e) {
      String reason = e.getMessage() == null ? e.toString() : e.getMessage();
      return List.of(new Check.NotRun(c.name(), "", reason));
    }
  }

  private List<Check> forward(Forward c) {
    Map<String, Comparison> comparisons = forwardRun.compare(c, c.outputs());
    boolean passed = comparisons.values().stream().allMatch(Comparison::passed);
    String where = passed ? "" : locate(c);
    return comparisons.values().stream().map(one -> (Check) one.result(where)).toList();
  }

  /** In a model that fails, looking for the layer may fail too; what is known is worth more. */
  private String locate(Forward c) {
    try {
      return divergence.locate(c);
    } catch (ReferenceException e) {
      throw e;
    } catch (RuntimeException e) {
      return "the first diverging layer is not known: " + e.getMessage();
    }
  }

  private Check generate(Generate c) {
    return ids(
        c.name(),
        "output_ids",
        c.outputIds(),
        row -> subject.generate(c.inputIds().get(row), c.settings()),
        row -> "prompt " + row,
        subject.dtype() != ComputeDtype.F32);
  }

  private Check tokenize(Tokenize c) {
    return ids(
        c.name(),
        "input_ids",
        c.inputIds(),
        row -> subject.tokenize(c.texts().get(row)),
        row -> {
          Text text = c.texts().get(row);
          return "text " + row + (text.pair() == null ? " '" : " (pair) '") + text.text() + "'";
        },
        false);
  }

  private static Check ids(
      String caseName,
      String what,
      List<int[]> expected,
      IntFunction<int[]> ours,
      IntFunction<String> place,
      boolean mayDiffer) {
    int equal = 0;
    var detail = new StringBuilder();
    for (int row = 0; row < expected.size(); row++) {
      int[] actual = ours.apply(row);
      int at = Arrays.mismatch(actual, expected.get(row));
      if (at < 0) {
        equal++;
      } else if (detail.isEmpty()) {
        detail.append(
            "%s differs from index %d on: %s where the reference has %s"
                .formatted(
                    place.apply(row), at, window(actual, at), window(expected.get(row), at)));
      }
    }
    return new Check.Ids(
        caseName,
        what,
        equal,
        expected.size(),
        equal == expected.size() || mayDiffer,
        detail.toString());
  }

  /** A few ids from {@code at} on. */
  private static String window(int[] ids, int at) {
    if (at >= ids.length) {
      return "nothing";
    }
    int end = Math.min(ids.length, at + 5);
    String shown = Arrays.toString(Arrays.copyOfRange(ids, at, end));
    return end == ids.length ? shown : shown.replace("]", ", ...]");
  }

  private Check embed(Embed c) {
    Expected expected = reference.expected(c);
    int texts = c.texts().size();
    var comparison =
        new Comparison(c.name(), Reference.EMBEDDINGS, c.torchError(), subject.dtype());
    if (expected.shape().length != 2 || expected.shape()[0] != texts) {
      throw new ReferenceException(
          reference.tensors().path(),
          "tensor '%s/embeddings' has shape %s; expected [%d texts, dim]"
              .formatted(c.name(), Arrays.toString(expected.shape()), texts));
    }
    int width = Math.toIntExact(expected.shape()[1]);
    List<float[]> packed = subject.embed(c.texts(), c.settings());
    for (int i = 0; i < texts; i++) {
      double[] row = Arrays.copyOfRange(expected.values(), i * width, (i + 1) * width);
      Expected one = new Expected(new long[] {width}, row);
      float[] alone = subject.embed(List.of(c.texts().get(i)), c.settings()).getFirst();
      comparison.add("text " + i, new long[] {packed.get(i).length}, packed.get(i), one);
      comparison.addAgain("text " + i + " alone", new long[] {alone.length}, alone, one);
    }
    return comparison.result("");
  }

  @Override
  public void close() {
    try (reference) {
      subject.close();
    }
  }
}
