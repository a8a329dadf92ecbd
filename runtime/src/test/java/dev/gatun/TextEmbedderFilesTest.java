package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.GatunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
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
