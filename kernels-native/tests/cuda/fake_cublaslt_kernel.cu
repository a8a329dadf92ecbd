/* A thread per element of d, strictly by what the matrices say they are: a sum in double, the rest in fp32. */
#include "fake_cublaslt_kernel.h"

#include "cuda/kernels/kernel.cuh"

GT_DEVICE double fake_element(const fake_matrix &m, uint64_t row, uint64_t column) {
  const uint64_t index = m.transposed ? column + row * (uint64_t)m.leading : row + column * (uint64_t)m.leading;
  return m.type == FAKE_R_32F ? ((const float *)m.data)[index] : gt_float_of_bf16(((const uint16_t *)m.data)[index]);
}

GT_KERNEL(fake_cublaslt_product) {
  const uint64_t index = (uint64_t)blockIdx.x * FAKE_PRODUCT_THREADS + threadIdx.x;
  if (index == 0) {
    args.workspace[0] = 0xff;
  }
  if (index >= args.d.rows * args.d.columns) {
    return;
  }
  const uint64_t row = index % args.d.rows, column = index / args.d.rows;
  const uint64_t depth = args.a.transposed ? args.a.rows : args.a.columns;
  double sum = 0;
  for (uint64_t k = 0; k < depth; k++) {
    sum += fake_element(args.a, row, k) * fake_element(args.b, k, column);
  }
  float value = args.alpha * (float)sum;
  if (args.beta != 0) {
    value += args.beta * (float)fake_element(args.c, row, column);
  }
  if (args.bias != nullptr) {
    value += args.bias[row];
  }
  ((float *)args.d.data)[row + column * (uint64_t)args.d.leading] = value;
}
