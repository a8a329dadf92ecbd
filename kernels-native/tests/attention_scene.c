#include "attention_scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu/reference/convert.h"

static float *floats(guarded *memory, int64_t count) {
  /* One float off 64-byte alignment at the end of a page: the worst a caller can do. */
  *memory = guarded_allocate((size_t)count * sizeof(float), true);
  return memory->data;
}

scene make_scene(const shape *s) {
  scene c = {0};
  c.p = (gt_attention_params){
      .struct_size = sizeof c.p,
      .batch = s->batch,
      .num_heads = s->heads,
      .num_kv_heads = s->kv_heads,
      .head_dim = s->dim,
      .v_head_dim = s->v_dim,
      .causal = s->causal,
      .scale = 1.0f / sqrtf((float)s->dim) * 3,
      .q_stride = (int64_t)s->heads * s->dim + s->pad,
      .k_stride = (int64_t)s->kv_heads * s->dim + 2 * s->pad,
      .v_stride = (int64_t)s->kv_heads * s->v_dim + 3 * s->pad,
      .out_stride = (int64_t)s->heads * s->v_dim + s->pad,
      .bias_distance = s->bias_distance,
  };
  for (int32_t b = 0; b < s->batch; b++) {
    c.cu_q[b + 1] = c.cu_q[b] + s->q[b];
    c.cu_kv[b + 1] = c.cu_kv[b] + s->kv[b];
  }
  c.q_tokens = c.cu_q[s->batch];
  c.kv_tokens = c.cu_kv[s->batch];
  /* The last token's row ends with its last head. */
  int64_t q_count = c.q_tokens == 0 ? 0 : c.q_tokens * c.p.q_stride - s->pad;
  int64_t k_count = c.kv_tokens == 0 ? 0 : c.kv_tokens * c.p.k_stride - 2 * s->pad;
  int64_t v_count = c.kv_tokens == 0 ? 0 : c.kv_tokens * c.p.v_stride - 3 * s->pad;
  int64_t out_count = c.q_tokens == 0 ? 0 : c.q_tokens * c.p.out_stride - s->pad;
  random_fill(floats(&c.q, q_count), (size_t)q_count);
  random_fill(floats(&c.k, k_count), (size_t)k_count);
  random_fill(floats(&c.v, v_count), (size_t)v_count);
  floats(&c.out, out_count);
  if (s->bias_distance > 0) {
    int64_t count = (int64_t)s->heads * (2 * s->bias_distance + 1);
    random_fill(floats(&c.bias, count), (size_t)count);
  }
  return c;
}

void free_scene(scene *c) {
  guarded *all[] = {&c->q, &c->k, &c->v, &c->out, &c->bias, &c->table};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (all[i]->mapping != NULL) {
      guarded_free(all[i]);
    }
  }
  free(c->expected);
  free(c->rounded[0]);
  free(c->rounded[1]);
}

static double exactly(float x) {
  return (double)x;
}

static double as_bf16(float x) {
  return (double)gt_float_of_bf16(gt_bf16_of_float(x));
}

static bool hidden(const gt_attention_params *p, int64_t position, int64_t key) {
  const int64_t window = p->sliding_window;
  if (p->causal) {
    return key > position || (window > 0 && key <= position - window);
  }
  return window > 0 && (key < position - window || key > position + window);
}

/* The definition, on contiguous k and v, with a full row of scores. `of` is what products see of a value, of q
 * times `factor`: 1, or the scale in units of ln 2. */
