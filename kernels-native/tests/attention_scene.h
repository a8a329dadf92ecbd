/* One gt_attention call with guarded memory, and what it should give: a naive attention in double that writes out all
 * scores. */
#ifndef GT_ATTENTION_SCENE_H
#define GT_ATTENTION_SCENE_H

#include "harness.h"

enum { MAX_BATCH = 8 };

/* One call: shapes, options and the memory it works on. Everything lies at the end of its pages. */
typedef struct scene {
  gt_attention_params p;
  int32_t cu_q[MAX_BATCH + 1];
  int32_t cu_kv[MAX_BATCH + 1];
  guarded q, k, v, out, bias, table;
  int64_t q_tokens, kv_tokens;
  double *expected;   /* [q_tokens][num_heads][v_head_dim] */
  double *rounded[2]; /* the same of k, v and scale times q, or q, rounded to bf16; compute_dtype GT_BF16 only */
} scene;

typedef struct shape {
  int32_t batch;
  int32_t q[MAX_BATCH];
  int32_t kv[MAX_BATCH];
  int32_t heads, kv_heads, dim, v_dim;
  int32_t causal;
  int32_t bias_distance;
  int32_t block_size;
  int32_t pad; /* floats between tokens */
} shape;

scene make_scene(const shape *s);
void free_scene(scene *c);
/* Fills c->expected and c->rounded; before page(). */
void expect(scene *c);
/* Scatters k and v into blocks in a shuffled order and points c at them. Unused rows stay NaN. */
void page(scene *c, int32_t block_size);
gt_status run(const scene *c, gt_context *context, char *message, size_t size);
/* Poison for what a call doesn't write. */
void clear_out(const scene *c);
/* Greatest error against `expected`, or one `rounded` where that is nearer; the floats between tokens must still be the
 * poison. */
double worst_error(const scene *c, const char *what);

/* NaN in the scratch that a call with these parameters will use. */
void poison(gt_context *context, const gt_attention_params *params);

extern gt_context *contexts[2]; /* of the tier under test: 1 and 3 threads */
void with_contexts(const gt_kernel_table *kernels, void (*body)(void));
/* Runs the shape in fp32 and, where a tier has it, bf16, on both contexts, and checks the results. */
void try_shape(const shape *s);
void try_windowed(const shape *s, int32_t window);

#endif
