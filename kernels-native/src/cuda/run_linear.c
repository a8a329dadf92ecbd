/*
 * Linear layers on the GPU. Up to SKINNY_ROWS rows it is the weights' way from memory that takes the time, and a kernel
 * reads them once; more rows are a product of matrices, by cuBLASLt where there is one and it can, otherwise in tiles
 * of our own. What cuBLASLt can't add to a product (activations but none, gates, scales) a kernel does afterwards. So
 * it is with y in bf16: to that cuBLASLt adds a bias in bf16 only, and ours is fp32.
 */
#include "core/arithmetic.h"
#include "cuda/alignment.h"
#include "cuda/cublaslt.h"
#include "cuda/cuda_call.h"
#include "cuda/linear.h"

enum { SKINNY_ROWS = 16, SKINNY_PARTS = 8, FINISH_PIECE = 1024 };

static const int64_t WORKSPACE_BYTES = 32 << 20;
/* Sums that are finished by another kernel, and x in bf16, are made for as many rows at a time as this holds: they are
 * read again from the L2 cache, and scratch doesn't grow with the batch. */
static const int64_t PART_BYTES = 24 << 20;
static const int64_t PART_ROWS = 256; /* at least, and a multiple of them */

static gt_linear_epilogue epilogue_of(const gt_linear *linear, const float *residual, void *y,
                                      const gt_linear_params *params) {
  const int64_t y_features = linear->shape.out_features / (linear->shape.gated ? 2 : 1);
  const bool y_bf16 = params->y_dtype == GT_BF16;
  return (gt_linear_epilogue){
      .bias = linear->bias,
      .residual = residual,
      .y = y,
      .residual_stride = params->residual_stride,
      .y_stride = params->y_stride,
      .y_features = y_features,
      .scale = params->scale,
      .activation = params->activation,
      .gated = linear->shape.gated,
      .y_bf16 = y_bf16,
      .vector = (y_bf16 ? (uintptr_t)y % 8 == 0 && params->y_stride % 4 == 0 : gt_rows_aligned(y, params->y_stride)) &&
                (residual == NULL || gt_rows_aligned(residual, params->residual_stride)),
  };
}

/* As many warps share rows of the weights as make the device busy: chosen by the layer alone, not by the rows of x. */
static int32_t slices_of(const gt_cuda_call *call, int64_t warps, int64_t steps, int64_t warps_per_processor) {
  const int64_t wanted = gt_cuda_processors(call->context) * warps_per_processor;
  int32_t slices = 1;
  while (slices < GT_LINEAR_SKINNY_WARPS && warps * slices < wanted && 2 * slices <= steps) {
    slices *= 2;
  }
  return slices;
}

static void launch_skinny(gt_cuda_call *call, bool bf16, gt_linear_args *args) {
  static const struct {
    gt_cuda_kernel kernel;
    bool bf16;
    int rows;
  } kernels[] = {
      {GT_CUDA_linear_skinny_f32_1, false, 1}, {GT_CUDA_linear_skinny_f32_4, false, 4},
      {GT_CUDA_linear_skinny_f32_8, false, 8}, {GT_CUDA_linear_skinny_f32_16, false, 16},
      {GT_CUDA_linear_skinny_bf16_8, true, 8}, {GT_CUDA_linear_skinny_bf16_16, true, 16},
  };
  int chosen = bf16 ? 4 : 0;
  while (kernels[chosen].rows < args->rows && kernels[chosen].rows < SKINNY_ROWS) {
    chosen++;
  }
  const int rows = kernels[chosen].rows;
  const int columns = bf16 ? GT_LINEAR_SKINNY_BF16_COLUMNS : GT_LINEAR_SKINNY_F32_COLUMNS;
  const int64_t step = bf16 ? GT_LINEAR_SKINNY_BF16_STEP : GT_LINEAR_SKINNY_F32_STEP;
  const int64_t warps = gt_ceil_div(args->epilogue.y_features, args->epilogue.gated ? columns / 2 : columns);
  args->slices = slices_of(call, warps, gt_ceil_div(args->in_features, step), bf16 ? 16 : 32);
  args->row_tiles = (uint32_t)gt_ceil_div(args->rows, rows);
  const int64_t blocks = gt_ceil_div(warps, GT_LINEAR_SKINNY_WARPS / args->slices);
  gt_cuda_launch(call, kernels[chosen].kernel, (gt_cuda_grid){blocks * args->row_tiles, 1, 1},
                 sizeof(float) * GT_LINEAR_SKINNY_WARPS * (size_t)(columns * rows), args);
}

static int64_t tiles_of(const gt_linear_args *args, int tile) {
  return gt_ceil_div(args->rows, tile) * gt_ceil_div(args->epilogue.y_features, args->epilogue.gated ? tile / 2 : tile);
}

