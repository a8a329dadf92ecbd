package dev.gatun.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ComputeDtype;
import dev.gatun.Inputs;
import dev.gatun.Outputs;
import dev.gatun.conformance.ReferenceTensors.Expected;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** The engine judged with a subject that is perfect until it is spoilt: it must be able to fail. */
class VerifierTest {
  private static VerifyReport verify(String fixture, BiFunction<String, float[], float[]> spoil) {
    Reference reference = Reference.open(Fixtures.of(fixture));
    try (var verifier = new Verifier(reference, new ReplaySubject(reference, spoil))) {
      return verifier.run(_ -> {});
    }
  }

  private static Check check(VerifyReport report, String caseName, String what) {
    return report.checks().stream()
        .filter(c -> c.caseName().equals(caseName) && c.what().equals(what))
        .findFirst()
        .orElseThrow();
  }

  private static float[] with(float[] values, int index, float value) {
    float[] copy = values.clone();
    copy[index] = value;
    return copy;
  }

  @Test
  void everyFixtureAgreesWithItself() {
    for (var fixture : Fixtures.all()) {
      VerifyReport report = verify(fixture.getFileName().toString(), (_, values) -> values);
      assertTrue(report.passed(), report::toString);
    }
  }

  @Test
  void oneWrongValueFailsAndNamesTheLayer() {
    VerifyReport report =
        verify(
            "bert-masked-lm",
            (output, values) ->
                output.equals("hidden_states.1") || output.equals("hidden_states.2")
                    ? with(values, 3, values[3] + 1e-2f)
                    : values);

    assertFalse(report.passed());
    Check layer = check(report, "layers", "hidden_states.1");
    assertFalse(layer.passed());
    assertTrue(
        layer.detail().contains("first diverging layer: layer 0 (hidden_states.1)"),
        layer.detail());
    assertTrue(check(report, "layers", "hidden_states.0").passed());
    assertTrue(check(report, "mixed", "logits").passed());
  }

  @Test
  void theEncoderIsNamedBeforeTheDecoder() {
    VerifyReport report =
        verify(
            "t5",
            (output, values) ->
                output.equals("encoder_hidden_states.2")
                        || output.startsWith("decoder_hidden_states")
                        || output.equals("logits")
                    ? with(values, 0, values[0] - 1)
                    : values);

    String detail = check(report, "mixed", "logits").detail();
    assertTrue(
        detail.contains(
            "first diverging layer: layer 1 of the encoder (encoder_hidden_states.2)"
                + " (seen in case 'layers')"),
        detail);
  }

  @Test
  void aWrongHeadIsToldFromWrongLayers() {
    VerifyReport report =
        verify(
            "bert-masked-lm",
            (output, values) -> output.equals("logits") ? with(values, 0, values[0] + 1) : values);

    String detail = check(report, "mixed", "logits").detail();
    assertTrue(detail.contains("all hidden states up to hidden_states."), detail);
    assertTrue(detail.matches("worst at sequence \\d( alone)? \\[0, 0]: .*"), detail);
  }

  @Test
  void errorsUpToTwicePyTorchsPass() {
    var limit = new double[1];
    BiFunction<String, float[], float[]> exact = (_, values) -> values;
    Check.Numbers clean =
        (Check.Numbers) check(verify("bert-model", exact), "layers", "hidden_states.1");
    limit[0] = clean.limit();
    assertTrue(clean.limit() >= 2 * clean.torchError());

    for (double share : new double[] {0.5, 1.5}) {
      VerifyReport report =
          verify(
              "bert-model",
              (output, values) ->
                  output.equals("hidden_states.1")
                      ? with(values, 0, (float) (values[0] + share * limit[0]))
                      : values);
      assertEquals(share < 1, check(report, "layers", "hidden_states.1").passed());
    }
  }

  @Test
  void anotherArgmaxFailsHoweverSmallTheError() {
    VerifyReport report =
        verify(
            "bert-masked-lm",
            (output, values) -> {
              if (!output.equals("logits")) {
                return values;
              }
              float[] shifted = values.clone();
              shifted[0] = 1e6f;
              return shifted;
            });

    Check.Numbers logits = (Check.Numbers) check(report, "mixed", "logits");
    assertTrue(logits.argmaxEqual() < logits.argmaxRows());
    assertTrue(logits.detail().contains("argmax of row 0 is 0, the reference's"), logits.detail());
  }