static double *naive(const scene *c, double (*of)(float x), float factor) {
  const gt_attention_params *p = &c->p;
  const float *q = c->q.data, *k = c->k.data, *v = c->v.data, *bias = c->bias.data;
  const double scale = factor == 1 ? (double)p->scale : 0.69314718055994531;
  double *expected = calloc((size_t)(c->q_tokens * p->num_heads * p->v_head_dim + 1), sizeof(double));
  double *scores = malloc((size_t)(c->kv_tokens + 1) * sizeof(double));
  for (int32_t b = 0; b < p->batch; b++) {
    int64_t q_length = c->cu_q[b + 1] - c->cu_q[b];
    int64_t kv_length = c->cu_kv[b + 1] - c->cu_kv[b];
    for (int64_t i = 0; i < q_length; i++) {
      int64_t position = i + kv_length - q_length;
      for (int32_t h = 0; h < p->num_heads; h++) {
        int64_t g = h / (p->num_heads / p->num_kv_heads);
        const float *qi = q + (c->cu_q[b] + i) * p->q_stride + (int64_t)h * p->head_dim;
        double top = -INFINITY, sum = 0;
        for (int64_t j = 0; j < kv_length; j++) {
          const float *kj = k + (c->cu_kv[b] + j) * p->k_stride + g * p->head_dim;
          double s = 0;
          for (int32_t d = 0; d < p->head_dim; d++) {
            s += of(qi[d] * factor) * of(kj[d]);
          }
          s *= scale;
          if (p->bias_distance > 0) {
            int64_t r = j - position, reach = p->bias_distance;
            r = r < -reach ? -reach : r > reach ? reach : r;
            s += bias[h * (2 * reach + 1) + r + reach];
          }
          scores[j] = hidden(p, position, j) ? -INFINITY : s;
          top = fmax(top, scores[j]);
        }
        double *to = expected + ((c->cu_q[b] + i) * p->num_heads + h) * p->v_head_dim;
        for (int64_t j = 0; j < kv_length && top > -INFINITY; j++) {
          double weight = exp(scores[j] - top);
          const float *vj = v + (c->cu_kv[b] + j) * p->v_stride + g * p->v_head_dim;
          sum += weight;
          for (int32_t d = 0; d < p->v_head_dim; d++) {
            to[d] += weight * of(vj[d]);
          }
        }
        for (int32_t d = 0; d < p->v_head_dim && sum > 0; d++) {
          to[d] /= sum;
        }
      }
    }
  }
  free(scores);
  return expected;
}

void expect(scene *c) {
  c->expected = naive(c, exactly, 1);
  if (c->p.compute_dtype == GT_BF16) {
    c->rounded[0] = naive(c, as_bf16, c->p.scale * 1.44269504f); /* scores come in units of ln 2 */
    c->rounded[1] = naive(c, as_bf16, 1);
  }
}

void page(scene *c, int32_t block_size) {
  gt_attention_params *p = &c->p;
  int64_t longest = 0, blocks = 0;
  for (int32_t b = 0; b < p->batch; b++) {
    int64_t length = c->cu_kv[b + 1] - c->cu_kv[b];
    longest = length > longest ? length : longest;
    blocks += (length + block_size - 1) / block_size;
  }
  p->block_size = block_size;
  p->blocks_per_sequence = (int32_t)((longest + block_size - 1) / block_size) + 1;
  int64_t k_stride = p->k_stride, v_stride = p->v_stride;
  p->k_stride = (int64_t)p->num_kv_heads * p->head_dim;
  p->v_stride = (int64_t)p->num_kv_heads * p->v_head_dim;
  p->k_block_stride = p->k_stride * block_size + 3;
  p->v_block_stride = p->v_stride * block_size + 5;
  guarded k = guarded_allocate((size_t)(blocks * p->k_block_stride) * sizeof(float), true);
  guarded v = guarded_allocate((size_t)(blocks * p->v_block_stride) * sizeof(float), true);
  c->table = guarded_allocate((size_t)(p->batch * p->blocks_per_sequence) * sizeof(int32_t), true);
  int32_t *table = c->table.data;
  int64_t next = 0;
  for (int32_t b = 0; b < p->batch; b++) {
    int64_t length = c->cu_kv[b + 1] - c->cu_kv[b];
    for (int32_t i = 0; i < p->blocks_per_sequence; i++) {
      int32_t *entry = table + (int64_t)b * p->blocks_per_sequence + i;
      *entry = -1; /* behind the last key: never looked at */
      if ((int64_t)i * block_size < length) {
        /* Last block first. */
        *entry = (int32_t)(blocks - 1 - next++);
      }
    }
    for (int64_t j = 0; j < length; j++) {
      int64_t block = table[(int64_t)b * p->blocks_per_sequence + j / block_size];
      memcpy((float *)k.data + block * p->k_block_stride + j % block_size * p->k_stride,
             (float *)c->k.data + (c->cu_kv[b] + j) * k_stride, (size_t)p->k_stride * sizeof(float));
      memcpy((float *)v.data + block * p->v_block_stride + j % block_size * p->v_stride,
             (float *)c->v.data + (c->cu_kv[b] + j) * v_stride, (size_t)p->v_stride * sizeof(float));
    }
  }
  guarded_free(&c->k);
  guarded_free(&c->v);
  c->k = k;
  c->v = v;
}