static void launch_tiles(gt_cuda_call *call, bool bf16, gt_linear_args *args) {
  /* A large tile makes more of a processor, small ones leave fewer of them idle. */
  const bool large = 3 * tiles_of(args, 128) >= 2 * (int64_t)gt_cuda_processors(call->context);
  const int tile = large ? 128 : 64;
  const gt_cuda_kernel kernel = bf16    ? large ? GT_CUDA_linear_bf16_128 : GT_CUDA_linear_bf16_64
                                : large ? GT_CUDA_linear_f32_128
                                        : GT_CUDA_linear_f32_64;
  const int64_t stages = bf16 ? GT_LINEAR_BF16_STAGES * 2 * tile * GT_LINEAR_BF16_STEP * 2
                              : GT_LINEAR_F32_STAGES * 2 * tile * GT_LINEAR_F32_PITCH * (int64_t)sizeof(float);
  const int64_t finished = tile * (tile + GT_LINEAR_TILE_GAP) * (int64_t)sizeof(float);
  args->row_tiles = (uint32_t)gt_ceil_div(args->rows, tile);
  args->column_tiles = (uint32_t)(tiles_of(args, tile) / args->row_tiles);
  gt_cuda_launch(call, kernel, (gt_cuda_grid){tiles_of(args, tile), 1, 1}, (size_t)gt_max(stages, finished), args);
}

/* One product of matrices, part by part. */
typedef struct product {
  gt_cuda_call *call;
  const gt_linear *linear;
  const void *x;
  int64_t x_stride;
  bool x_bf16;
  gt_linear_epilogue epilogue;
  gt_cublaslt *blas; /* NULL: tiles */
  bool direct;       /* cuBLASLt gives y as it is to be */
  /* In scratch, or NULL: */
  void *rounded_x; /* [rows of a part, stride of the weights]; NULL: x is read as it lies */
  float *sums;     /* [rows of a part, out_features]; NULL: they lie in y */
  void *workspace;
} product;

static bool by_blas(const product *p, const gt_linear_args *args) {
  const gt_linear_epilogue *e = &args->epilogue;
  const int64_t out = p->linear->shape.out_features;
  const bool bf16 = p->linear->shape.compute_dtype == GT_BF16;
  float *sums = p->sums == NULL ? e->y : p->sums;
  const int64_t sums_stride = p->sums == NULL ? e->y_stride : out;
  const gt_cublaslt_product wanted = {
      .x = args->x,
      .weight = args->weight,
      .bias = p->direct ? e->bias : NULL,
      .added = p->direct ? e->residual : NULL,
      .y = sums,
      .rows = args->rows,
      .columns = out,
      .in_features = bf16 ? args->weight_stride : args->in_features,
      .x_stride = args->x_stride,
      .weight_stride = args->weight_stride,
      .added_stride = e->residual_stride,
      .y_stride = sums_stride,
      .bf16 = bf16,
      .workspace = p->workspace,
      .workspace_bytes = (size_t)WORKSPACE_BYTES,
      .stream = gt_cuda_stream(p->call->context),
  };
  if (p->call->status != GT_OK || !gt_cublaslt_multiply(p->blas, &wanted)) {
    return false;
  }
  if (!p->direct) {
    const gt_linear_finish_args finish = {
        .epilogue = *e, .sums = sums, .sums_stride = sums_stride, .sums_vector = gt_rows_aligned(sums, sums_stride)};
    const int64_t pieces = gt_min(gt_ceil_div(e->y_features, FINISH_PIECE), UINT16_MAX);
    gt_cuda_launch(p->call, GT_CUDA_linear_finish, (gt_cuda_grid){args->rows, pieces, 1}, 0, &finish);
  }
  return true;
}

static gt_linear_args args_of(const gt_linear *linear, const void *x, bool x_bf16, int64_t x_stride, int64_t rows,
                              const gt_linear_epilogue *epilogue) {
  const int64_t in = linear->shape.in_features, vector = x_bf16 ? 8 : 4;
  return (gt_linear_args){
      .epilogue = *epilogue,
      .x = x,
      .weight = linear->weight,
      .x_stride = x_stride,
      .weight_stride = linear->stride,
      .rows = rows,
      .in_features = in,
      .x_bf16 = x_bf16,
      .x_vector = gt_aligned(x) && x_stride % vector == 0 && in % vector == 0,
  };
}

/* Row `first` of a matrix. */
static void *rows_from(void *matrix, bool bf16, int64_t first, int64_t stride) {
  return (char *)matrix + first * stride * (bf16 ? 2 : (int64_t)sizeof(float));
}

