package dev.gatun.sample;

import java.util.List;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.vectorstore.SimpleVectorStore;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Prints which of the texts after the first is nearest to the first. */
@SpringBootApplication
public class SearchApplication {
  /** Starts Spring; {@code --spring.ai.gatun.embedding.model=...} names the model. */
  public static void main(String[] args) {
    SpringApplication.run(SearchApplication.class, args);
  }

  @Bean
  ApplicationRunner search(EmbeddingModel model) {
    return (ApplicationArguments arguments) -> {
      List<String> texts = arguments.getNonOptionArgs();
      var store = SimpleVectorStore.builder(model).build();
      store.add(texts.stream().skip(1).map(Document::new).toList());
      System.out.println(
          "nearest: " + store.similaritySearch(texts.getFirst()).getFirst().getText());
    };
  }
}
