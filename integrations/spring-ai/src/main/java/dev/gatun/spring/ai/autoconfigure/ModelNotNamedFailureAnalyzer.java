package dev.gatun.spring.ai.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says which property is missing. */
final class ModelNotNamedFailureAnalyzer extends AbstractFailureAnalyzer<ModelNotNamedException> {
  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, ModelNotNamedException cause) {
    boolean embedding = cause.property().startsWith(GatunEmbeddingProperties.PREFIX);
    return new FailureAnalysis(
        cause.getMessage(),
        "Set %s to a model directory or to the id of a model on the hub%s."
            .formatted(
                cause.property(),
                embedding
                    ? " (sentence-transformers/all-MiniLM-L6-v2), or set spring.ai.model.embedding to"
                        + " another provider"
                    : ", or leave it out"),
        cause);
  }
}
