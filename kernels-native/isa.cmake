# The one list of CPU tiers, ascending. A feature name is both a compiler flag (-m<feature>) and a bit of
# gt_cpu_feature that must be present at run time, so what is compiled and what is tested can't drift apart.
# Order and names are those of gt_tier in gatun.h; GT_TIER_REFERENCE (no features) comes first by itself.
set(GATUN_TIERS avx2 avx512 avx512_bf16)
set(GATUN_TIER_avx2_FEATURES avx2 fma f16c)
set(GATUN_TIER_avx512_FEATURES avx2 fma f16c avx512f avx512bw avx512dq avx512vl)
set(GATUN_TIER_avx512_bf16_FEATURES ${GATUN_TIER_avx512_FEATURES} avx512bf16)

set(GATUN_TIER_avx512_EXTRA_FLAGS -mprefer-vector-width=512 -falign-loops=64 -falign-functions=64)
set(GATUN_TIER_avx512_bf16_EXTRA_FLAGS ${GATUN_TIER_avx512_EXTRA_FLAGS})

# Writes the run-time half of the list: isa_tiers.h with GT_ISA_TIERS(ROW) -> ROW(name, enum, features) per tier.
function(gatun_write_isa_header file)
  set(text "/* Generated from isa.cmake. */\n#define GT_ISA_TIERS(ROW) \\\n  ROW(reference, GT_TIER_REFERENCE, 0)")
  foreach(tier IN LISTS GATUN_TIERS)
    string(TOUPPER ${tier} upper)
    set(bits "")
    foreach(feature IN LISTS GATUN_TIER_${tier}_FEATURES)
      list(APPEND bits "GT_CPU_${feature}")
    endforeach()
    list(JOIN bits " | " bits)
    string(APPEND text " \\\n  ROW(${tier}, GT_TIER_${upper}, ${bits})")
  endforeach()
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}\n" @ONLY)
endfunction()

# The compile-time half.
function(gatun_tier_flags tier result)
  set(flags "")
  foreach(feature IN LISTS GATUN_TIER_${tier}_FEATURES)
    list(APPEND flags "-m${feature}")
  endforeach()
  set(${result} ${flags} ${GATUN_TIER_${tier}_EXTRA_FLAGS} PARENT_SCOPE)
endfunction()
