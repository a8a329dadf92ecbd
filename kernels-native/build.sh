#!/bin/sh
# Builds, installs or tests libgatun with cmake and a C compiler; Maven calls it, people may.
#   build.sh build <build-folder> <install-folder>    configure, compile, install
#   build.sh test  <build-folder>                     ctest
set -eu
here=$(cd "$(dirname "$0")" && pwd)

need() {
  for program in $1; do
    if command -v "$program" > /dev/null 2>&1; then return 0; fi
  done
  echo "kernels-native: $2 is not installed. Install it with: apt-get install $3 (Debian, Ubuntu) or dnf install $4 (Fedora)." >&2
  exit 1
}

jobs=$(nproc 2> /dev/null || echo 2)
case "${1:-}" in
  build)
    need "cmake" "cmake (3.18 or later)" cmake cmake
    need "${CC:-cc gcc clang}" "a C compiler (gcc or clang)" gcc gcc
    if [ ! -f "$2/CMakeCache.txt" ]; then
      need "ninja make gmake" "make or ninja" make make
      if command -v ninja > /dev/null 2>&1; then export CMAKE_GENERATOR="${CMAKE_GENERATOR:-Ninja}"; fi
      cmake -S "$here" -B "$2" -DCMAKE_BUILD_TYPE=Release --log-level=NOTICE
    fi
    cmake --build "$2" --parallel "$jobs"
    cmake --install "$2" --prefix "$3" | grep -v -e '^-- Up-to-date' -e '^-- Install configuration' || true
    ;;
  test)
    cd "$2"
    # Timing is shared with whatever else the machine does, so the tests run one after another.
    ctest --output-on-failure
    ;;
  *)
    echo "usage: build.sh build <build-folder> <install-folder> | build.sh test <build-folder>" >&2
    exit 2
    ;;
esac
