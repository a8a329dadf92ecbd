/* Ops on host operands: see proxy.h, which this file is compiled without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "gatun.h"

__typeof__(gt_layer_norm) proxy_layer_norm;
__typeof__(gt_rms_norm) proxy_rms_norm;
__typeof__(gt_activate) proxy_activate;
__typeof__(gt_embed) proxy_embed;
__typeof__(gt_argmax) proxy_argmax;
__typeof__(gt_pool_sequences) proxy_pool_sequences;
__typeof__(gt_rope) proxy_rope;
__typeof__(gt_kv_append) proxy_kv_append;
__typeof__(gt_linear_forward) proxy_linear_forward;
__typeof__(gt_attention) proxy_attention;
__typeof__(gt_disentangled_attention) proxy_disentangled_attention;

/* Operands lie as far off alignment as on the host: what ends with a page there ends with an allocation here, behind
 * which the fake driver has nothing to read. Bytes of NaN fill it up: GUARD in front of an operand, and less than
 * ALIGNMENT, that of a driver's memory, behind it. A kernel that writes there is found out, one that reads there gives
 * NaN. */
enum { MOST = 8, ALIGNMENT = 256, GUARD = 2 * ALIGNMENT };

typedef struct operand {
  const char *name;
  const unsigned char *host; /* NULL, or no bytes: passed to the op as it is */
  size_t bytes;              /* from the first element to the last, with the gaps between rows */
  bool written;
  int region; /* those that overlap, such as y = x, are one region of the device */
} operand;

typedef struct region {
  const unsigned char *host;
  size_t bytes;
  unsigned char *device; /* of the allocation: data comes behind `before` bytes of NaN */
  size_t before;
  bool written;
} region;

typedef struct staging {
  gt_context *context;
  char *message;
  size_t message_size;
  operand operands[MOST];
  region regions[MOST];
  int count, region_count;
  gt_status status;
} staging;

static staging stage(gt_context *context, char *message, size_t message_size) {
  return (staging){.context = context, .message = message, .message_size = message_size, .status = GT_OK};
}

static int add(staging *s, const char *name, const void *host, size_t bytes, bool written) {
  s->operands[s->count] = (operand){name, host, host == NULL ? 0 : bytes, written, -1};
  return s->count++;
}

/* Of a matrix; 0 where its op must refuse it, or has nothing to do. */
static size_t extent(int64_t rows, int64_t columns, int64_t stride, size_t size) {
  return rows < 1 || columns < 1 || stride < columns ? 0 : (size_t)((rows - 1) * stride + columns) * size;
}

static size_t size_of(int32_t dtype) {
  return dtype == GT_BF16 ? sizeof(uint16_t) : sizeof(float);
}

static int add_rows_of(staging *s, const char *name, int32_t dtype, const void *host, int64_t rows, int64_t columns,
                       int64_t stride, bool written) {
  return add(s, name, host, extent(rows, columns, stride, size_of(dtype)), written);
}

static int add_rows(staging *s, const char *name, const float *host, int64_t rows, int64_t columns, int64_t stride,
                    bool written) {
  return add_rows_of(s, name, GT_F32, host, rows, columns, stride, written);
}

/* Joins operands to regions: each new one swallows those that it overlaps. */
static void find_regions(staging *s) {
  for (int i = 0; i < s->count; i++) {
    operand *o = &s->operands[i];
    if (o->bytes == 0) {
      continue;
    }
    region joined = {.host = o->host, .bytes = o->bytes, .written = o->written};
    o->region = s->region_count;
    for (int r = 0; r < s->region_count; r++) {
      region *old = &s->regions[r];
      if (old->bytes > 0 && old->host < joined.host + joined.bytes && joined.host < old->host + old->bytes) {
        const unsigned char *begin = old->host < joined.host ? old->host : joined.host;
        const unsigned char *old_end = old->host + old->bytes, *end = joined.host + joined.bytes;
        joined = (region){.host = begin,
                          .bytes = (size_t)((old_end > end ? old_end : end) - begin),
                          .written = joined.written || old->written};
        old->bytes = 0;
        for (int j = 0; j < i; j++) {
          if (s->operands[j].region == r) {
            s->operands[j].region = s->region_count;
          }
        }
        r = -1; /* the joined one may overlap more */
      }
    }
    s->regions[s->region_count++] = joined;
  }
}

