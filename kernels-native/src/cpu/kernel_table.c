#include "cpu/kernel_table.h"

#include "cpu/cpu_features.h"
#include "isa_tiers.h"

#define DECLARE(name, tier, features) extern const gt_kernel_table gt_kernel_table_##name;
GT_ISA_TIERS(DECLARE)

typedef struct tier_row {
  const gt_kernel_table *table;
  uint32_t features;
} tier_row;

#define TIER(name, tier, features) [tier] = {&gt_kernel_table_##name, features},
static const tier_row tiers[] = {GT_ISA_TIERS(TIER)};

static bool known(int32_t tier) {
  return tier >= 0 && tier < (int32_t)(sizeof tiers / sizeof tiers[0]);
}

const gt_kernel_table *gt_kernel_table_of(int32_t tier) {
  return known(tier) ? tiers[tier].table : NULL;
}

bool gt_tier_supported(int32_t tier) {
  return known(tier) && (gt_cpu_features() & tiers[tier].features) == tiers[tier].features;
}

const char *gt_tier_name(int32_t tier) {
  return known(tier) ? tiers[tier].table->name : NULL;
}

int32_t gt_best_tier(void) {
  int32_t best = GT_TIER_REFERENCE;
  for (int32_t tier = best + 1; known(tier); tier++) {
    if (gt_tier_supported(tier)) {
      best = tier;
    }
  }
  return best;
}
