package dev.gatun.spring.ai.autoconfigure;

import dev.gatun.CrossEncoder;
import dev.gatun.spring.ai.GatunReranker;
import org.springframework.ai.rag.postretrieval.document.DocumentPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * The reranker that {@code spring.ai.gatun.reranking.model} names, where {@code spring-ai-rag} is
 * there. The context closes it.
 */
@AutoConfiguration
@ConditionalOnClass(DocumentPostProcessor.class)
@ConditionalOnProperty(GatunRerankingProperties.PREFIX + ".model")
@EnableConfigurationProperties(GatunRerankingProperties.class)
public class GatunRerankingAutoConfiguration {

  /** The encoder itself, for scores without documents. */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  CrossEncoder gatunCrossEncoder(GatunRerankingProperties properties) {
    return properties.load();
  }

  @Bean
  @ConditionalOnMissingBean
  GatunReranker gatunReranker(CrossEncoder encoder, GatunRerankingProperties properties) {
    return new GatunReranker(encoder, properties.topK());
  }
}
