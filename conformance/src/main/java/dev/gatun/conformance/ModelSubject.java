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
import java.util.Set;

/** A model as any user of Gatun loads it. What only some cases need is loaded for the first. */
final class ModelSubject implements Subject {
  private final Path directory;
  private final LoadOptions options;
  private final Model model;
  private Tokenizer tokenizer;
  private TextEmbedder embedder;

  ModelSubject(Reference reference, VerifyOptions verify) {
    LoadOptions load =
        LoadOptions.defaults()
            .withArchitecture(reference.architecture())
            .withThreads(verify.threads())
            .withDtype(verify.dtype());
    this.directory = reference.directory();
    this.options = verify.tier().map(load::withTier).orElse(load);
    this.model = Model.load(directory, options);
  }

  @Override
  public String tier() {
    return model.tier();
  }

  @Override
  public ComputeDtype dtype() {
    return model.dtype();
  }

  @Override
  public int threads() {
    return model.threads();
  }

  @Override
  public Outputs forward(Inputs inputs, Set<String> outputs) {
    return model.forward(inputs, outputs);
  }

  @Override
  public int[] generate(int[] inputIds, GenerateSettings settings) {
    return model.generate(inputIds, settings.toOptions());
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
  public synchronized List<float[]> embed(List<String> texts) {
    if (embedder == null) {
      embedder = TextEmbedder.load(directory, options);
    }
    return List.of(embedder.embed(texts));
  }

  @Override
  public synchronized void close() {
    model.close();
    if (tokenizer != null) {
      tokenizer.close();
    }
    if (embedder != null) {
      embedder.close();
    }
  }
}
