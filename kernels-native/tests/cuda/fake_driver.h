/*
 * A CUDA driver without a GPU. Device memory is host memory, kernels are run by the shim, and everything that a real
 * driver leaves undefined or forgives goes wrong here, every time: streams do nothing before somebody waits for them,
 * so a missing wait, staging memory that is used again too early and memory that is freed too early all show.
 */
#ifndef GT_FAKE_DRIVER_H
#define GT_FAKE_DRIVER_H

#include <pthread.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "driver_api.h"
#include "shim.h"

struct fake_config {
  long devices = 1;
  long capability = 90;
  long driver = 13000;
  long memory = 4L << 30;
  long processors = 4;
  long init_error = 0;
  long init_seconds = 0;
  long lose_after = -1;
  long lost_error = CUDA_ERROR_ILLEGAL_ADDRESS;
  long order = gt_shim::FORWARD;
  long seed = 1;
  long alignment = 256;
  long protect = 1 << 20;
  std::string lacks;
};

enum operation_kind { KERNEL, COPY_IN, COPY_OUT, COPY_INSIDE, FILL, RECORD, WAIT };

struct operation {
  explicit operation(operation_kind its_kind) : kind(its_kind) {}

  operation_kind kind;
  /* kernels */
  const gt_shim::kernel *kernel = nullptr;
  uint3 grid = {0, 0, 0};
  size_t shared_bytes = 0;
  std::vector<unsigned char> args;
  /* copies and fills */
  void *to = nullptr;
  const void *from = nullptr;
  size_t bytes = 0;
  unsigned char value = 0;
  /* events */
  std::shared_ptr<CUevent_st> event;
  std::shared_ptr<CUstream_st> stream;
  uint64_t ticket = 0;
};

typedef std::vector<operation> operations;

struct fake_capture {
  CUstreamCaptureMode mode;
  pthread_t thread;
  bool invalid;
  operations nodes;
};

struct CUstream_st {
  CUcontext context;
  std::deque<operation> queue;
  uint64_t done = 0; /* operations that have left the queue */
  std::unique_ptr<fake_capture> capture;

  uint64_t last_ticket() const {
    return done + queue.size();
  }
  void forget() {
    done = last_ticket();
    queue.clear();
  }
};

struct CUevent_st {
  CUcontext context;
  bool timed;
  std::shared_ptr<CUstream_st> stream; /* of the last record; NULL before */
  uint64_t ticket = 0;
  CUstream captured = nullptr; /* recorded in a capture of this stream */
  double time = 0;
};

struct CUfunc_st {
  CUmodule module;
  const gt_shim::kernel *kernel;
  size_t most_shared;
};

struct CUmod_st {
  CUcontext context;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
};

struct CUgraph_st {
  CUcontext context;
  operations nodes;
};

struct CUgraphExec_st {
  CUcontext context;
  operations nodes;
};

/* The primary context of a device. */
struct CUctx_st {
  int device;
  int references = 0;
  CUresult error = CUDA_SUCCESS; /* what every call returns from now on */
  size_t memory_used = 0;
  std::map<CUstream, std::shared_ptr<CUstream_st>> streams;
  std::vector<std::shared_ptr<CUstream_st>> destroyed_streams; /* whose work isn't done */
  std::map<CUevent, std::shared_ptr<CUevent_st>> events;
  std::map<CUmodule, std::unique_ptr<CUmod_st>> modules;
  std::map<CUfunction, CUfunc_st *> functions;
  std::map<CUgraph, std::unique_ptr<CUgraph_st>> graphs;
  std::map<CUgraphExec, std::unique_ptr<CUgraphExec_st>> executables;
};

extern fake_config config;
extern bool initialized;
extern long kernels_run;
extern std::map<int, std::unique_ptr<CUctx_st>> contexts;

/* One call of the API: has the lock and the calling thread's context. */
struct fake_call {
  explicit fake_call(const char *name);

  std::unique_lock<std::mutex> lock;
  const char *name;
  CUcontext context;

  /* Success if there is a context that works. */
  CUresult enter() const;
  /* Notes why, for people; returns `result`. */
  __attribute__((format(printf, 3, 4))) CUresult refuse(CUresult result, const char *format, ...) const;
  /* Success unless a capture forbids what may wait for other streams; the capture is lost then. */
  CUresult unsafe_in_capture() const;
};

#define ENTER                      \
  fake_call call(__func__);        \
  CUresult entered = call.enter(); \
  if (entered != CUDA_SUCCESS) {   \
    return entered;                \
  }
#define ENTER_UNCAPTURED              \
  ENTER                               \
  entered = call.unsafe_in_capture(); \
  if (entered != CUDA_SUCCESS) {      \
    return entered;                   \
  }

void read_config();
/* Bytes of dynamic shared memory that a block may have at most. */
size_t most_shared();
/* What people should know; fake_cuda_report. */
__attribute__((format(printf, 1, 2))) void note_report(const char *format, ...);
/* A kernel or copy failed: the context is lost. */
__attribute__((format(printf, 2, 3))) void lose(CUcontext context, const char *format, ...);

/* memory */
bool is_device_memory(CUcontext context, const void *memory, size_t bytes);
bool is_pinned_memory(const void *memory, size_t bytes);
/* Device memory of up to config.protect bytes can be touched between these two only, which nest. */
void open_memory();
void close_memory(CUcontext context);
void free_all_memory(CUcontext context);
void describe_memory(const void *address, char *text, size_t text_bytes);

/* streams */
CUresult submit(const fake_call &call, CUstream stream, operation &&what);
/* Does the work of a stream up to a ticket; of all streams of a context. */
void drain(CUstream_st *stream, uint64_t ticket);
void drain_all(CUcontext context);

#endif
