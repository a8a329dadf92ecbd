package dev.gatun.spring.ai.autoconfigure;

import dev.gatun.ComputeDtype;
import dev.gatun.CrossEncoder;
import dev.gatun.Device;
import dev.gatun.LoadOptions;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Properties of the reranker. What is not set is as the model says.
 *
 * @param model a directory, or the id of a model on the hub
 * @param revision branch, tag or commit of a model given by its id
 * @param device where to run: cpu, cuda, cuda:N, or best for a usable GPU or else the CPU
 * @param threads CPU threads including the caller; 0 for all
 * @param dtype precision to compute in
 * @param maxTokens tokens that a query and a document are cut to together
 * @param topK most documents to keep
 */
@ConfigurationProperties(GatunRerankingProperties.PREFIX)
public record GatunRerankingProperties(
    String model,
    String revision,
    @DefaultValue("cpu") String device,
    @DefaultValue("0") int threads,
    @DefaultValue("f32") ComputeDtype dtype,
    Integer maxTokens,
    @DefaultValue("5") int topK) {

  static final String PREFIX = "spring.ai.gatun.reranking";

  CrossEncoder load() {
    CrossEncoder.Builder builder =
        CrossEncoder.builder(ModelNotNamedException.require(model, PREFIX + ".model"))
            .options(
                LoadOptions.defaults()
                    .withRevision(revision)
                    .withDevice(Device.parse(device))
                    .withThreads(threads)
                    .withDtype(dtype));
    if (maxTokens != null) {
      builder.maxTokens(maxTokens);
    }
    return builder.build();
  }
}
