package dev.gatun.loader.hub;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Repositories for tests, of a few files each. */
final class TinyModels {
  static final String CONFIG =
      """
      {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 4}
      """;

  private TinyModels() {}

  /** A safetensors file with one F32 tensor of random values. */
  static byte[] safetensors(String tensor, int elements, long seed) {
    String header =
        "{\"%s\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(tensor, elements, 4L * elements);
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    byte[] data = new byte[4 * elements];
    new Random(seed).nextBytes(data);
    return ByteBuffer.allocate(8 + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  /** A model of one weight file. */
  static FakeHub.Repository single(FakeHub hub, String id) {
    return hub.repository(id)
        .file("config.json", CONFIG)
        .file("tokenizer.json", "{\"version\": \"1.0\"}")
        .file("vocab.txt", "[PAD]\n[UNK]\n")
        .file("README.md", "a model")
        .file("pytorch_model.bin", "not read")
        .file("onnx/model.onnx", "not read")
        .file("model.safetensors", safetensors("w", 50_000, 1));
  }

  /** A model of two shards. */
  static FakeHub.Repository sharded(FakeHub hub, String id) {
    return hub.repository(id)
        .file("config.json", CONFIG)
        .file(
            "model.safetensors.index.json",
            """
            {"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
            """)
        .file("model-1.safetensors", safetensors("a", 1000, 2))
        .file("model-2.safetensors", safetensors("b", 1000, 3))
        .file("model-3.safetensors", safetensors("c", 10, 4));
  }

  /** A model of sentence-transformers, with a dense layer. */
  static FakeHub.Repository sentence(FakeHub hub, String id) {
    return single(hub, id)
        .file(
            "modules.json",
            """
            [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
             {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
             {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
             {"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.models.Normalize"}]
            """)
        .file("sentence_bert_config.json", "{\"max_seq_length\": 256}")
        .file("config_sentence_transformers.json", "{}")
        .file("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true}")
        .file("2_Dense/config.json", "{\"in_features\": 4, \"out_features\": 2}")
        .file("2_Dense/model.safetensors", safetensors("linear.weight", 8, 5))
        .file("2_Dense/pytorch_model.bin", "not read");
  }
}
