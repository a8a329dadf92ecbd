package dev.gatun.spring.ai.autoconfigure;

import dev.gatun.loader.GatunException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says why a model could not be loaded, in the words of the loader. */
final class ModelFailureAnalyzer extends AbstractFailureAnalyzer<GatunException> {
  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, GatunException cause) {
    return new FailureAnalysis(
        "Gatun could not load a model: " + cause.getMessage(),
        "Check spring.ai.gatun.embedding.model and spring.ai.gatun.reranking.model: each is a model"
            + " directory, or the id of a model on the hub.",
        cause);
  }
}