gt_status run(const scene *c, gt_context *context, char *message, size_t size) {
  return gt_attention(context, c->q.data, c->k.data, c->v.data, c->cu_q, c->cu_kv, c->table.data, c->bias.data,
                      c->out.data, &c->p, message, size);
}

void clear_out(const scene *c) {
  if (c->q_tokens > 0) {
    size_t last = (size_t)c->p.num_heads * (size_t)c->p.v_head_dim;
    memset(c->out.data, 0xff, ((size_t)((c->q_tokens - 1) * c->p.out_stride) + last) * sizeof(float));
  }
}

double worst_error(const scene *c, const char *what) {
  const gt_attention_params *p = &c->p;
  int64_t features = (int64_t)p->num_heads * p->v_head_dim;
  double worst = 0;
  for (int64_t t = 0; t < c->q_tokens; t++) {
    const float *row = (const float *)c->out.data + t * p->out_stride;
    for (int64_t i = 0; i < features; i++) {
      double error = fabs((double)row[i] - c->expected[t * features + i]);
      for (int way = 0; way < 2 && c->rounded[way] != NULL; way++) {
        error = fmin(error, fabs((double)row[i] - c->rounded[way][t * features + i]));
      }
      if (!(error <= worst)) {
        worst = isnan(error) ? INFINITY : error;
      }
    }
    for (int64_t i = features; i < p->out_stride && t + 1 < c->q_tokens; i++) {
      CHECK(isnan(row[i]), "%s: token %lld wrote %g behind its heads, at %lld", what, (long long)t, (double)row[i],
            (long long)i);
    }
  }
  return worst;
}

gt_context *contexts[2];

void poison(gt_context *context, const gt_attention_params *params) {
  const gt_kernel_table *kernels = kernels_of(context);
  if (kernels != NULL) {
    const gt_attention_kernel *kernel =
        params->compute_dtype == GT_BF16 ? kernels->attention_bf16_f32 : kernels->attention_f32_f32;
    poison_scratch(context, kernel->scratch_bytes(params));
  }
}

static void try_shape_in(const shape *s, int32_t window, int32_t compute_dtype, double tolerance) {
  if (skip_case()) {
    return;
  }
  char message[256];
  char what[256];
  snprintf(what, sizeof what,
           "q %d.. kv %d.. batch %d heads %d/%d dim %d/%d causal %d bias %d block %d window %d dtype %d", s->q[0],
           s->kv[0], s->batch, s->heads, s->kv_heads, s->dim, s->v_dim, s->causal, s->bias_distance, s->block_size,
           window, compute_dtype);
  scene c = make_scene(s);
  c.p.sliding_window = window;
  c.p.compute_dtype = compute_dtype;
  expect(&c);
  if (s->block_size > 0) {
    page(&c, s->block_size);
  }
  for (int i = first_context(contexts[0]); i < 2; i++) {
    clear_out(&c);
    poison(contexts[i], &c.p);
    gt_status status = run(&c, contexts[i], message, sizeof message);
    CHECK(status == GT_OK, "%s: status %d: %s", what, status, message);
    double error = worst_error(&c, what);
    CHECK(error <= tolerance, "%s: tier %s, %d threads: error %.3g", what, gt_tier_name(gt_context_tier(contexts[i])),
          gt_context_threads(contexts[i]), error);
  }
  free_scene(&c);
}

/* bf16: softmax's weights are rounded, which no expectation can follow: the sum they belong to varies. One rounding is
 * at most 2^-8 of the weight, which a window of a few keys may come near; over many keys half of that cancels. */
void try_windowed(const shape *s, int32_t window) {
  try_shape_in(s, window, GT_F32, 2e-6);
  const gt_kernel_table *kernels = kernels_of(contexts[0]);
  if (kernels == NULL || kernels->attention_bf16_f32 != kernels->attention_f32_f32) {
    try_shape_in(s, window, GT_BF16, window > 0 ? 0x1p-8 : 0x1p-9);
  }
}

void try_shape(const shape *s) {
  try_windowed(s, 0);
}

void with_contexts(const gt_kernel_table *kernels, void (*body)(void)) {
  contexts[0] = create_context(kernels->tier, 1);
  contexts[1] = create_context(kernels->tier, 3);
  body();
  gt_context_destroy(contexts[0]);
  gt_context_destroy(contexts[1]);
}
