package dev.gatun.spring.ai;

import java.nio.file.Files;
import java.nio.file.Path;

/** The model directories that tests load. */
public final class Fixture {
  private Fixture() {}

  /** A tiny BERT with mean pooling and Normalize: 36 dimensions, no prompts. */
  public static final String SENTENCE = of("sentence-mean");

  /** A tiny BERT that scores pairs. */
  public static final String RERANKER = of("task-rerank");

  private static String of(String name) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path fixture = at.resolve("conformance/fixtures").resolve(name);
      if (Files.isDirectory(fixture)) {
        return fixture.toString();
      }
    }
    throw new IllegalStateException("no conformance/fixtures/" + name + " above");
  }
}
