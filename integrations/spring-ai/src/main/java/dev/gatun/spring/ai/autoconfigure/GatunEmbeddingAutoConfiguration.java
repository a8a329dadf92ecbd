package dev.gatun.spring.ai.autoconfigure;

import dev.gatun.TextEmbedder;
import dev.gatun.spring.ai.GatunEmbeddingModel;
import io.micrometer.observation.ObservationRegistry;
import org.springframework.ai.model.SpringAIModelProperties;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * The embedding model that {@code spring.ai.gatun.embedding.model} names, unless {@code
 * spring.ai.model.embedding} names another provider. The context closes it.
 */
@AutoConfiguration
@ConditionalOnProperty(
    name = SpringAIModelProperties.EMBEDDING_MODEL,
    havingValue = "gatun",
    matchIfMissing = true)
@EnableConfigurationProperties(GatunEmbeddingProperties.class)
public class GatunEmbeddingAutoConfiguration {

  /** The embedder itself, for what Spring AI has no words for. */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  TextEmbedder gatunTextEmbedder(GatunEmbeddingProperties properties) {
    return properties.load();
  }

  @Bean
  @ConditionalOnMissingBean
  GatunEmbeddingModel gatunEmbeddingModel(
      TextEmbedder embedder,
      GatunEmbeddingProperties properties,
      ObjectProvider<ObservationRegistry> observations) {
    String name = properties.model() == null ? "gatun" : properties.model();
    return new GatunEmbeddingModel(
        embedder, name, observations.getIfUnique(() -> ObservationRegistry.NOOP));
  }
}
