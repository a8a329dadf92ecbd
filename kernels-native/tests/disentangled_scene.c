#include "disentangled_scene.h"

#include <math.h>
#include <stdlib.h>

static guarded rows_of(int64_t rows, int64_t stride, int64_t features) {
  size_t count = rows == 0 ? 0 : (size_t)((rows - 1) * stride + features);
  guarded memory = guarded_allocate(count * sizeof(float), true);
  random_fill(memory.data, count);
  return memory;
}

static int32_t index_of(const shape *s, int32_t distance, int32_t positions) {
  const int32_t span = positions / 2;
  int32_t magnitude = distance < 0 ? -distance : distance;
  switch (s->kind) {
    case EACH:
      return distance + s->reach;
    case BUCKETS:
      if (magnitude > 8) {
        magnitude = 8 + (int32_t)(3 * log2(magnitude / 8.0));
      }
      magnitude = magnitude > span - 1 ? span - 1 : magnitude;
      return span + (distance < 0 ? -magnitude : magnitude);
    case CONSTANT:
      return distance < 0 ? 1 : 0;
    default:
      return (int32_t)random_below(positions);
  }
}

scene make_scene(const shape *s) {
  scene c = {0};
  const int64_t features = (int64_t)s->heads * s->dim;
  c.p = (gt_disentangled_params){
      .struct_size = sizeof c.p,
      .batch = s->batch,
      .num_heads = s->heads,
      .head_dim = s->dim,
      .scale = 3 / sqrtf(3.0f * (float)s->dim),
      .max_distance = s->reach,
      .positions = s->kind == EACH ? 2 * s->reach + 1 : 50,
      .q_stride = features + s->pad,
      .k_stride = features + 2 * s->pad,
      .v_stride = features + 3 * s->pad,
      .out_stride = features + s->pad,
      .position_k_stride = s->no_k ? 0 : features + 4 * s->pad,
      .position_q_stride = s->no_q ? 0 : features + 5 * s->pad,
  };
  for (int32_t b = 0; b < s->batch; b++) {
    c.cu[b + 1] = c.cu[b] + s->lengths[b];
  }
  const int64_t tokens = c.cu[s->batch];
  c.q = rows_of(tokens, c.p.q_stride, features);
  c.k = rows_of(tokens, c.p.k_stride, features);
  c.v = rows_of(tokens, c.p.v_stride, features);
  c.out = rows_of(tokens, c.p.out_stride, features);
  if (!s->no_k) {
    c.position_k = rows_of(c.p.positions, c.p.position_k_stride, features);
  }
  if (!s->no_q) {
    c.position_q = rows_of(c.p.positions, c.p.position_q_stride, features);
  }
  c.index = guarded_allocate((size_t)(2 * s->reach + 1) * sizeof(int32_t), true);
  for (int32_t d = -s->reach; d <= s->reach; d++) {
    ((int32_t *)c.index.data)[d + s->reach] = index_of(s, d, c.p.positions);
  }
  return c;
}

void free_scene(scene *c) {
  guarded *all[] = {&c->q, &c->k, &c->v, &c->out, &c->position_k, &c->position_q, &c->index};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (all[i]->mapping != NULL) {
      guarded_free(all[i]);
    }
  }
  free(c->expected);
}

static double dot(const float *a, const float *b, int32_t count) {
  double sum = 0;
  for (int32_t d = 0; d < count; d++) {
    sum += (double)a[d] * b[d];
  }
  return sum;
}

/* The definition, with all scores of a query written out. */
void expect(scene *c) {
  const gt_disentangled_params *p = &c->p;
  const int64_t features = (int64_t)p->num_heads * p->head_dim;
  const float *q = c->q.data, *k = c->k.data, *v = c->v.data;
  const float *position_k = c->position_k.data, *position_q = c->position_q.data;
  const int32_t *index = c->index.data;
  const int64_t tokens = c->cu[p->batch];
  c->expected = calloc((size_t)(tokens * features + 1), sizeof(double));
  double *scores = malloc((size_t)(tokens + 1) * sizeof(double));
  for (int32_t b = 0; b < p->batch; b++) {
    const int64_t length = c->cu[b + 1] - c->cu[b];
    for (int64_t i = 0; i < length; i++) {
      for (int32_t h = 0; h < p->num_heads; h++) {
        const int64_t at = (int64_t)h * p->head_dim;
        const float *qi = q + (c->cu[b] + i) * p->q_stride + at;
        double top = -INFINITY, sum = 0;
        for (int64_t j = 0; j < length; j++) {
          const float *kj = k + (c->cu[b] + j) * p->k_stride + at;
          int64_t r = i - j, reach = p->max_distance;
          r = index[(r < -reach ? -reach : r > reach ? reach : r) + reach];
          double score = dot(qi, kj, p->head_dim);
          score += position_k == NULL ? 0 : dot(qi, position_k + r * p->position_k_stride + at, p->head_dim);
          score += position_q == NULL ? 0 : dot(kj, position_q + r * p->position_q_stride + at, p->head_dim);
          scores[j] = score * (double)p->scale;
          top = fmax(top, scores[j]);
        }
        double *to = c->expected + (c->cu[b] + i) * features + at;
        for (int64_t j = 0; j < length; j++) {
          const double weight = exp(scores[j] - top);
          sum += weight;
          for (int32_t d = 0; d < p->head_dim; d++) {
            to[d] += weight * v[(c->cu[b] + j) * p->v_stride + at + d];
          }
        }
        for (int32_t d = 0; d < p->head_dim; d++) {
          to[d] /= sum;
        }
      }
    }
  }
  free(scores);
}

gt_status run(const scene *c, gt_context *context, char *message, size_t size) {
  return gt_disentangled_attention(context, c->q.data, c->k.data, c->v.data, c->cu, c->position_k.data,
                                   c->position_q.data, c->index.data, c->out.data, &c->p, message, size);
}

void clear_out(const scene *c) {
  const int64_t tokens = c->cu[c->p.batch];
  if (tokens > 0) {
    const int64_t last = (int64_t)c->p.num_heads * c->p.head_dim;
    memset(c->out.data, 0xff, (size_t)((tokens - 1) * c->p.out_stride + last) * sizeof(float));
  }
}

double worst_error(const scene *c, const char *what) {
  const int64_t features = (int64_t)c->p.num_heads * c->p.head_dim;
  const int64_t tokens = c->cu[c->p.batch];
  double worst = 0;
  for (int64_t t = 0; t < tokens; t++) {
    const float *row = (const float *)c->out.data + t * c->p.out_stride;
    for (int64_t i = 0; i < features; i++) {
      const double error = fabs((double)row[i] - c->expected[t * features + i]);
      if (!(error <= worst)) {
        worst = isnan(error) ? INFINITY : error;
      }
    }
    for (int64_t i = features; i < c->p.out_stride && t + 1 < tokens; i++) {
      CHECK(isnan(row[i]), "%s: token %lld wrote %g behind its heads", what, (long long)t, (double)row[i]);
    }
  }
  return worst;
}
