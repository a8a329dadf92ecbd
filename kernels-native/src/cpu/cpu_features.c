#include "cpu/cpu_features.h"

#include <cpuid.h>
#include <stdbool.h>

/* Register states the operating system saves (XCR0), 0 when it saves none. */
static uint64_t saved_states(uint32_t leaf1_ecx) {
  if ((leaf1_ecx & bit_OSXSAVE) == 0) {
    return 0;
  }
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static uint32_t when(bool present, enum gt_cpu_feature feature) {
  return present ? (uint32_t)feature : 0;
}

uint32_t gt_cpu_features(void) {
  const uint64_t ymm_state = 0x6;  /* SSE and AVX */
  const uint64_t zmm_state = 0xe6; /* and opmask, upper halves, upper registers */
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
    return 0;
  }
  uint64_t states = saved_states(ecx);
  if ((states & ymm_state) != ymm_state || (ecx & bit_AVX) == 0) {
    return 0;
  }
  uint32_t features = when(ecx & bit_FMA, GT_CPU_fma) | when(ecx & bit_F16C, GT_CPU_f16c);
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    return features;
  }
  features |= when(ebx & bit_AVX2, GT_CPU_avx2);
  if ((states & zmm_state) == zmm_state) {
    features |= when(ebx & bit_AVX512F, GT_CPU_avx512f) | when(ebx & bit_AVX512BW, GT_CPU_avx512bw) |
                when(ebx & bit_AVX512DQ, GT_CPU_avx512dq) | when(ebx & bit_AVX512VL, GT_CPU_avx512vl);
    if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) {
      features |= when(eax & bit_AVX512BF16, GT_CPU_avx512bf16);
    }
  }
  return features;
}
