package dev.gatun.spring.ai.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.CrossEncoder;
import dev.gatun.TextEmbedder;
import dev.gatun.loader.hub.ModelNotFoundException;
import dev.gatun.spring.ai.Fixture;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.rag.Query;
import org.springframework.ai.rag.postretrieval.document.DocumentPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class AutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  GatunEmbeddingAutoConfiguration.class, GatunRerankingAutoConfiguration.class));

  @Test
  void theModelOfThePropertiesIsTheEmbeddingModelUntilTheContextCloses() {
    var kept = new AtomicReference<TextEmbedder>();
    runner
        .withPropertyValues(
            "spring.ai.gatun.embedding.model=" + Fixture.SENTENCE,
            "spring.ai.gatun.embedding.threads=1",
            "spring.ai.gatun.embedding.device=cpu",
            "spring.ai.gatun.embedding.dtype=bf16",
            "spring.ai.gatun.embedding.max-tokens=16",
            "spring.ai.gatun.embedding.truncation=error",
            "spring.ai.gatun.embedding.dimensions=12",
            "spring.ai.gatun.embedding.normalize=true",
            "spring.ai.gatun.embedding.prompts.query=the captain was ")
        .run(
            context -> {
              EmbeddingModel model = context.getBean(EmbeddingModel.class);
              TextEmbedder embedder = context.getBean(TextEmbedder.class);
              kept.set(embedder);
              assertEquals(12, model.dimensions());
              assertArrayEquals(embedder.embedQuery("hello"), model.embed("hello"));
              assertThat(embedder.explain())
                  .contains("bf16", "on 1 threads", "query=the captain was", "max tokens  16")
                  .contains("longer texts: refused", "12, scaled to length 1");
            });
    assertThrows(IllegalStateException.class, () -> kept.get().embed("hello"));
  }

  @Test
  void anotherProviderIsLeftAlone() {
    runner
        .withPropertyValues("spring.ai.model.embedding=openai")
        .run(context -> assertThat(context).doesNotHaveBean(EmbeddingModel.class));
  }

  @Test
  void anEmbedderOfTheApplicationIsUsed() {
    try (var embedder = TextEmbedder.load(Fixture.SENTENCE)) {
      runner
          .withBean(TextEmbedder.class, () -> embedder)
          .run(
              context ->
                  assertThat(context.getBean(EmbeddingModel.class).dimensions()).isEqualTo(36));
    }
  }

  @Test
  void aModelThatIsNotNamedIsAskedFor() {
    runner.run(
        context -> {
          FailureAnalysis analysis =
              new ModelNotNamedFailureAnalyzer().analyze(context.getStartupFailure());
          assertThat(analysis.getDescription()).contains("spring.ai.gatun.embedding.model");
          assertThat(analysis.getAction()).contains("directory", "spring.ai.model.embedding");
        });
  }

  @Test
  void aModelThatIsNotThereIsNamedWithThePlacesTried() {
    runner
        .withPropertyValues("spring.ai.gatun.embedding.model=nobody/nothing")
        .run(
            context -> {
              assertThat(context.getStartupFailure())
                  .hasRootCauseInstanceOf(ModelNotFoundException.class);
              FailureAnalysis analysis =
                  new ModelFailureAnalyzer().analyze(context.getStartupFailure());
              assertThat(analysis.getDescription())
                  .contains("nobody/nothing", "Hugging Face cache");
              assertThat(analysis.getAction()).contains("spring.ai.gatun.embedding.model");
            });
  }

  @Test
  void theRerankerOfThePropertiesIsThereUntilTheContextCloses() {
    var kept = new AtomicReference<CrossEncoder>();
    runner
        .withPropertyValues(
            "spring.ai.model.embedding=none",
            "spring.ai.gatun.reranking.model=" + Fixture.RERANKER,
            "spring.ai.gatun.reranking.threads=1",
            "spring.ai.gatun.reranking.max-tokens=9",
            "spring.ai.gatun.reranking.top-k=1")
        .run(
            context -> {
              kept.set(context.getBean(CrossEncoder.class));
              assertEquals(9, kept.get().maxTokens());
              var found = List.of(new Document("hello"), new Document("water rises"));
              var sorted =
                  context.getBean(DocumentPostProcessor.class).process(new Query("ship"), found);
              assertEquals(1, sorted.size());
            });
    assertThrows(IllegalStateException.class, () -> kept.get().score("hello", "ship"));
  }

  @Test
  void withoutSpringAiRagThereIsNoReranker() {
    runner
        .withClassLoader(new FilteredClassLoader(DocumentPostProcessor.class))
        .withPropertyValues(
            "spring.ai.model.embedding=none", "spring.ai.gatun.reranking.model=anything")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(CrossEncoder.class));
  }
}
