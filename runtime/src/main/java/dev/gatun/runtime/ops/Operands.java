package dev.gatun.runtime.ops;

import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.NativeContext;
import dev.gatun.runtime.tensor.MemoryOwner;
import dev.gatun.runtime.tensor.Tensor;
import dev.gatun.runtime.tensor.Workspace;

/** What every op checks before its kernel gets pointers. */
final class Operands {

  private Operands() {}

  /** Both are open, of this context, F32. */
  static void usable(String op, NativeContext context, Workspace workspace, Tensor x, Tensor y) {
    usable(op, context, workspace, x, y, DType.F32);
  }

  /** Both are open and of this context; y is F32. */
  static void usable(
      String op, NativeContext context, Workspace workspace, Tensor x, Tensor y, DType xType) {
    workspace.requireOpen();
    usable(op, context, x, xType);
    usable(op, context, y, DType.F32);
  }

  /** Open, of this context, F32 or what products round to. */
  static void readable(String op, NativeContext context, Tensor tensor) {
    usable(op, context, tensor.owner(), tensor);
    if (tensor.dtype() != DType.F32 && tensor.dtype() != DType.BF16) {
      throw new IllegalArgumentException(op + ": " + tensor + " where F32 or BF16 is needed");
    }
  }

  static void usable(String op, NativeContext context, Tensor tensor, DType type) {
    usable(op, context, tensor.owner(), tensor);
    if (tensor.dtype() != type) {
      throw new IllegalArgumentException(op + ": " + tensor + " where " + type + " is needed");
    }
  }

  /**
   * @param operand what the owner owns, for the message. Another context's weights may be packed
   *     for another tier: its kernels would read beyond them
   */
  static void usable(String op, NativeContext context, MemoryOwner owner, Object operand) {
    owner.requireOpen();
    if (owner.context() != context) {
      throw new IllegalArgumentException(op + ": " + operand + " belongs to another context");
    }
  }

  /** x and y have one shape with {@code features} columns. */
  static void sameShape(String op, Object by, long features, Tensor x, Tensor y) {
    if (x.columns() != features || y.rows() != x.rows() || y.columns() != features) {
      throw mismatch(op, by, "x", x, "y", y);
    }
  }

  static IllegalArgumentException mismatch(
      String op, Object by, String xName, Tensor x, String yName, Tensor y) {
    return new IllegalArgumentException(
        "%s: %s does not take %s %s to %s %s".formatted(op, by, xName, x, yName, y));
  }
}
