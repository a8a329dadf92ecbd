/*
 * What a device library implements: src/cpu/ for libgatun, src/cuda/ for libgatun_cuda. The entry points of gatun.h
 * (gatun_*.c, in both libraries) check their arguments and then call gt_run_<op>, whose arguments are those of
 * gt_<op> and valid: nothing is NULL that may not be, strides hold the features, every index lies in its table, and
 * there is work to do (rows, tokens >= 1).
 */
#ifndef GT_DEVICE_H
#define GT_DEVICE_H

#include <stdbool.h>

#include "core/message.h"
#include "gatun.h"

/* What entry points know of packed weights: every device's struct gt_linear begins with it. */
typedef struct gt_linear_shape {
  int64_t in_features;
  int64_t out_features; /* with both halves of a gated layer */
  int32_t compute_dtype;
  bool gated;
} gt_linear_shape;

static inline const gt_linear_shape *gt_shape_of(const gt_linear *linear) {
  return (const gt_linear_shape *)linear;
}

/* "f32", "bf16", ...; NULL for an unknown value. */
const char *gt_dtype_name(int32_t dtype);
/* Bytes of one element, 0 for an unknown value. */
size_t gt_dtype_size(int32_t dtype);

gt_status gt_run_context_create(const gt_context_params *params, gt_context **context, char *message,
                                size_t message_size);
gt_status gt_run_context_fork(gt_context *context, gt_context **fork, char *message, size_t message_size);
gt_status gt_run_synchronize(gt_context *context, char *message, size_t message_size);
gt_status gt_run_graph_begin(gt_context *fork, char *message, size_t message_size);
gt_status gt_run_graph_end(gt_context *fork, char *message, size_t message_size);
gt_status gt_run_device_count(int32_t *count, char *message, size_t message_size);
gt_status gt_run_device_describe(int32_t device, gt_device_info *info, char *message, size_t message_size);

gt_status gt_run_allocate(gt_context *context, size_t bytes, void **memory, char *message, size_t message_size);
gt_status gt_run_upload(gt_context *context, void *device, const void *host, size_t bytes, char *message,
                        size_t message_size);
gt_status gt_run_download(gt_context *context, void *host, const void *device, size_t bytes, char *message,
                          size_t message_size);

gt_status gt_run_linear_create(gt_context *context, const gt_linear_shape *shape, gt_linear **linear, char *message,
                               size_t message_size);
gt_status gt_run_linear_pack(gt_context *context, gt_linear *linear, int64_t first_row, int64_t rows,
                             const void *weight, int32_t weight_dtype, int32_t layout, const void *bias,
                             int32_t bias_dtype, char *message, size_t message_size);
gt_status gt_run_linear_forward(gt_context *context, const gt_linear *linear, const float *x, const float *residual,
                                float *y, const gt_linear_params *params, char *message, size_t message_size);

gt_status gt_run_layer_norm(gt_context *context, const float *x, const float *weight, const float *bias, float *y,
                            int64_t rows, int64_t features, int64_t x_stride, int64_t y_stride, float eps,
                            char *message, size_t message_size);
gt_status gt_run_rms_norm(gt_context *context, const float *x, const float *weight, float *y, int64_t rows,
                          int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                          size_t message_size);
gt_status gt_run_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features,
                          int64_t x_stride, int64_t y_stride, int32_t activation, char *message, size_t message_size);
gt_status gt_run_embed(gt_context *context, const void *table, int32_t table_dtype, int64_t table_rows,
                       int64_t features, int64_t table_stride, const int32_t *ids, int64_t tokens, int32_t accumulate,
                       float *y, int64_t y_stride, char *message, size_t message_size);
gt_status gt_run_argmax(gt_context *context, const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                        int32_t *indices, char *message, size_t message_size);
gt_status gt_run_pool_sequences(gt_context *context, const float *x, const int32_t *cu_seqlens, const int32_t *masked,
                                float *y, const gt_pool_params *params, char *message, size_t message_size);
gt_status gt_run_rope(gt_context *context, float *x, const int32_t *positions, const float *cosines, const float *sines,
                      const gt_rope_params *params, char *message, size_t message_size);

gt_status gt_run_attention(gt_context *context, const float *q, const float *k, const float *v,
                           const int32_t *cu_seqlens_q, const int32_t *cu_seqlens_kv, const int32_t *block_table,
                           const float *distance_bias, float *out, const gt_attention_params *params, char *message,
                           size_t message_size);
gt_status gt_run_disentangled_attention(gt_context *context, const float *q, const float *k, const float *v,
                                        const int32_t *cu_seqlens, const float *position_k, const float *position_q,
                                        const int32_t *position_index, float *out, const gt_disentangled_params *params,
                                        char *message, size_t message_size);
gt_status gt_run_kv_append(gt_context *context, const float *source, const int32_t *cu_seqlens_new,
                           const int32_t *lengths, const int32_t *block_table, float *blocks,
                           const gt_kv_append_params *params, char *message, size_t message_size);

#endif