  @Test
  void anEmbeddingInAnotherDirectionFailsHoweverLargePyTorchsError() {
    var comparison = new Comparison("emb", Reference.EMBEDDINGS, 1, ComputeDtype.F32);
    var expected = new Expected(new long[] {2}, new double[] {1, 0});
    comparison.add("text 0", new long[] {2}, new float[] {1, 0.001f}, expected);
    assertTrue(comparison.passed());
    comparison.add("text 1", new long[] {2}, new float[] {1, 0.002f}, expected);
    assertFalse(comparison.passed());
    String detail = comparison.result("").detail();
    assertTrue(detail.contains("text 1: cosine to the reference is 0.99999"), detail);
    var nothing = new Comparison("emb", Reference.EMBEDDINGS, 1, ComputeDtype.F32);
    nothing.add(
        "text 0", new long[] {1}, new float[] {0}, new Expected(new long[] {1}, new double[1]));
    assertTrue(nothing.passed());
  }

  @Test
  void valuesThatAreNoNumbersFail() {
    for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      VerifyReport report =
          verify(
              "bert-model",
              (output, values) ->
                  output.equals("last_hidden_state") ? with(values, 7, value) : values);

      Check check = check(report, "mixed", "last_hidden_state");
      assertFalse(check.passed());
      assertTrue(check.detail().contains(value + " at ["), check.detail());
    }
  }

  @Test
  void aWrongShapeFails() {
    Reference reference = Reference.open(Fixtures.of("bert-model"));
    Subject faithful = ReplaySubject.faithful(reference);
    Subject flat =
        new ForwardingSubject(faithful) {
          @Override
          public Outputs forward(Inputs inputs, Set<String> outputs) {
            Outputs full = faithful.forward(inputs, outputs);
            return reshaped(full, shape -> new long[] {shape[0] * shape[shape.length - 1]});
          }
        };
    try (var verifier = new Verifier(reference, flat)) {
      Check check = verifier.check("mixed").getFirst();
      assertFalse(check.passed());
      assertTrue(check.detail().contains("where the reference has ["), check.detail());
    }
  }

  @Test
  void otherIdsFail() {
    Reference reference = Reference.open(Fixtures.of("gpt2-lm"));
    Subject stutters =
        new ForwardingSubject(ReplaySubject.faithful(reference)) {
          @Override
          public int[] generate(int[] inputIds, GenerateSettings settings) {
            int[] ids = super.generate(inputIds, settings).clone();
            ids[ids.length - 1]++;
            return ids;
          }
        };
    try (var verifier = new Verifier(reference, stutters)) {
      Check.Ids check = (Check.Ids) verifier.check("greedy").getFirst();
      assertFalse(check.passed());
      assertEquals(0, check.equal());
      assertTrue(check.detail().contains("prompt 0 differs from index"), check.detail());
    }
  }

  @Test
  void aCaseThatCannotRunFailsWithTheReason() {
    Reference reference = Reference.open(Fixtures.of("bert-model"));
    Subject broken =
        new ForwardingSubject(ReplaySubject.faithful(reference)) {
          @Override
          public Outputs forward(Inputs inputs, Set<String> outputs) {
            throw new UnsupportedOperationException("no such kernel");
          }
        };
    try (var verifier = new Verifier(reference, broken)) {
      VerifyReport report = verifier.run(_ -> {});
      assertFalse(report.passed());
      assertEquals("no such kernel", report.failures().getFirst().detail());
    }
  }

  @Test
  void theTableShowsWhatFailed() {
    VerifyReport report =
        verify(
            "bert-model",
            (output, values) -> output.equals("hidden_states.0") ? with(values, 0, 1e3f) : values);

    String table = report.toString();
    assertTrue(table.contains("FAIL layers hidden_states.0: worst at sequence "), table);
    assertTrue(table.contains("FAIL: 1 of " + report.checks().size() + " checks"), table);
  }
}
