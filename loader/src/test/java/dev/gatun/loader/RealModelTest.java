package dev.gatun.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.loader.config.BertConfig;
import dev.gatun.loader.config.ConfigParser;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.loader.safetensors.TensorInfo;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** all-MiniLM-L6-v2 as its authors published it. */
class RealModelTest {
  @Test
  void readsMiniLm() {
    Path directory = Shared.path("models/all-MiniLM-L6-v2");
    BertConfig config = (BertConfig) ConfigParser.parse(directory.resolve("config.json"));
    assertEquals(384, config.hiddenSize());
    assertEquals(32, config.headDim());
    assertEquals(List.of("BertModel"), config.architectures());
    assertEquals(List.of(), config.unreadKeys().unknown());

    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      String name = "embeddings.word_embeddings.weight";
      TensorInfo info = checkpoint.info(name);
      assertEquals(List.of(30522L, 384L), info.shape());
      assertEquals(DType.F32, info.dtype());
      assertEquals(info.byteSize(), checkpoint.data(name).byteSize());

      // The file has no prefix; a model with a head asks with it.
      WeightPlan plan =
          new WeightPlan(
              "bert",
              List.of(new WeightDeclaration("bert." + name, info.shape(), Role.BACKBONE)),
              List.of(),
              List.of(Pattern.compile("encoder|embeddings|pooler")));
      ResolvedWeights weights = WeightResolver.resolve(checkpoint, plan);
      TensorSource source = weights.tensor("bert." + name);
      assertEquals(name, source.storedName());
      float first = source.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
      assertEquals(checkpoint.data(name).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0), first);
    }
  }
}