static void run_part(const product *p, int64_t first, int64_t rows) {
  gt_linear_epilogue epilogue = p->epilogue;
  epilogue.y = rows_from(epilogue.y, epilogue.y_bf16, first, epilogue.y_stride);
  epilogue.residual = epilogue.residual == NULL ? NULL : epilogue.residual + first * epilogue.residual_stride;
  const char *x = rows_from((void *)(uintptr_t)p->x, p->x_bf16, first, p->x_stride);
  gt_linear_args args = args_of(p->linear, x, p->x_bf16, p->x_stride, rows, &epilogue);
  if (p->rounded_x != NULL) {
    const gt_linear_round_args round = {.x = args.x,
                                        .y = p->rounded_x,
                                        .features = args.in_features,
                                        .x_stride = args.x_stride,
                                        .y_stride = p->linear->stride,
                                        .x_bf16 = p->x_bf16,
                                        .x_vector = !p->x_bf16 && gt_rows_aligned(args.x, args.x_stride)};
    gt_cuda_launch(p->call, GT_CUDA_linear_round, (gt_cuda_grid){rows, 1, 1}, 0, &round);
    args.x = p->rounded_x;
    args.x_stride = p->linear->stride;
  }
  if (p->blas == NULL || !by_blas(p, &args)) {
    launch_tiles(p->call, p->linear->shape.compute_dtype == GT_BF16, &args);
  }
}

/* Rows of equal parts. */
static int64_t part_of(int64_t rows, int64_t row_bytes) {
  const int64_t most = gt_max(row_bytes == 0 ? rows : PART_BYTES / row_bytes, PART_ROWS);
  return gt_ceil_div(gt_ceil_div(rows, gt_ceil_div(rows, most)), PART_ROWS) * PART_ROWS;
}

/* `x_vector`: all of x can be read by 16 bytes. */
static void run_product(product *p, int64_t rows, bool x_vector) {
  const gt_linear_epilogue *e = &p->epilogue;
  const gt_linear_shape *shape = &p->linear->shape;
  p->direct = p->blas != NULL && e->activation == GT_ACT_IDENTITY && !e->gated && e->scale == 1 && !e->y_bf16;
  const bool finished = p->blas != NULL && !p->direct;
  const bool sums_apart = finished && (e->gated || e->y_bf16 || e->residual == e->y);
  const int64_t out = shape->out_features;
  /* Tiles and cuBLASLt read rows as wide as those of the weights. */
  const bool rounded = shape->compute_dtype == GT_BF16 && !(p->x_bf16 && x_vector);
  const int64_t x_bytes = rounded ? 2 * p->linear->stride : 0;
  const int64_t sums_bytes = sums_apart ? out * (int64_t)sizeof(float) : 0;
  const int64_t workspace_bytes = p->blas != NULL ? WORKSPACE_BYTES : 0;
  const int64_t part = part_of(rows, x_bytes + (finished ? out * (int64_t)sizeof(float) : 0));
  const int64_t aligned_sums_bytes = gt_ceil_div(gt_min(part, rows) * sums_bytes, 256) * 256;
  const int64_t bytes = workspace_bytes + aligned_sums_bytes + gt_min(part, rows) * x_bytes;
  char *scratch = bytes == 0 ? NULL : gt_cuda_scratch(p->call, (size_t)bytes);
  if (p->call->status != GT_OK) {
    return;
  }
  p->workspace = workspace_bytes == 0 ? NULL : scratch;
  p->sums = sums_apart ? (float *)(scratch + workspace_bytes) : NULL;
  p->rounded_x = x_bytes == 0 ? NULL : scratch + workspace_bytes + aligned_sums_bytes;
  for (int64_t first = 0; first < rows; first += part) {
    run_part(p, first, gt_min(part, rows - first));
  }
}

gt_status gt_run_linear_forward(gt_context *context, const gt_linear *linear, const void *x, const float *residual,
                                void *y, const gt_linear_params *params, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(context, "linear_forward", message, message_size);
  const bool bf16 = linear->shape.compute_dtype == GT_BF16, x_bf16 = params->x_dtype == GT_BF16;
  const gt_linear_epilogue epilogue = epilogue_of(linear, residual, y, params);
  gt_linear_args args = args_of(linear, x, x_bf16, params->x_stride, params->rows, &epilogue);
  gt_cublaslt *blas = gt_cuda_blas(context);
  /* Without cuBLASLt, too few tiles for the device are left to warps that share the weights' columns. */
  const bool skinny = params->rows <= SKINNY_ROWS || (blas == NULL && params->rows <= SKINNY_PARTS * SKINNY_ROWS &&
                                                      2 * tiles_of(&args, 64) <= gt_cuda_processors(context));
  if (skinny) {
    launch_skinny(&call, bf16, &args);
  } else {
    product p = {.call = &call,
                 .linear = linear,
                 .x = x,
                 .x_stride = params->x_stride,
                 .x_bf16 = x_bf16,
                 .epilogue = epilogue,
                 .blas = blas};
    run_product(&p, params->rows, args.x_vector);
  }
  return gt_cuda_end(&call);
}
