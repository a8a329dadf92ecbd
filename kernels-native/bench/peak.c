#include "peak.h"

#include "gatun.h"

enum { ROUNDS = 80000 };

#define REGISTERS_12(ROW) ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11)
#define REGISTERS_24(ROW) \
  REGISTERS_12(ROW) ROW(12) ROW(13) ROW(14) ROW(15) ROW(16) ROW(17) ROW(18) ROW(19) ROW(20) ROW(21) ROW(22) ROW(23)
#define FMA_512(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define FMA_256(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n\t"

/* Written as assembly so that no compiler can shorten it; zeros stay zeros and never turn denormal. */
static void fma_512(void) {
  int64_t rounds = ROUNDS;
  __asm__ volatile(
      "vzeroall\n\tvpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31\n"
      "1:\n\t" REGISTERS_24(FMA_512) "dec %0\n\tjnz 1b\n\tvzeroupper\n"
      : "+r"(rounds)
      :
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
        "xmm13", "xmm14", "xmm15");
}

static void fma_256(void) {
  int64_t rounds = ROUNDS;
  __asm__ volatile(
      "vzeroall\n"
      "1:\n\t" REGISTERS_12(FMA_256) REGISTERS_12(FMA_256) "dec %0\n\tjnz 1b\n\tvzeroupper\n"
      : "+r"(rounds)
      :
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
        "xmm13", "xmm14", "xmm15");
}

double gt_peak_work(int32_t tier) {
  return 24.0 * ROUNDS * 2 * (tier == GT_TIER_AVX512 ? 16 : 8);
}

void gt_peak_run(int32_t tier) {
  if (tier == GT_TIER_AVX512) {
    fma_512();
  } else {
    fma_256();
  }
}