static size_t whole(const region *r) {
  return (r->before + r->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool upload(staging *s) {
  find_regions(s);
  for (int i = 0; i < s->region_count && s->status == GT_OK; i++) {
    region *r = &s->regions[i];
    if (r->bytes == 0) {
      continue;
    }
    r->before = GUARD + (uintptr_t)r->host % ALIGNMENT;
    void *device = NULL;
    s->status = gt_allocate(s->context, whole(r), &device, s->message, s->message_size);
    if (s->status == GT_OK) {
      r->device = device;
      unsigned char *copy = malloc(whole(r));
      memset(copy, 0xff, whole(r));
      memcpy(copy + r->before, r->host, r->bytes);
      s->status = gt_upload(s->context, r->device, copy, whole(r), s->message, s->message_size);
      free(copy);
    }
  }
  return s->status == GT_OK;
}

/* Where operand `index` lies on the device. */
static void *at(const staging *s, int index) {
  const operand *o = &s->operands[index];
  if (o->bytes == 0) {
    return (void *)(uintptr_t)o->host;
  }
  const region *r = &s->regions[o->region];
  return r->device + r->before + (o->host - r->host);
}

static void complain(const staging *s, const region *r, const char *what) {
  for (int i = 0; i < s->count; i++) {
    if (s->operands[i].bytes > 0 && &s->regions[s->operands[i].region] == r) {
      fprintf(stderr, "%s %s\n", s->operands[i].name, what);
    }
  }
  abort();
}

/* Copies back what was written; `status` of the op and whatever fails here. */
static gt_status finish_op(staging *s, gt_status status) {
  for (int i = 0; i < s->region_count; i++) {
    region *r = &s->regions[i];
    if (r->device == NULL) {
      continue;
    }
    unsigned char *copy = malloc(whole(r));
    if (s->status == GT_OK) {
      s->status = gt_download(s->context, copy, r->device, whole(r), s->message, s->message_size);
    }
    gt_free(s->context, r->device);
    if (s->status == GT_OK) {
      for (size_t b = 0; b < whole(r); b++) {
        if ((b < r->before || b >= r->before + r->bytes) && copy[b] != 0xff) {
          complain(s, r, b < r->before ? "was written in front of its begin" : "was written behind its end");
        }
      }
      if (r->written) {
        memcpy((void *)(uintptr_t)r->host, copy + r->before, r->bytes);
      } else if (memcmp(r->host, copy + r->before, r->bytes) != 0) {
        complain(s, r, "is only read, and was changed");
      }
    }
    free(copy);
  }
  return s->status != GT_OK ? s->status : status;
}

/* Runs `call` between both copies. A call that must be refused gets host memory, which nothing then touches. */
#define BETWEEN_COPIES(call)                            \
  do {                                                  \
    gt_status status_ = upload(&s) ? (call) : s.status; \
    return finish_op(&s, status_);                      \
  } while (0)

gt_status proxy_layer_norm(gt_context *context, const float *x, const float *weight, const float *bias, float *y,
                           int64_t rows, int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                           size_t message_size) {
  staging s = stage(context, message, message_size);
  const int from = add_rows(&s, "x", x, rows, features, x_stride, false);
  const int w = add_rows(&s, "weight", weight, rows > 0, features, features, false);
  const int b = add_rows(&s, "bias", bias, rows > 0, features, features, false);
  const int to = add_rows(&s, "y", y, rows, features, y_stride, true);
  BETWEEN_COPIES(gt_layer_norm(context, at(&s, from), at(&s, w), at(&s, b), at(&s, to), rows, features, x_stride,
                               y_stride, eps, message, message_size));
}

gt_status proxy_rms_norm(gt_context *context, const float *x, const float *weight, float *y, int64_t rows,
                         int64_t features, int64_t x_stride, int64_t y_stride, float eps, char *message,
                         size_t message_size) {
  staging s = stage(context, message, message_size);
  const int from = add_rows(&s, "x", x, rows, features, x_stride, false);
  const int w = add_rows(&s, "weight", weight, rows > 0, features, features, false);
  const int to = add_rows(&s, "y", y, rows, features, y_stride, true);
  BETWEEN_COPIES(gt_rms_norm(context, at(&s, from), at(&s, w), at(&s, to), rows, features, x_stride, y_stride, eps,
                             message, message_size));
}

gt_status proxy_activate(gt_context *context, const float *x, float *y, int64_t rows, int64_t features,
                         int64_t x_stride, int64_t y_stride, int32_t activation, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const int from = add_rows(&s, "x", x, rows, features, x_stride, false);
  const int to = add_rows(&s, "y", y, rows, features, y_stride, true);
  BETWEEN_COPIES(gt_activate(context, at(&s, from), at(&s, to), rows, features, x_stride, y_stride, activation, message,
                             message_size));
}

gt_status proxy_embed(gt_context *context, const void *table, int32_t table_dtype, int64_t table_rows, int64_t features,
                      int64_t table_stride, const int32_t *ids, int64_t tokens, int32_t accumulate, float *y,
                      int64_t y_stride, char *message, size_t message_size) {
  static const size_t sizes[] = {[GT_F32] = 4, [GT_F16] = 2, [GT_BF16] = 2, [GT_F64] = 8};
  staging s = stage(context, message, message_size);
  const size_t size = table_dtype >= GT_F32 && table_dtype <= GT_F64 ? sizes[table_dtype] : 0;
  const int from = add(&s, "table", table, extent(table_rows, features, table_stride, size), false);
  const int to = add_rows(&s, "y", y, tokens, features, y_stride, true);
  BETWEEN_COPIES(gt_embed(context, at(&s, from), table_dtype, table_rows, features, table_stride, ids, tokens,
                          accumulate, at(&s, to), y_stride, message, message_size));
}

gt_status proxy_argmax(gt_context *context, const float *x, int64_t rows, int64_t columns, int64_t x_stride,
                       int32_t *indices, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const int from = add_rows(&s, "x", x, rows, columns, x_stride, false);
  BETWEEN_COPIES(gt_argmax(context, at(&s, from), rows, columns, x_stride, indices, message, message_size));
}

gt_status proxy_pool_sequences(gt_context *context, const float *x, const int32_t *cu_seqlens, const int32_t *masked,
                               float *y, const gt_pool_params *params, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const gt_pool_params none = {0}, *p = params == NULL ? &none : params;
  const int64_t rows = cu_seqlens == NULL || p->batch < 1 ? 0 : cu_seqlens[p->batch];
  const int from = add_rows(&s, "x", x, rows, p->features, p->x_stride, false);
  const int to = add_rows(&s, "y", y, p->batch, p->features, p->y_stride, true);
  BETWEEN_COPIES(
      gt_pool_sequences(context, at(&s, from), cu_seqlens, masked, at(&s, to), params, message, message_size));
}

gt_status proxy_rope(gt_context *context, float *x, const int32_t *positions, const float *cosines, const float *sines,
                     const gt_rope_params *params, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const gt_rope_params none = {0}, *p = params == NULL ? &none : params;
  const int64_t half = p->rotary_dim > p->head_dim ? 0 : p->rotary_dim / 2; /* will be refused, the tables with it */
  const int turned = add_rows(&s, "x", x, p->tokens, (int64_t)p->num_heads * p->head_dim, p->x_stride, true);
  const int c = add_rows(&s, "cosines", cosines, p->table_rows, half, half, false);
  const int i = add_rows(&s, "sines", sines, p->table_rows, half, half, false);
  BETWEEN_COPIES(gt_rope(context, at(&s, turned), positions, at(&s, c), at(&s, i), params, message, message_size));
}

/* Of blocks that hold lengths[b] tokens of each sequence, up to the last that any of them uses. */
static size_t blocks_extent(const int32_t *table, int32_t batch, int32_t per_sequence, int32_t block_size,
                            const int64_t *lengths, int64_t features, int64_t row_stride, int64_t block_stride) {
  if (table == NULL || block_size < 1) {
    return 0;
  }
  size_t most = 0;
  for (int32_t b = 0; b < batch; b++) {
    for (int64_t i = 0; i * block_size < lengths[b]; i++) {
      if (i >= per_sequence || table[(int64_t)b * per_sequence + i] < 0) {
        return 0;
      }
      const int64_t left = lengths[b] - i * block_size;
      const size_t begin = (size_t)(table[(int64_t)b * per_sequence + i] * block_stride) * sizeof(float);
      const size_t bytes = extent(left < block_size ? left : block_size, features, row_stride, sizeof(float));
      most = bytes == 0 || most > begin + bytes ? most : begin + bytes;
    }
  }
  return most;
}

gt_status proxy_kv_append(gt_context *context, const float *source, const int32_t *cu_seqlens_new,
                          const int32_t *lengths, const int32_t *block_table, float *blocks,
                          const gt_kv_append_params *params, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const int64_t tokens = params->batch > 0 ? cu_seqlens_new[params->batch] : 0;
  int64_t *after = malloc(((size_t)params->batch + 1) * sizeof *after);
  for (int32_t b = 0; b < params->batch; b++) {
    after[b] = lengths[b] + (int64_t)cu_seqlens_new[b + 1] - cu_seqlens_new[b];
  }
  const int from = add_rows(&s, "source", source, tokens, params->features, params->source_stride, false);
  const int to = add(&s, "blocks", blocks,
                     blocks_extent(block_table, params->batch, params->blocks_per_sequence, params->block_size, after,
                                   params->features, params->row_stride, params->block_stride),
                     true);
  free(after);
  BETWEEN_COPIES(gt_kv_append(context, at(&s, from), cu_seqlens_new, lengths, block_table, at(&s, to), params, message,
                              message_size));
}

gt_status proxy_linear_forward(gt_context *context, const gt_linear *linear, const void *x, const float *residual,
                               void *y, const gt_linear_params *params, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const gt_linear_shape *shape = gt_shape_of(linear);
  const int64_t out = shape->gated ? shape->out_features / 2 : shape->out_features;
  const int from = add_rows_of(&s, "x", params->x_dtype, x, params->rows, shape->in_features, params->x_stride, false);
  const int added = add_rows(&s, "residual", residual, params->rows, out, params->residual_stride, false);
  const int to = add_rows_of(&s, "y", params->y_dtype, y, params->rows, out, params->y_stride, true);
  BETWEEN_COPIES(
      gt_linear_forward(context, linear, at(&s, from), at(&s, added), at(&s, to), params, message, message_size));
}

/* Keys or values: packed by `cu`, or in blocks. */
static size_t kv_extent(const gt_attention_params *p, const int32_t *cu, const int32_t *table, int64_t features,
                        int64_t stride, int64_t block_stride) {
  if (table == NULL) {
    return extent(cu[p->batch], features, stride, size_of(p->qkv_dtype));
  }
  int64_t *lengths = malloc(((size_t)p->batch + 1) * sizeof *lengths);
  for (int32_t b = 0; b < p->batch; b++) {
    lengths[b] = cu[b + 1] - cu[b];
  }
  const size_t bytes =
      blocks_extent(table, p->batch, p->blocks_per_sequence, p->block_size, lengths, features, stride, block_stride);
  free(lengths);
  return bytes;
}

gt_status proxy_attention(gt_context *context, const void *q, const void *k, const void *v, const int32_t *cu_seqlens_q,
                          const int32_t *cu_seqlens_kv, const int32_t *block_table, const float *distance_bias,
                          void *out, const gt_attention_params *params, char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const gt_attention_params *p = params;
  const bool known = cu_seqlens_q != NULL && cu_seqlens_kv != NULL && p->batch > 0;
  const int64_t tokens = known ? cu_seqlens_q[p->batch] : 0;
  const int64_t k_features = (int64_t)p->num_kv_heads * p->head_dim,
                v_features = (int64_t)p->num_kv_heads * p->v_head_dim;
  const int64_t reach = 2 * (int64_t)p->bias_distance + 1;
  const int qs = add_rows_of(&s, "q", p->qkv_dtype, q, tokens, (int64_t)p->num_heads * p->head_dim, p->q_stride, false);
  const int ks =
      add(&s, "k", k, known ? kv_extent(p, cu_seqlens_kv, block_table, k_features, p->k_stride, p->k_block_stride) : 0,
          false);
  const int vs =
      add(&s, "v", v, known ? kv_extent(p, cu_seqlens_kv, block_table, v_features, p->v_stride, p->v_block_stride) : 0,
          false);
  const int bias = add_rows(&s, "distance_bias", distance_bias, p->num_heads, reach, reach, false);
  const int to =
      add_rows_of(&s, "out", p->out_dtype, out, tokens, (int64_t)p->num_heads * p->v_head_dim, p->out_stride, true);
  BETWEEN_COPIES(gt_attention(context, at(&s, qs), at(&s, ks), at(&s, vs), cu_seqlens_q, cu_seqlens_kv, block_table,
                              at(&s, bias), at(&s, to), params, message, message_size));
}

gt_status proxy_disentangled_attention(gt_context *context, const float *q, const float *k, const float *v,
                                       const int32_t *cu_seqlens, const float *position_k, const float *position_q,
                                       const int32_t *position_index, float *out, const gt_disentangled_params *params,
                                       char *message, size_t message_size) {
  staging s = stage(context, message, message_size);
  const gt_disentangled_params *p = params;
  const int64_t tokens = p->batch > 0 ? cu_seqlens[p->batch] : 0, features = (int64_t)p->num_heads * p->head_dim;
  const int qs = add_rows(&s, "q", q, tokens, features, p->q_stride, false);
  const int ks = add_rows(&s, "k", k, tokens, features, p->k_stride, false);
  const int vs = add_rows(&s, "v", v, tokens, features, p->v_stride, false);
  const int pk = add_rows(&s, "position_k", position_k, p->positions, features, p->position_k_stride, false);
  const int pq = add_rows(&s, "position_q", position_q, p->positions, features, p->position_q_stride, false);
  const int to = add_rows(&s, "out", out, tokens, features, p->out_stride, true);
  BETWEEN_COPIES(gt_disentangled_attention(context, at(&s, qs), at(&s, ks), at(&s, vs), cu_seqlens, at(&s, pk),
                                           at(&s, pq), position_index, at(&s, to), params, message, message_size));
}
