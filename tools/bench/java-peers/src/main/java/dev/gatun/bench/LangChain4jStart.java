package dev.gatun.bench;

import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.lang.management.ManagementFactory;

/** The first vector of a fresh JVM. Prints the milliseconds since the JVM began. */
final class LangChain4jStart {
  private LangChain4jStart() {}

  public static void main(String[] args) {
    new AllMiniLmL6V2EmbeddingModel().embed("The ferry left before sunrise.");
    System.out.println(
        System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime());
    System.exit(0); // its threads would keep the JVM a minute longer
  }
}
