#!/bin/sh
# inner_loops.sh <libgatun.so>: the register tiles must keep their sums in registers. One spill inside the loop costs
# up to half the speed, a compiler's change of mind brings it, and no timing on a shared machine shows it reliably.
set -eu
objdump -d --no-show-raw-insn "$1" | awk '
  /^[0-9a-f]+ <simd_tile_/ { name = $2; functions++ }
  /^$/ { name = "" }
  name != "" && /vfmadd/ { products++ }
  name != "" && /[yz]mm/ && /\((%rsp|%rbp)[,)]/ { if (spills++ < 10) print "spill in " name " " $0 }
  END {
    if (functions < 20 || products < 200) { print "only " functions " tiles and " products " multiply-adds found"; exit 1 }
    print functions " tiles, " products " multiply-adds, " spills + 0 " spills"
    exit spills > 0
  }'
