package dev.gatun.runtime.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Device;
import dev.gatun.loader.safetensors.DType;
import dev.gatun.runtime.nativelib.ContextOptions;
import dev.gatun.runtime.nativelib.NativeContext;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorTest {

  private final NativeContext context =
      NativeContext.open(ContextOptions.defaults().withThreads(1));
  private final Workspace workspace = Workspace.open(context);
  private final Tensor matrix = workspace.floats(3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);

  @AfterEach
  void close() {
    workspace.close();
    context.close();
  }

  @Test
  void matrixKnowsItsShapeAndValues() {
    assertEquals(Shape.of(3, 4), matrix.shape());
    assertEquals(DType.F32, matrix.dtype());
    assertEquals(Device.cpu(), matrix.device());
    assertEquals("F32[3, 4]", matrix.toString());
    assertTrue(matrix.isContiguous());
    assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, matrix.toFloatArray());
    assertThrows(IllegalStateException.class, matrix::toIntArray);
  }

  @Test
  void vectorIsOneRow() {
    Tensor ids = workspace.ints(7, 8, 9);

    assertEquals(1, ids.rows());
    assertEquals(3, ids.columns());
    assertEquals("I32[3]", ids.toString());
    assertArrayEquals(new int[] {7, 8, 9}, ids.toIntArray());
    assertThrows(IllegalStateException.class, ids::toFloatArray);
    assertThrows(IllegalArgumentException.class, () -> ids.rows(0, 1));
  }

  @Test
  void viewsShareMemory() {
    assertArrayEquals(new float[] {4, 5, 6, 7, 8, 9, 10, 11}, matrix.rows(1, 3).toFloatArray());
    assertArrayEquals(new float[] {8, 9, 10, 11}, matrix.row(2).toFloatArray());
    Tensor columns = matrix.columns(1, 3);
    assertEquals(Shape.of(3, 2), columns.shape());
    assertEquals(4, columns.rowStride());
    assertFalse(columns.isContiguous());
    assertArrayEquals(new float[] {1, 2, 5, 6, 9, 10}, columns.toFloatArray());
    assertArrayEquals(new float[] {9, 10}, columns.row(2).toFloatArray());
    assertTrue(columns.row(2).isContiguous());
    assertEquals(matrix.segment().address() + 4, columns.segment().address());
  }

  @Test
  void emptyViewsAreAllowed() {
    assertArrayEquals(new float[0], matrix.rows(3, 3).toFloatArray());
    assertArrayEquals(new float[0], matrix.columns(4, 4).toFloatArray());
    assertArrayEquals(new float[0], workspace.tensor(0, 5).toFloatArray());
  }

  @Test
  void viewsStayInBounds() {
    assertThrows(IndexOutOfBoundsException.class, () -> matrix.rows(0, 4));
    assertThrows(IndexOutOfBoundsException.class, () -> matrix.rows(2, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> matrix.columns(-1, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> matrix.columns(0, 5));
    assertThrows(IndexOutOfBoundsException.class, () -> matrix.row(3));
  }

  @Test
  void memoryMustHoldTheShape() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Tensor(workspace, matrix.segment(), DType.F32, Shape.of(3, 4), 5));

    assertEquals(
        "a tensor of shape [3, 4] and row stride 5 takes 56 bytes, given 48", e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> new Tensor(workspace, matrix.segment(), DType.F32, Shape.of(3, 4), 3));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Tensor(workspace, matrix.segment(), DType.F16, Shape.of(3, 4)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Tensor(workspace, matrix.segment(), DType.F32, Shape.of(List.of(1L, 1L, 1L))));
  }

  @Test
  void tensorEndsWithItsWorkspace() {
    Tensor view = matrix.columns(0, 2);
    workspace.close();

    assertThrows(IllegalStateException.class, matrix::toFloatArray);
    assertThrows(IllegalStateException.class, view::toFloatArray);
  }

  @Test
  void shapesAreValues() {
    assertEquals(Shape.of(List.of(2L, 3L)), Shape.of(2, 3));
    assertEquals(Shape.of(2, 3).hashCode(), Shape.of(2, 3).hashCode());
    assertFalse(Shape.of(6).equals(Shape.of(2, 3)));
    assertEquals(6, Shape.of(2, 3).elementCount());
    assertThrows(IllegalArgumentException.class, () -> Shape.of(-1));
    assertThrows(ArithmeticException.class, () -> Shape.of(Long.MAX_VALUE, 2).elementCount());
  }
}
