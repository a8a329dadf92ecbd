package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.GatunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embedding models whose files are not as they should be, or lie where few others have them. */
class TextEmbedderFilesTest {
  @TempDir private Path directory;

  private void copy(String fixture) throws IOException {
    Path from = Fixtures.directory(fixture);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path to = directory.resolve(from.relativize(file).toString());
        Files.createDirectories(to.getParent());
        Files.copy(file, to);
      }
    }
  }

  private void replace(String file, String old, String now) throws IOException {
    String text = Files.readString(directory.resolve(file));
    assertTrue(text.contains(old), text);
    Files.writeString(directory.resolve(file), text.replace(old, now));
  }

  private void assertRefused(String... parts) {
    GatunException e =
        assertThrows(
            GatunException.class, () -> TextEmbedder.load(directory, LoadOptions.defaults()));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "'" + part + "' not in: " + e.getMessage());
    }
  }

  @Test
  void aDirectoryOfModel2vecWithoutModules() throws IOException {
    copy("sentence-model2vec");
    Files.delete(directory.resolve("modules.json"));
    try (var plain = TextEmbedder.load(directory, LoadOptions.defaults());
        var other =
            TextEmbedder.load(Fixtures.directory("sentence-model2vec"), LoadOptions.defaults())) {
      assertArrayEquals(other.embed("the boat"), plain.embed("the boat"));
    }
  }

  /** sentence-transformers opens the file with the tokenizers library, which applies all of it. */
  @Test
  void aStaticTokenizerIsTheFileAlone() throws IOException {
    copy("sentence-static");
    String file = "0_StaticEmbedding/tokenizer.json";
    replace(
        file,
        "\"truncation\": null",
        "\"truncation\": {\"direction\": \"Left\", \"max_length\": 2,"
            + " \"strategy\": \"LongestFirst\", \"stride\": 0}");
    Files.writeString(
        directory.resolve("0_StaticEmbedding/tokenizer_config.json"),
        "{\"model_max_length\": 1, \"do_lower_case\": false, \"tokenizer_class\": \"BertTokenizer\"}");
    Files.writeString(directory.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 1}");
    try (var cut = TextEmbedder.load(directory, LoadOptions.defaults());
        var whole =
            TextEmbedder.load(Fixtures.directory("sentence-static"), LoadOptions.defaults())) {
      assertArrayEquals(whole.embed("lock gate"), cut.embed("The boat LOCK gate"));
    }
    replace(file, "LongestFirst", "OnlySecond");
    assertRefused("truncation", "OnlySecond");
  }

  /** DeBERTa's positions are relative; sentence-transformers cuts at max_position_embeddings. */
  @Test
  void relativePositionsAreCutAllTheSame() throws IOException {
    copy("deberta-sequence-classification");
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(Fixtures.directory("sentence-t5").resolve(name), directory.resolve(name));
    }
    replace("tokenizer_config.json", "\"model_max_length\": 40", "\"model_max_length\": 1e30");
    try (var embedder = TextEmbedder.load(directory, LoadOptions.defaults());
        var longer = TextEmbedder.builder(directory).maxTokens(10_000).build();
        var encoder = CrossEncoder.load(directory, LoadOptions.defaults())) {
      assertEquals(OptionalInt.of(64), embedder.maxTokens());
      assertEquals(OptionalInt.of(10_000), longer.maxTokens());
      assertEquals(64, encoder.maxTokens());
    }
  }

  @Test
  void modulesThatDoNotFitEachOther() throws IOException {
    copy("sentence-dense-tanh");
    replace("2_Dense/config.json", "\"in_features\": 20", "\"in_features\": 21");
    assertRefused("2_Dense", "in_features", "21", "20");
    replace("2_Dense/config.json", "\"in_features\": 21", "\"in_features\": 20");
    replace("2_Dense/config.json", "\"out_features\": 13", "\"out_features\": 14");
    assertRefused("linear.weight", "13", "14");
  }

  @Test
  void weightsThatAreNotThere() throws IOException {
    copy("sentence-dense-tanh");
    Files.move(
        directory.resolve("2_Dense/model.safetensors"),
        directory.resolve("2_Dense/pytorch_model.bin"));
    assertRefused("2_Dense", "safetensors");
    Files.delete(directory.resolve("model.safetensors"));
    assertRefused("safetensors");
  }

  @Test
  void tensorsThatAreNotThere() throws IOException {
    copy("sentence-dense-residual");
    Files.copy(
        directory.resolve("model.safetensors"),
        directory.resolve("2_Dense/model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    assertRefused("linear.weight");
  }

  @Test
  void foldersOutsideTheModel() throws IOException {
    copy("sentence-subfolder");
    for (String path : List.of("../elsewhere", "/etc", "0_Transformer/../../x")) {
      replace("modules.json", "\"path\": \"0_Transformer\"", "\"path\": \"" + path + "\"");
      assertRefused("modules.json", "folders of the model");
      replace("modules.json", "\"path\": \"" + path + "\"", "\"path\": \"0_Transformer\"");
    }
    Files.delete(directory.resolve("0_Transformer/tokenizer.json"));
    Files.delete(directory.resolve("0_Transformer/vocab.txt"));
    assertRefused("tokenizer");
  }

  @Test
  void tablesThatAreNone() throws IOException {
    copy("sentence-static");
    Path table = directory.resolve("0_StaticEmbedding/model.safetensors");
    Files.copy(
        directory.resolve("1_Dense/model.safetensors"), table, StandardCopyOption.REPLACE_EXISTING);
    assertRefused("embedding");
    Files.delete(table);
    assertRefused("0_StaticEmbedding");
  }
}
