package dev.gatun.conformance;

import dev.gatun.ComputeDtype;
import dev.gatun.Inputs;
import dev.gatun.Outputs;
import dev.gatun.conformance.ReferenceCase.Text;
import java.util.List;
import java.util.Set;

/** What is verified: a model with its tokenizer, as far as the cases need them. */
interface Subject extends AutoCloseable {
  /** The tier its kernels run in, as {@code avx2}. */
  String tier();

  int threads();

  /** What it computes in. */
  ComputeDtype dtype();

  /** Runs all sequences of {@code inputs} as one packed batch. */
  Outputs forward(Inputs inputs, Set<String> outputs);

  /** Ids as {@code transformers}' generate returns them for one prompt. */
  int[] generate(int[] inputIds, GenerateSettings settings);

  /** Ids of a text with special tokens, without truncation or padding. */
  int[] tokenize(Text text);

  /** One sentence embedding per text. */
  List<float[]> embed(List<String> texts, EmbedSettings settings);

  @Override
  void close();
}
