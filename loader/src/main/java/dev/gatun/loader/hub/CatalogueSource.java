package dev.gatun.loader.hub;

import dev.gatun.loader.json.StrictJson;
import dev.gatun.loader.json.Text;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Configurations of well-known models, carried along so that they can be inspected without files
 * and network.
 */
final class CatalogueSource implements ModelSource {
  static final List<String> IDS =
      List.of(
          "google-bert/bert-base-uncased",
          "google-bert/bert-base-cased",
          "google-bert/bert-large-uncased",
          "openai-community/gpt2",
          "openai-community/gpt2-medium",
          "openai-community/gpt2-large",
          "openai-community/gpt2-xl",
          "distilbert/distilgpt2",
          "google-t5/t5-small",
          "google-t5/t5-base",
          "google-t5/t5-large",
          "google/flan-t5-small",
          "google/flan-t5-base",
          "google/flan-t5-large",
          "sentence-transformers/all-MiniLM-L6-v2",
          "FacebookAI/roberta-base",
          "FacebookAI/roberta-large",
          "FacebookAI/xlm-roberta-base",
          "FacebookAI/xlm-roberta-large",
          "distilbert/distilroberta-base",
          "distilbert/distilbert-base-uncased",
          "distilbert/distilbert-base-cased",
          "distilbert/distilbert-base-multilingual-cased",
          "albert/albert-base-v2",
          "google/electra-small-discriminator",
          "microsoft/mpnet-base",
          "sentence-transformers/all-mpnet-base-v2",
          "answerdotai/ModernBERT-base",
          "microsoft/deberta-v3-base",
          "microsoft/deberta-v3-small",
          "cross-encoder/nli-deberta-v3-base");

  @Override
  public Answer find(ModelRequest request) {
    String id = request.id().map(KnownIds::today).orElse(request.model());
    if (!IDS.contains(id)) {
      return new Answer.Absent(
          "built-in catalogue: knows nothing of " + Text.quote(request.model()));
    }
    if (!request.revision().equals(ModelRequest.DEFAULT_REVISION)) {
      return new Answer.Absent(
          "built-in catalogue: knows " + id + " only at " + ModelRequest.DEFAULT_REVISION);
    }
    return new Answer.Found(new ModelLocation.Catalogued(id, config(id)));
  }

  private static String config(String id) {
    String resource = "catalogue/" + id.replace("/", "--") + ".json";
    try (InputStream in = CatalogueSource.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("resource " + resource + " is not packaged");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(StrictJson.reason(e), e);
    }
  }
}
