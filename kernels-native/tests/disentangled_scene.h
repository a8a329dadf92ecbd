/* One gt_disentangled_attention call with guarded memory, and what it should give: a naive version in double that
 * writes out all scores. */
#ifndef GT_DISENTANGLED_SCENE_H
#define GT_DISENTANGLED_SCENE_H

#include "harness.h"

enum { MAX_BATCH = 8 };

/* How position_index maps a distance: every distance its own row, logarithmic buckets, one of few rows, or at random.
 */
typedef enum index_kind { EACH, BUCKETS, CONSTANT, RANDOM } index_kind;

typedef struct shape {
  int32_t batch;
  int32_t lengths[MAX_BATCH];
  int32_t heads, dim;
  int32_t reach; /* max_distance */
  index_kind kind;
  bool no_k, no_q;
  int32_t pad; /* floats between tokens */
} shape;

typedef struct scene {
  gt_disentangled_params p;
  int32_t cu[MAX_BATCH + 1];
  guarded q, k, v, out, position_k, position_q, index;
  double *expected;
} scene;

scene make_scene(const shape *s);
void free_scene(scene *c);
/* Fills c->expected. */
void expect(scene *c);
gt_status run(const scene *c, gt_context *context, char *message, size_t size);
/* Poison for what a call doesn't write. */
void clear_out(const scene *c);
/* Greatest error; the floats between tokens must still be the poison. */
double worst_error(const scene *c, const char *what);

#endif
