/* Linear layers on the GPU: weights. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/arithmetic.h"
#include "cuda/cuda_call.h"
#include "cuda/linear.h"

/* Weights pass through so much memory on their way to the packed form, or one row of the source where that is more. */
static const int64_t CHUNK_BYTES = 8 << 20;

static void zero(gt_cuda_call *call, void *memory, size_t bytes) {
  enum { THREADS = 256, BLOCKS_PER_PROCESSOR = 16 };
  const gt_linear_zero_args args = {.memory = memory, .vectors = (int64_t)(bytes / 16)};
  const int64_t most = (int64_t)gt_cuda_processors(call->context) * BLOCKS_PER_PROCESSOR;
  gt_cuda_launch(call, GT_CUDA_linear_zero, (gt_cuda_grid){gt_min(gt_ceil_div(args.vectors, THREADS), most), 1, 1}, 0,
                 &args);
}

gt_status gt_run_linear_create(gt_context *context, const gt_linear_shape *shape, gt_linear **linear, char *message,
                               size_t message_size) {
  gt_linear *created = calloc(1, sizeof *created);
  if (created == NULL) {
    return gt_fail(GT_OUT_OF_MEMORY, message, message_size, "linear_create: no memory for a linear layer.");
  }
  created->shape = *shape;
  created->stride = gt_ceil_div(shape->in_features, GT_LINEAR_PAD) * GT_LINEAR_PAD;
  gt_cuda_call call = gt_cuda_begin(context, "linear_create", message, message_size);
  gt_cuda_wait(&call); /* refused while a graph is gathered, before anything of this is in it */
  /* Whole vectors: GT_LINEAR_PAD weights are one at least. */
  const size_t row_bytes = (size_t)created->stride * gt_linear_weight_size(created);
  const size_t bias_bytes = (size_t)gt_ceil_div(shape->out_features, 4) * 16;
  if ((size_t)shape->out_features > (PTRDIFF_MAX - bias_bytes) / row_bytes) {
    gt_cuda_fail(&call, GT_OUT_OF_MEMORY, "no memory to pack a weight [%" PRId64 ", %" PRId64 "]", shape->out_features,
                 shape->in_features);
  } else {
    const size_t weight_bytes = (size_t)shape->out_features * row_bytes;
    created->weight = gt_cuda_allocate(&call, weight_bytes + bias_bytes);
    if (created->weight != NULL) {
      created->bias = (float *)((char *)created->weight + weight_bytes);
      zero(&call, created->weight, weight_bytes + bias_bytes);
      gt_cuda_wait(&call); /* it may be packed and read on other streams */
    }
  }
  const gt_status status = gt_cuda_end(&call);
  if (status != GT_OK) {
    gt_linear_destroy(context, created);
    return status;
  }
  *linear = created;
  return GT_OK;
}

void gt_linear_destroy(gt_context *context, gt_linear *linear) {
  if (linear != NULL) {
    gt_cuda_free(context, linear->weight);
    free(linear);
  }
}

/* What is packed in one go: rows of the source become rows of the weights, or columns of them. */
static void launch_pack(gt_cuda_call *call, bool transposed, const gt_linear_pack_args *args) {
  enum { TILE = GT_LINEAR_PACK_TILE, PIECE = 1024 };
  if (transposed) {
    gt_cuda_launch(call, GT_CUDA_linear_pack_transposed,
                   (gt_cuda_grid){gt_ceil_div(args->rows, TILE) * gt_ceil_div(args->columns, TILE), 1, 1},
                   TILE * (TILE + 1) * sizeof(float), args);
  } else {
    gt_cuda_launch(call, GT_CUDA_linear_pack,
                   (gt_cuda_grid){args->rows, gt_min(gt_ceil_div(args->columns, PIECE), UINT16_MAX), 1}, 0, args);
  }
}

gt_status gt_run_linear_pack(gt_context *context, gt_linear *linear, int64_t first_row, int64_t rows,
                             const void *weight, int32_t weight_dtype, int32_t layout, const void *bias,
                             int32_t bias_dtype, char *message, size_t message_size) {
  const bool transposed = layout == GT_IN_OUT;
  const int64_t source_rows = transposed ? linear->shape.in_features : rows;
  const int64_t source_columns = transposed ? rows : linear->shape.in_features;
  const int64_t row_bytes = source_columns * (int64_t)gt_dtype_size(weight_dtype);
  const int64_t bias_bytes = bias == NULL ? 0 : rows * (int64_t)gt_dtype_size(bias_dtype);
  const int64_t step = gt_min(gt_max(CHUNK_BYTES / row_bytes, 1), source_rows);
  gt_cuda_call call = gt_cuda_begin(context, "linear_pack", message, message_size);
  gt_cuda_wait(&call); /* refused while a graph is gathered, before anything of this is in it */
  void *chunk = gt_cuda_scratch(&call, (size_t)gt_max(step * row_bytes, bias_bytes));
  for (int64_t row = 0; row < source_rows && call.status == GT_OK; row += step) {
    const int64_t count = gt_min(step, source_rows - row);
    const int64_t first = transposed ? first_row * linear->stride + row : (first_row + row) * linear->stride;
    gt_cuda_copy_in(&call, chunk, (const char *)weight + row * row_bytes, (size_t)(count * row_bytes));
    const gt_linear_pack_args args = {
        .source = chunk,
        .packed = (char *)linear->weight + first * (int64_t)gt_linear_weight_size(linear),
        .rows = count,
        .columns = source_columns,
        .packed_stride = linear->stride,
        .dtype = weight_dtype,
        .bf16 = linear->shape.compute_dtype == GT_BF16,
    };
    launch_pack(&call, transposed, &args);
  }
  if (bias != NULL) {
    gt_cuda_copy_in(&call, chunk, bias, (size_t)bias_bytes);
    const gt_linear_pack_args args = {
        .source = chunk, .packed = linear->bias + first_row, .rows = 1, .columns = rows, .dtype = bias_dtype};
    launch_pack(&call, false, &args);
  }
  gt_cuda_wait(&call); /* other streams read it */
  return gt_cuda_end(&call);
}
