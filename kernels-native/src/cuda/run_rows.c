/* Row-wise ops on the GPU: norms, activations and argmax. */
#include "core/arithmetic.h"
#include "cuda/alignment.h"
#include "cuda/cuda_call.h"

enum { WARP = 32 };

/* A row is held by a warp where it fits, and by a block otherwise: by its length alone, so that it gets the same bits
 * beside any other rows. */
static void launch_norm(gt_cuda_call *call, gt_cuda_kernel warp, gt_cuda_kernel block, const gt_norm_args *args) {
  if (args->features <= GT_NORM_WARP_FEATURES) {
    gt_cuda_launch(call, warp, (gt_cuda_grid){gt_ceil_div(args->rows, GT_NORM_WARP_ROWS), 1, 1}, 0, args);
  } else {
    gt_cuda_launch(call, block, (gt_cuda_grid){args->rows, 1, 1}, 3 * GT_NORM_BLOCK_WARPS * sizeof(float), args);
  }
}

gt_status gt_run_layer_norm(gt_context *context, const float *x, const float *weight, const float *bias, float *y,
                            int64_t rows, int64_t features, int64_t x_stride, int64_t y_stride, float eps,
                            char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "layer_norm", message, message_size);
  const gt_norm_args args = {
      .x = x,
      .weight = weight,
      .bias = bias,
      .y = y,
      .rows = rows,
      .features = features,
      .x_stride = x_stride,
      .y_stride = y_stride,
      .eps = eps,
      .vector = gt_rows_aligned(x, x_stride) && gt_rows_aligned(y, y_stride) && gt_aligned(weight) && gt_aligned(bias),
  };
  launch_norm(&call, GT_CUDA_layer_norm_warp, GT_CUDA_layer_norm_block, &args);
  return gt_cuda_end(&call);
}

gt_status gt_run_rms_norm(gt_context *context, const float *x, const float *weight, float *y, int64_t rows,
                          int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                          size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "rms_norm", message, message_size);
  const gt_norm_args args = {
      .x = x,
      .weight = weight,
      .bias = NULL,
      .y = y,
      .rows = rows,
      .features = features,
      .x_stride = x_stride,
      .y_stride = y_stride,
      .eps = eps,
      .vector = gt_rows_aligned(x, x_stride) && gt_rows_aligned(y, y_stride) && gt_aligned(weight),
  };
  launch_norm(&call, GT_CUDA_rms_norm_warp, GT_CUDA_rms_norm_block, &args);
  return gt_cuda_end(&call);
}

gt_status gt_run_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features,
                          int64_t x_stride, int64_t y_stride, int32_t activation, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "activate", message, message_size);
  if (x_stride == features && y_stride == features) { /* one long row */
    features *= rows;
    rows = 1;
  }
  const gt_activate_args args = {
      .x = x,
      .y = y,
      .features = features,
      .pieces = (uint32_t)gt_ceil_div(features, GT_PIECE),
      .x_stride = x_stride,
      .y_stride = y_stride,
      .activation = activation,
      .vector =
          rows == 1 ? gt_aligned(x) && gt_aligned(y) : gt_rows_aligned(x, x_stride) && gt_rows_aligned(y, y_stride),
  };
  gt_cuda_launch(&call, GT_CUDA_activate, (gt_cuda_grid){rows * args.pieces, 1, 1}, 0, &args);
  return gt_cuda_end(&call);
}

/* Few rows are cut into parts until there are two blocks for every processor. */
gt_status gt_run_argmax(gt_context *context, const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                        int32_t *indices, char *message, size_t message_size) {
  enum { STEP = 4 * WARP * GT_ARGMAX_WARPS }; /* columns that a block reads at once */
  gt_cuda_call call = gt_cuda_begin(context, "argmax", message, message_size);
  gt_cuda_may_wait(&call);
  const int64_t wanted = gt_ceil_div(2 * (int64_t)gt_cuda_processors(context), rows);
  const int64_t part = gt_ceil_div(gt_ceil_div(columns, wanted), STEP) * STEP;
  const int64_t parts = gt_ceil_div(columns, part);
  gt_argmax_candidate *candidates =
      gt_cuda_scratch(&call, (size_t)rows * ((size_t)parts * sizeof *candidates + sizeof *indices));
  if (candidates == NULL) {
    return gt_cuda_end(&call);
  }
  const gt_argmax_args args = {
      .x = x,
      .candidates = candidates,
      .indices = (int32_t *)(candidates + rows * parts),
      .rows = rows,
      .x_stride = x_stride,
      .columns = (int32_t)columns,
      .parts = (uint32_t)parts,
      .part = part,
      .vector = gt_rows_aligned(x, x_stride),
  };
  gt_cuda_launch(&call, GT_CUDA_argmax_parts, (gt_cuda_grid){rows * parts, 1, 1},
                 GT_ARGMAX_WARPS * sizeof(gt_argmax_candidate), &args);
  gt_cuda_launch(&call, GT_CUDA_argmax_rows, (gt_cuda_grid){rows, 1, 1}, 0, &args);
  gt_cuda_copy_out(&call, indices, args.indices, (size_t)rows * sizeof *indices);
  return gt_cuda_end(&call);
}
