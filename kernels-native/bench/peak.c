#include "peak.h"

#include "gatun.h"

enum { ROUNDS = 500000, SUMS = 24 };

#define REGISTERS_12(ROW) ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11)
#define REGISTERS_12_23(ROW) \
  ROW(12) ROW(13) ROW(14) ROW(15) ROW(16) ROW(17) ROW(18) ROW(19) ROW(20) ROW(21) ROW(22) ROW(23)
#define REGISTERS_16_23(ROW) ROW(16) ROW(17) ROW(18) ROW(19) ROW(20) ROW(21) ROW(22) ROW(23)
#define ZERO_512(i) "vpxord %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n\t"
#define FMA_512(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define BF16_512(i) "vdpbf16ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define FMA_256(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n\t"

/* Assembly, so that no compiler can shorten it. vzeroall leaves registers 16 to 31 alone; all are zeroed, because
 * zeros stay zeros and never turn denormal. */
#define ROUNDS_OF(zero_more, multiply_adds)                                                                         \
  int64_t rounds = ROUNDS;                                                                                          \
  __asm__ volatile("vzeroall\n\t" zero_more "1:\n\t" multiply_adds "dec %0\n\tjnz 1b\n\tvzeroupper\n"               \
                   : "+r"(rounds)                                                                                   \
                   :                                                                                                \
                   : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
                     "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

static void fma_512(void) {
  ROUNDS_OF(REGISTERS_16_23(ZERO_512) ZERO_512(30) ZERO_512(31), REGISTERS_12(FMA_512) REGISTERS_12_23(FMA_512));
}

static void bf16_512(void) {
  ROUNDS_OF(REGISTERS_16_23(ZERO_512) ZERO_512(30) ZERO_512(31), REGISTERS_12(BF16_512) REGISTERS_12_23(BF16_512));
}

static void fma_256(void) {
  ROUNDS_OF("", REGISTERS_12(FMA_256) REGISTERS_12(FMA_256));
}

gt_peak_kind gt_peak_kind_of(int32_t tier, int32_t compute_dtype) {
  if (tier == GT_TIER_AVX512_BF16 && compute_dtype == GT_BF16) {
    return GT_PEAK_BF16_512;
  }
  return tier >= GT_TIER_AVX512 ? GT_PEAK_F32_512 : GT_PEAK_F32_256;
}

double gt_peak_work(gt_peak_kind kind) {
  double lanes = kind == GT_PEAK_F32_256 ? 8 : kind == GT_PEAK_F32_512 ? 16 : 32;
  return 2.0 * SUMS * ROUNDS * lanes;
}

void gt_peak_run(gt_peak_kind kind) {
  switch (kind) {
    case GT_PEAK_F32_256:
      fma_256();
      return;
    case GT_PEAK_F32_512:
      fma_512();
      return;
    case GT_PEAK_BF16_512:
      bf16_512();
      return;
  }
}
