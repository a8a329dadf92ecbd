/*
 * What device the fake driver pretends to be: FAKE_CUDA="devices=2,memory=64m,order=reverse", read by cuInit, or
 * fake_cuda_set("memory", 64 << 20) after it.
 *
 *   devices      how many; 0: cuInit finds no device
 *   capability   80, 90, 100, ...
 *   driver       what cuDriverGetVersion says; below 12000 no module is loaded
 *   memory       bytes of each device (k, m, g)
 *   processors   multiprocessors
 *   init_error   what cuInit returns
 *   init_seconds and what it takes
 *   lose_after   kernels until the context is lost (set: counted from now, and lost contexts are as new); -1: never
 *   lost_error   what every call returns then
 *   order        forward, reverse, shuffle, or rotate: each kernel in another one
 *   seed         of shuffle
 *   alignment    of device pointers; below 256 the end of memory is found out more exactly than a real device would
 *   protect      the host can't touch device memory of up to so many bytes (more costs time at every wait); 0: it can
 *   lacks        a kernel that modules don't have
 *
 * fake_cuda_get also knows: memory_used, streams, events, modules, graphs (of all contexts), kernels (run so far).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_driver.h"

fake_config config;
static char report[1024];
static const long ROTATE = 3;

static const struct {
  const char *key;
  long fake_config::*value;
} numbers[] = {
    {"devices", &fake_config::devices},
    {"capability", &fake_config::capability},
    {"driver", &fake_config::driver},
    {"memory", &fake_config::memory},
    {"processors", &fake_config::processors},
    {"init_error", &fake_config::init_error},
    {"init_seconds", &fake_config::init_seconds},
    {"lose_after", &fake_config::lose_after},
    {"lost_error", &fake_config::lost_error},
    {"order", &fake_config::order},
    {"seed", &fake_config::seed},
    {"alignment", &fake_config::alignment},
    {"protect", &fake_config::protect},
};

static bool set_number(const std::string &key, long value) {
  for (const auto &number : numbers) {
    if (key == number.key) {
      config.*number.value = value;
      return true;
    }
  }
  return false;
}

static bool parse(const std::string &key, const std::string &text) {
  static const char *const orders[] = {"forward", "reverse", "shuffle", "rotate"};
  if (key == "lacks") {
    config.lacks = text;
    return true;
  }
  for (long i = 0; key == "order" && i <= ROTATE; i++) {
    if (text == orders[i]) {
      return set_number(key, i);
    }
  }
  char *end;
  long value = strtol(text.c_str(), &end, 10);
  int shift = *end == 'k' ? 10 : *end == 'm' ? 20 : *end == 'g' ? 30 : 0;
  bool complete = end != text.c_str() && (shift == 0 ? *end == 0 : end[1] == 0);
  return complete && set_number(key, value << shift);
}

void read_config() {
  static std::string last;
  const char *text = getenv("FAKE_CUDA");
  if (text == nullptr || text == last) {
    return;
  }
  last = text;
  config = fake_config();
  for (size_t at = 0; at < last.size();) {
    size_t end = std::min(last.find(',', at), last.size());
    std::string item = last.substr(at, end - at);
    size_t equals = item.find('=');
    if (equals == std::string::npos || !parse(item.substr(0, equals), item.substr(equals + 1))) {
      fprintf(stderr, "fake driver: FAKE_CUDA: what is \"%s\"?\n", item.c_str());
      abort();
    }
    at = end + 1;
  }
}

int fake_cuda_set(const char *key, long value) {
  fake_call call(__func__);
  if (strcmp(key, "lose_after") == 0) {
    kernels_run = 0;
    for (auto &entry : contexts) {
      entry.second->error = CUDA_SUCCESS;
    }
  }
  return set_number(key, value);
}

long fake_cuda_get(const char *key) {
  fake_call call(__func__);
  for (const auto &number : numbers) {
    if (strcmp(key, number.key) == 0) {
      return config.*number.value;
    }
  }
  if (strcmp(key, "kernels") == 0) {
    return kernels_run;
  }
  long sum = 0;
  for (const auto &entry : contexts) {
    const CUctx_st &context = *entry.second;
    sum += (long)(strcmp(key, "memory_used") == 0 ? context.memory_used
                  : strcmp(key, "streams") == 0   ? context.streams.size()
                  : strcmp(key, "events") == 0    ? context.events.size()
                  : strcmp(key, "modules") == 0   ? context.modules.size()
                  : strcmp(key, "graphs") == 0    ? context.graphs.size() + context.executables.size()
                                                  : 0);
  }
  return sum;
}

void note_report(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(report, sizeof report, format, list);
  va_end(list);
  fprintf(stderr, "fake driver: %s\n", report);
}

const char *fake_cuda_report(void) {
  return report;
}
