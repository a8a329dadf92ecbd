package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.Inputs;
import dev.gatun.LoadOptions;
import dev.gatun.Model;
import dev.gatun.Outputs;
import dev.gatun.TextEmbedder;
import dev.gatun.conformance.ReferenceCase.Text;
import dev.gatun.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A model as any user of Gatun loads it. What only some cases need is loaded for the first; where
 * all are embeddings, that is the model too, which then need not have a backbone.
 */
final class ModelSubject implements Subject {
  private final Path directory;
  private final LoadOptions options;
  private final Optional<Model> model;
  private Tokenizer tokenizer;
  private TextEmbedder embedder;

  ModelSubject(Reference reference, VerifyOptions verify) {
    LoadOptions load =
        LoadOptions.defaults()
            .withDevice(verify.device())
            .withThreads(verify.threads())
            .withDtype(verify.dtype());
    this.directory = reference.directory();
    this.options = verify.tier().map(load::withTier).orElse(load);
    if (reference.cases().stream().allMatch(ReferenceCase.Embed.class::isInstance)) {
      this.model = Optional.empty();
      this.embedder = TextEmbedder.load(directory, options);
    } else {
      this.model =
          Optional.of(Model.load(directory, options.withArchitecture(reference.architecture())));
    }
  }

  @Override
  public String tier() {
    return model.map(Model::tier).orElseGet(() -> embedder.tier());
  }

  @Override
  public ComputeDtype dtype() {
    return model.map(Model::dtype).orElseGet(() -> embedder.dtype());
  }

  @Override
  public int threads() {
    return model.map(Model::threads).orElseGet(() -> embedder.threads());
  }

  @Override
  public Outputs forward(Inputs inputs, Set<String> outputs) {
    return model.orElseThrow().forward(inputs, outputs);
  }

  @Override
  public int[] generate(int[] inputIds, GenerateSettings settings) {
    return model.orElseThrow().generate(inputIds, settings.toOptions());
  }

  @Override
  public synchronized int[] tokenize(Text text) {
    if (tokenizer == null) {
      tokenizer = Tokenizer.load(directory);
    }
    return (text.pair() == null
            ? tokenizer.encode(text.text())
            : tokenizer.encode(text.text(), text.pair()))
        .ids();
  }

  @Override
  public synchronized List<float[]> embed(List<String> texts, EmbedSettings settings) {
    if (embedder == null) {
      embedder = TextEmbedder.load(directory, options);
    }
    return List.of(settings.embed(embedder, texts));
  }

  @Override
  public synchronized void close() {
    model.ifPresent(Model::close);
    if (tokenizer != null) {
      tokenizer.close();
    }
    if (embedder != null) {
      embedder.close();
    }
  }
}
