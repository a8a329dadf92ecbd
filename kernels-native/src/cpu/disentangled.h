/* What a kernel of disentangled attention is given. */
#ifndef GT_CPU_DISENTANGLED_H
#define GT_CPU_DISENTANGLED_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/attention.h"
#include "gatun.h"

typedef struct gt_disentangled_job {
  gt_attention_job content; /* q, k, v and out, fp32; as many kv heads as heads, no bias */
  const float *position_k;  /* NULL: none */
  const float *position_q;  /* NULL: none */
  const int32_t *position_index;
  const gt_disentangled_params *params;
} gt_disentangled_job;

typedef struct gt_disentangled_kernel {
  int32_t max_tokens; /* of one item */
  size_t (*scratch_bytes)(const gt_disentangled_params *params);
  /* `item` has one head and all keys of its sequence. */
  void (*run)(const gt_disentangled_job *job, const gt_attention_item *item, void *scratch);
} gt_disentangled_kernel;

/* The row of position_k and position_q for query position - key position. */
static inline int64_t gt_disentangled_row(const gt_disentangled_job *job, int64_t distance) {
  const int64_t reach = job->params->max_distance;
  return job->position_index[(distance < -reach ? -reach : distance > reach ? reach : distance) + reach];
}

#endif
