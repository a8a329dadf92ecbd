#!/bin/sh
# Builds and runs the C tests under AddressSanitizer + UndefinedBehaviorSanitizer, then under ThreadSanitizer.
#   sanitize.sh [build-folder]      CC=clang sanitize.sh tries the other compiler
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-$here/target/sanitize}
jobs=$(nproc 2> /dev/null || echo 2)

# ThreadSanitizer's memory layout needs addresses that strong randomisation doesn't leave it.
fixed=""
if setarch "$(uname -m)" -R true 2> /dev/null; then fixed="setarch $(uname -m) -R"; fi

for sanitizers in address,undefined thread; do
  build=$root/$(echo "$sanitizers" | tr , -)
  echo "== $sanitizers"
  cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE="-O1 -g" \
    -DGATUN_SANITIZE="$sanitizers" --log-level=WARNING > /dev/null
  cmake --build "$build" --parallel "$jobs" > "$build/build.log" || { cat "$build/build.log" >&2; exit 1; }
  (cd "$build" && $fixed ctest --output-on-failure)
done
