#include <inttypes.h>

#include "core/device.h"

gt_status gt_linear_create(gt_context *context, int64_t in_features, int64_t out_features, int32_t compute_dtype,
                           int32_t gated, gt_linear **linear, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("linear_create", linear);
  *linear = NULL;
  GT_REQUIRE_NOT_NULL("linear_create", context);
  const int64_t limit = INT32_MAX;
  GT_REQUIRE(in_features >= 1 && in_features <= limit && out_features >= 1 && out_features <= limit,
             "linear_create: weight is [%" PRId64 ", %" PRId64 "]; both dimensions must be 1 to %" PRId64 ".",
             out_features, in_features, limit);
  GT_REQUIRE(compute_dtype == GT_F32 || compute_dtype == GT_BF16,
             "linear_create: compute_dtype is %d; expected %d (f32) or %d (bf16).", compute_dtype, GT_F32, GT_BF16);
  GT_REQUIRE(gated == 0 || (gated == 1 && out_features % 2 == 0),
             "linear_create: gated is %d for %" PRId64 " output features; it must be 0, or 1 with an even number.",
             gated, out_features);
  const gt_linear_shape shape = {in_features, out_features, compute_dtype, gated == 1};
  return gt_run_linear_create(context, &shape, linear, message, message_size);
}

gt_status gt_linear_pack(gt_context *context, gt_linear *linear, int64_t first_row, int64_t rows, const void *weight,
                         int32_t weight_dtype, int32_t layout, const void *bias, int32_t bias_dtype, char *message,
                         size_t message_size) {
  GT_REQUIRE_NOT_NULL("linear_pack", context);
  GT_REQUIRE_NOT_NULL("linear_pack", linear);
  const gt_linear_shape *shape = gt_shape_of(linear);
  GT_REQUIRE(rows >= 0 && first_row >= 0 && rows <= shape->out_features - first_row,
             "linear_pack: %" PRId64 " rows from row %" PRId64 " lie outside the packed weight [%" PRId64 ", %" PRId64
             "].",
             rows, first_row, shape->out_features, shape->in_features);
  GT_REQUIRE(gt_dtype_size(weight_dtype) != 0, "linear_pack: weight has unknown dtype %d.", weight_dtype);
  GT_REQUIRE(layout == GT_OUT_IN || layout == GT_IN_OUT,
             "linear_pack: layout is %d; expected 0 ([out, in]) or 1 ([in, out]).", layout);
  GT_REQUIRE(bias == NULL || gt_dtype_size(bias_dtype) != 0, "linear_pack: bias has unknown dtype %d.", bias_dtype);
  if (rows == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("linear_pack", weight);
  return gt_run_linear_pack(context, linear, first_row, rows, weight, weight_dtype, layout, bias, bias_dtype, message,
                            message_size);
}

gt_status gt_linear_forward(gt_context *context, const gt_linear *linear, const float *x, const float *residual,
                            float *y, const gt_linear_params *params, char *message, size_t message_size) {
  GT_REQUIRE_NOT_NULL("linear_forward", context);
  GT_REQUIRE_NOT_NULL("linear_forward", linear);
  GT_REQUIRE_PARAMS("linear_forward", params, gt_linear_params);
  const gt_linear_shape *shape = gt_shape_of(linear);
  const int64_t in = shape->in_features, out = shape->out_features / (shape->gated ? 2 : 1), rows = params->rows;
  GT_REQUIRE(rows >= 0, "linear_forward: rows is %" PRId64 ".", rows);
  GT_REQUIRE(params->activation >= GT_ACT_IDENTITY && params->activation <= GT_ACT_LEAKY_RELU,
             "linear_forward: activation %d is unknown.", params->activation);
  if (rows == 0) {
    return GT_OK;
  }
  GT_REQUIRE_NOT_NULL("linear_forward", x);
  GT_REQUIRE_NOT_NULL("linear_forward", y);
  GT_REQUIRE(params->x_stride >= in,
             "linear_forward: x_stride is %" PRId64 " for x [%" PRId64 ", %" PRId64 "]; it must be at least %" PRId64
             " (weight [%" PRId64 ", %" PRId64 "]).",
             params->x_stride, rows, in, in, shape->out_features, in);
  GT_REQUIRE(params->y_stride >= out,
             "linear_forward: y_stride is %" PRId64 " for y [%" PRId64 ", %" PRId64 "]; it must be at least %" PRId64
             ".",
             params->y_stride, rows, out, out);
  GT_REQUIRE(residual == NULL || params->residual_stride >= out,
             "linear_forward: residual_stride is %" PRId64 " for residual [%" PRId64 ", %" PRId64
             "]; it must be at least %" PRId64 ".",
             params->residual_stride, rows, out, out);
  return gt_run_linear_forward(context, linear, x, residual, y, params, message, message_size);
}
