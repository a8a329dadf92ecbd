/* That races are seen, and nothing else is taken for one. */
#include <initializer_list>

#include "check.h"
#include "shim.h"
#include "shim_races_test_kernels.h"

int main() {
  static const struct {
    int32_t exchange;
    const char *says; /* of what is wrong */
  } cases[] = {
      {BY_BLOCK, "of shared memory"}, {BY_WARP, "of shared memory"},   {BY_WARP_AND_BACK, "of shared memory"},
      {BY_COPY, "of shared memory"},  {BY_MATRIX, "of shared memory"}, {BY_LAUNCH, "of the launch's block"},
  };
  for (const auto &c : cases) {
    for (gt_shim::order by : {gt_shim::FORWARD, gt_shim::REVERSE, gt_shim::SHUFFLED}) {
      for (int32_t right = 0; right <= 1; right++) {
        float y[3 * 64];
        char report[512] = "";
        const race_args args = {y, c.exchange, right};
        const bool passed =
            gt_shim::run({gt_shim::find_kernel("test_exchange"), {2, 1, 1}, 1024, &args, by, 1}, report, sizeof report);
        CHECK(passed == (right != 0), "exchange %d, right %d, order %d: %s", c.exchange, right, (int)by, report);
        CHECK(right || (strstr(report, "race: ") != nullptr && strstr(report, c.says) != nullptr),
              "exchange %d, order %d is reported as: %s", c.exchange, (int)by, report);
      }
    }
  }
  return finish();
}
