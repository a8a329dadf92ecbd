/* Attention of one tier: which of the two algorithms takes an item. */
#ifndef GT_ATTENTION_H
#define GT_ATTENTION_H

#include "cpu/simd/attention_panels.h"
#include "cpu/simd/attention_rows.h"

static size_t att_scratch_bytes(const gt_attention_params *params) {
  size_t panels = att_panels_bytes(params);
  size_t rows = att_rows_bytes(params);
  return panels > rows ? panels : rows;
}

static void att_run(const gt_attention_job *job, const gt_attention_item *item, void *scratch) {
  if ((int64_t)item->tokens * item->heads <= ATT_DIRECT_ROWS) {
    att_run_rows(job, item, scratch);
  } else {
    att_run_panels(job, item, scratch);
  }
}

#define GT_ATTENTION_KERNEL                                                                                   \
  {                                                                                                           \
    .max_rows = att_max_rows, .row_step = ATT_PANEL, .takes_parts = true, .scratch_bytes = att_scratch_bytes, \
    .run = att_run                                                                                            \
  }

#endif
