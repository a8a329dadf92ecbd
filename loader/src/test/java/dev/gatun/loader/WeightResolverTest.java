package dev.gatun.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightResolverTest {
  private static final List<Pattern> POSITION_IDS =
      List.of(Pattern.compile("(^|\\.)position_ids$"));
  private static final String EMBEDDINGS = "bert.embeddings.word_embeddings.weight";
  private static final String DECODER = "cls.predictions.decoder.weight";

  /** A miniature of BertForMaskedLM: a vector of three stands for every weight. */
  private static final WeightPlan MASKED_LM =
      new WeightPlan(
          "bert",
          List.of(
              backbone(EMBEDDINGS),
              backbone("bert.embeddings.LayerNorm.weight"),
              backbone("bert.embeddings.LayerNorm.bias"),
              head("cls.predictions.bias"),
              head(DECODER),
              head("cls.predictions.decoder.bias")),
          List.of(
              new TiedGroup(DECODER, EMBEDDINGS),
              new TiedGroup("cls.predictions.decoder.bias", "cls.predictions.bias")),
          POSITION_IDS);

  private static final WeightPlan BARE =
      new WeightPlan(
          "bert",
          List.of(
              backbone("embeddings.word_embeddings.weight"),
              backbone("embeddings.LayerNorm.weight"),
              backbone("embeddings.LayerNorm.bias")),
          List.of(),
          POSITION_IDS);

  private static final String[] PRETRAINING_FILE = {
    EMBEDDINGS,
    "bert.embeddings.LayerNorm.gamma",
    "bert.embeddings.LayerNorm.beta",
    "bert.embeddings.position_ids",
    "bert.pooler.dense.weight",
    "cls.predictions.bias",
    "cls.seq_relationship.weight"
  };

  private static final WeightPlan T5 =
      new WeightPlan(
          "transformer",
          List.of(
              backbone("shared.weight"),
              backbone("encoder.embed_tokens.weight"),
              backbone("decoder.embed_tokens.weight"),
              head("lm_head.weight")),
          List.of(
              new TiedGroup("encoder.embed_tokens.weight", "shared.weight"),
              new TiedGroup("decoder.embed_tokens.weight", "shared.weight"),
              new TiedGroup("lm_head.weight", "shared.weight")),
          List.of());

  @TempDir Path directory;

  @Test
  void readsAMaskedLmFromAPretrainingFileOfOldSpelling() {
    resolve(
        MASKED_LM,
        PRETRAINING_FILE,
        weights -> {
          assertEquals(0, first(weights, DECODER));
          assertEquals(weights.tensor(EMBEDDINGS), weights.tensor(DECODER));
          assertEquals(
              "bert.embeddings.LayerNorm.gamma",
              weights.tensor("bert.embeddings.LayerNorm.weight").storedName());
          assertEquals(2, first(weights, "bert.embeddings.LayerNorm.bias"));
          assertEquals(5, first(weights, "cls.predictions.decoder.bias"));
          LoadReport report = weights.report();
          assertEquals(List.of(), report.missing());
          assertEquals(
              List.of("bert.pooler.dense.weight", "cls.seq_relationship.weight"),
              report.unexpected());
          assertEquals(List.of("bert.embeddings.position_ids"), report.ignored());
          assertEquals(
              List.of(
                  DECODER + " <- " + EMBEDDINGS,
                  "cls.predictions.decoder.bias <- cls.predictions.bias"),
              report.tied());
          assertTrue(
              report
                  .used()
                  .contains("bert.embeddings.LayerNorm.beta -> bert.embeddings.LayerNorm.bias"));
          assertFalse(report.isExact());
        });
  }

  @Test
  void stripsAPrefixForTheBareModel() {
    resolve(
        BARE,
        PRETRAINING_FILE,
        weights -> {
          assertEquals(
              EMBEDDINGS, weights.tensor("embeddings.word_embeddings.weight").storedName());
          assertEquals(
              List.of(
                  "bert.pooler.dense.weight",
                  "cls.predictions.bias",
                  "cls.seq_relationship.weight"),
              weights.report().unexpected());
        });
  }

  @Test
  void addsAPrefixAndNamesTheMissingHead() {
    String[] bareFile = {
      "embeddings.word_embeddings.weight",
      "embeddings.LayerNorm.weight",
      "embeddings.LayerNorm.bias",
      "pooler.dense.weight"
    };
    try (Checkpoint checkpoint = checkpoint(bareFile)) {
      WeightsException e =
          assertThrows(WeightsException.class, () -> WeightResolver.resolve(checkpoint, MASKED_LM));
      assertEquals(
          List.of("cls.predictions.bias", "cls.predictions.decoder.bias"), e.report().missing());

      ResolvedWeights weights = WeightResolver.resolve(checkpoint, MASKED_LM, MissingHead.ALLOW);
      assertEquals(List.of("pooler.dense.weight"), weights.report().unexpected());
      assertEquals(0, first(weights, DECODER));
      assertTrue(weights.find("cls.predictions.bias").isEmpty());
      WeightsException absent =
          assertThrows(WeightsException.class, () -> weights.tensor("cls.predictions.bias"));
      assertEquals("the checkpoint has no cls.predictions.bias", absent.getMessage());
      WeightsException typo =
          assertThrows(WeightsException.class, () -> weights.tensor("cls.bias"));
      assertEquals("cls.bias was never declared", typo.getMessage());
    }
  }

  @Test
  void readsGpt2AsPublished() {
    WeightPlan plan =
        new WeightPlan(
            "transformer",
            List.of(
                backbone("transformer.wte.weight"),
                backbone("transformer.h.0.attn.c_attn.weight"),
                head("lm_head.weight")),
            List.of(new TiedGroup("lm_head.weight", "transformer.wte.weight")),
            List.of(Pattern.compile("attn.bias"), Pattern.compile("crossattention.bias")));
    resolve(
        plan,
        new String[] {"wte.weight", "h.0.attn.c_attn.weight", "h.0.attn.bias"},
        weights -> {
          assertEquals(0, first(weights, "lm_head.weight"));
          assertEquals(List.of("h.0.attn.bias"), weights.report().ignored());
          assertTrue(weights.report().isExact());
        });
    // Only the head's name was kept on saving: the embedding takes it.
    resolve(
        plan,
        new String[] {"lm_head.weight", "transformer.h.0.attn.c_attn.weight"},
        weights -> assertEquals(0, first(weights, "transformer.wte.weight")));
  }

  @Test
  void findsAGroupUnderAnyOfItsNames() {
    for (WeightDeclaration only : T5.declarations()) {
      resolve(
          T5,
          new String[] {only.name()},
          weights -> {
            for (WeightDeclaration declaration : T5.declarations()) {
              assertEquals(only.name(), weights.tensor(declaration.name()).storedName());
            }
            assertEquals(3, weights.report().tied().size());
          });
    }
  }

  @Test
  void foldsCopiesAndKeepsWhatDiffers() {
    Map<String, float[]> tensors = new TreeMap<>();
    tensors.put("shared.weight", new float[] {1, 2, 3});
    tensors.put("encoder.embed_tokens.weight", new float[] {1, 2, 3});
    tensors.put("lm_head.weight", new float[] {1, 2, 4});
    Weights.write(directory.resolve("model.safetensors"), tensors);
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      ResolvedWeights weights = WeightResolver.resolve(checkpoint, T5);
      assertEquals("shared.weight", weights.tensor("encoder.embed_tokens.weight").storedName());
      assertEquals("shared.weight", weights.tensor("decoder.embed_tokens.weight").storedName());
      assertEquals("lm_head.weight", weights.tensor("lm_head.weight").storedName());
      assertEquals(
          List.of(
              "encoder.embed_tokens.weight <- shared.weight",
              "decoder.embed_tokens.weight <- shared.weight"),
          weights.report().tied());

      // A model that does not ask for the encoder's own copy: harmless if equal, reported if not.
      WeightPlan fewer =
          new WeightPlan("", List.of(backbone("shared.weight")), T5.ties(), List.of());
      LoadReport report = WeightResolver.resolve(checkpoint, fewer).report();
      assertEquals(List.of("lm_head.weight"), report.unexpected());
      assertEquals(List.of("encoder.embed_tokens.weight", "shared.weight"), report.used());
    }
  }

  @Test
  void withoutTiesAHeadIsMissing() {
    WeightPlan untied = new WeightPlan("", T5.declarations(), List.of(), List.of());
    try (Checkpoint checkpoint =
        checkpoint("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")) {
      WeightsException e =
          assertThrows(WeightsException.class, () -> WeightResolver.resolve(checkpoint, untied));
      assertEquals(List.of("lm_head.weight"), e.report().missing());
    }
  }

  @Test
  void theUnchangedNameWinsWhereTheRenamedOneIsUnknown() {
    WeightPlan plan =
        new WeightPlan("m", List.of(backbone("m.LayerNorm.gamma")), List.of(), List.of());
    resolve(
        plan,
        new String[] {"m.LayerNorm.gamma"},
        weights -> assertTrue(weights.report().isExact()));
  }

  @Test
  void ofTwoNamesForOneWeightTheFirstStays() {
    resolve(
        BARE,
        new String[] {
          "bert.embeddings.word_embeddings.weight",
          "embeddings.word_embeddings.weight",
          "embeddings.LayerNorm.weight",
          "embeddings.LayerNorm.bias"
        },
        weights -> {
          assertEquals(0, first(weights, "embeddings.word_embeddings.weight"));
          assertEquals(List.of("embeddings.word_embeddings.weight"), weights.report().unexpected());
        });
  }

  @Test
  void aMissingBackboneWeightIsRefusedWithWhatLooksLikeIt() {
    try (Checkpoint checkpoint = checkpoint("bert.embeddings.word_embedding.weight", "other")) {
      WeightsException e =
          assertThrows(
              WeightsException.class,
              () -> WeightResolver.resolve(checkpoint, MASKED_LM, MissingHead.ALLOW));
      assertTrue(
          e.getMessage()
              .contains(
                  "no bert.embeddings.word_embeddings.weight, but bert.embeddings.word_embedding.weight"),
          e::getMessage);
      assertTrue(
          e.getMessage().contains("missing 6: bert.embeddings.word_embeddings.weight, "),
          e::getMessage);
      assertTrue(e.getMessage().contains("unexpected 2: "), e::getMessage);
    }
  }

  @Test
  void anotherShapeIsRefusedWithBoth() {
    WeightPlan plan =
        new WeightPlan(
            "",
            List.of(new WeightDeclaration("a", List.of(2L, 3L), Role.HEAD)),
            List.of(),
            List.of());
    try (Checkpoint checkpoint = checkpoint("a")) {
      WeightsException e =
          assertThrows(
              WeightsException.class,
              () -> WeightResolver.resolve(checkpoint, plan, MissingHead.ALLOW));
      assertTrue(e.getMessage().contains("a: stored [3], needed [2, 3]"), e::getMessage);
      assertEquals(List.of("a: stored [3], needed [2, 3]"), e.report().mismatched());
    }
  }

  @Test
  void reportReadsNaturally() {
    List<String> names = new ArrayList<>();
    for (int i = 20; i > 0; i--) {
      names.add("layer." + i + ".weight");
    }
    names.add("layer.3.weight2");
    names.add("layer.03.weight");
    List<String> sorted = names.stream().sorted(NaturalOrder.OF_NAMES).toList();
    assertEquals(
        List.of(
            "layer.1.weight",
            "layer.2.weight",
            "layer.03.weight",
            "layer.3.weight",
            "layer.3.weight2",
            "layer.4.weight"),
        sorted.subList(0, 6));
    assertEquals("layer.20.weight", sorted.getLast());
    String text =
        new LoadReport(List.of("a"), List.of(), sorted, List.of(), List.of(), List.of("b <- a"))
            .toString();
    assertEquals(
        "used 1\ntied 1: b <- a\nunexpected 22: ", text.substring(0, text.indexOf("layer")));
    assertTrue(text.endsWith("layer.10.weight, and 10 more"), text);
  }

  private void resolve(WeightPlan plan, String[] names, Consumer<ResolvedWeights> check) {
    try (Checkpoint checkpoint = checkpoint(names)) {
      check.accept(WeightResolver.resolve(checkpoint, plan));
    }
  }

  /** A checkpoint of vectors of three, each filled with its position in {@code names}. */
  private Checkpoint checkpoint(String... names) {
    Map<String, float[]> tensors = new TreeMap<>();
    for (String name : names) {
      float[] values = new float[3];
      Arrays.fill(values, tensors.size());
      tensors.put(name, values);
    }
    Weights.write(directory.resolve("model.safetensors"), tensors);
    return Checkpoint.open(directory);
  }

  private static float first(ResolvedWeights weights, String name) {
    return weights.tensor(name).data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
  }

  private static WeightDeclaration backbone(String name) {
    return new WeightDeclaration(name, List.of(3L), Role.BACKBONE);
  }

  private static WeightDeclaration head(String name) {
    return new WeightDeclaration(name, List.of(3L), Role.HEAD);
  }
}
