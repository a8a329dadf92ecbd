package dev.gatun.bench;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** LangChain4j's packaged all-MiniLM-L6-v2. Argument: threads. */
final class LangChain4jPeer implements TextEncoder {
  private final ExecutorService threads;
  private final AllMiniLmL6V2EmbeddingModel model;

  private LangChain4jPeer(int count) {
    threads = Executors.newFixedThreadPool(count);
    model = new AllMiniLmL6V2EmbeddingModel(threads);
  }

  public static void main(String[] args) throws IOException {
    TextServer.serve(() -> new LangChain4jPeer(Integer.parseInt(args[0])));
  }

  @Override
  public float[][] embed(List<String> texts) {
    List<TextSegment> segments = texts.stream().map(TextSegment::from).toList();
    return model.embedAll(segments).content().stream()
        .map(Embedding::vector)
        .toArray(float[][]::new);
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
