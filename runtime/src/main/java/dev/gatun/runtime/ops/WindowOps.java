package dev.gatun.runtime.ops;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.Sequences;
import dev.gatun.runtime.tensor.Shape;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;
import java.util.stream.IntStream;

/** Windows of neighbouring tokens for {@link Ops}. */
final class WindowOps {

  private final NativeContext context;
  private final LookupOps lookups;

  WindowOps(NativeContext context, LookupOps lookups) {
    this.context = context;
    this.lookups = lookups;
  }

  Tensor of(Workspace workspace, Tensor x, Sequences sequences, int kernel) {
    if (kernel < 1 || kernel % 2 == 0 || x.rows() != sequences.total()) {
      throw new IllegalArgumentException(
          "windows: %d tokens of x %s for %s".formatted(kernel, x, sequences));
    }
    int tokens = sequences.total();
    int features = Math.toIntExact(x.columns());
    // One row of zeros behind the tokens is what lies beyond the ends of every sequence.
    Tensor padded = workspace.tensor(tokens + 1L, features);
    copyRows(workspace, x, IntStream.range(0, tokens).toArray(), padded.rows(0, tokens));
    Tensor zeros = workspace.floats(1, features, new float[features]);
    copyRows(workspace, zeros, new int[1], padded.row(tokens));

    int[] rows = new int[Math.multiplyExact(tokens, kernel)];
    for (int s = 0; s < sequences.count(); s++) {
      for (int i = 0; i < sequences.length(s); i++) {
        for (int k = 0; k < kernel; k++) {
          int at = i + k - kernel / 2;
          boolean inside = at >= 0 && at < sequences.length(s);
          rows[(sequences.start(s) + i) * kernel + k] = inside ? sequences.start(s) + at : tokens;
        }
      }
    }
    Tensor y = workspace.tensor(tokens, (long) kernel * features);
    Shape byToken = Shape.of(rows.length, features);
    copyRows(workspace, padded, rows, new Tensor(workspace, y.segment(), DType.F32, byToken));
    return y;
  }

  private void copyRows(Workspace workspace, Tensor from, int[] rows, Tensor to) {
    Operands.usable("windows", context, workspace, from, to);
    lookups.copyRows(workspace, from, rows, to);
  }
}
