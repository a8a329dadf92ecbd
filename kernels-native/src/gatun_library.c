#include "gatun.h"

uint32_t gt_abi_version(void) {
  return GT_ABI_VERSION;
}

const char *gt_layout(void) {
  return
#include "layout.inc"
      ;
}
