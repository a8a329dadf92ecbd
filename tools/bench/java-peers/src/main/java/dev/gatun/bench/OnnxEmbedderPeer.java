package dev.gatun.bench;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * ONNX Runtime's Java binding with DJL's tokenizer, mean pooling and normalisation, as a Java
 * program would put them together. Arguments: an ONNX file of input_ids and attention_mask,
 * tokenizer.json, threads, most tokens of a text.
 */
final class OnnxEmbedderPeer implements TextEncoder {
  private final OnnxRuntimePeer encoder;
  private final HuggingFaceTokenizer tokenizer;

  private OnnxEmbedderPeer(String file, String tokenizerJson, int threads, String maxTokens)
      throws Exception {
    encoder = new OnnxRuntimePeer(file, threads);
    tokenizer =
        HuggingFaceTokenizer.newInstance(
            Path.of(tokenizerJson),
            Map.of("padding", "true", "truncation", "true", "maxLength", maxTokens));
  }

  public static void main(String[] args) throws IOException {
    TextServer.serve(
        () -> new OnnxEmbedderPeer(args[0], args[1], Integer.parseInt(args[2]), args[3]));
  }

  @Override
  public float[][] embed(List<String> texts) throws Exception {
    Encoding[] encodings = tokenizer.batchEncode(texts);
    List<long[]> sequences =
        Arrays.stream(encodings)
            .map(e -> Arrays.copyOf(e.getIds(), (int) Arrays.stream(e.getAttentionMask()).sum()))
            .toList();
    Padded padded = Padded.of(sequences);
    try (Encoder.Batch batch = encoder.prepare(padded)) {
      return padded.means(batch.hidden());
    }
  }

  @Override
  public void close() throws Exception {
    encoder.close();
    tokenizer.close();
  }
}
