package dev.gatun.spring.ai.autoconfigure;

import dev.gatun.ComputeDtype;
import dev.gatun.Device;
import dev.gatun.TextEmbedder;
import dev.gatun.TextEmbedderBuilder;
import dev.gatun.TextTruncation;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Properties of the embedding model. What is not set is as the model says.
 *
 * @param model a directory, or the id of a model on the hub
 * @param revision branch, tag or commit of a model given by its id
 * @param device where to run: cpu, cuda, cuda:N, or best for a usable GPU or else the CPU
 * @param threads CPU threads including the caller; 0 for all
 * @param dtype precision to compute in
 * @param maxTokens tokens a text is cut to
 * @param truncation what happens to longer texts
 * @param dimensions leading elements of each vector to keep
 * @param normalize whether vectors are scaled to length 1, whatever the model does
 * @param prompts texts to put before a text, by name, added to the model's
 */
@ConfigurationProperties(GatunEmbeddingProperties.PREFIX)
public record GatunEmbeddingProperties(
    String model,
    String revision,
    @DefaultValue("cpu") String device,
    @DefaultValue("0") int threads,
    @DefaultValue("f32") ComputeDtype dtype,
    Integer maxTokens,
    @DefaultValue("right") TextTruncation truncation,
    Integer dimensions,
    Boolean normalize,
    Map<String, String> prompts) {

  static final String PREFIX = "spring.ai.gatun.embedding";

  TextEmbedder load() {
    TextEmbedderBuilder builder =
        TextEmbedder.builder(ModelNotNamedException.require(model, PREFIX + ".model"))
            .revision(revision)
            .device(Device.parse(device))
            .threads(threads)
            .dtype(dtype)
            .truncation(truncation);
    if (maxTokens != null) {
      builder.maxTokens(maxTokens);
    }
    if (dimensions != null) {
      builder.dimensions(dimensions);
    }
    if (normalize != null) {
      builder.normalize(normalize);
    }
    if (prompts != null) {
      prompts.forEach(builder::prompt);
    }
    return builder.build();
  }
}
