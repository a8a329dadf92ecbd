#include "cpu/simd/linear.h"

#include "cpu/avx2/avx2.h"

static void pack(const gt_linear_source *source, int64_t row, int64_t rows, float *out) {
  simd_linear_pack(source, row, rows, out);
}

static void run(const gt_linear_job *job, int64_t row, int64_t rows, int64_t panel, int64_t panels, void *scratch) {
  simd_linear(job, row, rows, panel, panels, scratch);
}

const gt_linear_kernel gt_avx2_linear = SIMD_LINEAR_KERNEL(pack, run);
