/* Streams, events, captures: queues that are worked off when somebody waits. */
#include <string.h>
#include <time.h>

#include "fake_driver.h"

long kernels_run;

static double milliseconds() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* ---- work ----------------------------------------------------------------------------------------------------- */

static void run_kernel(CUcontext context, const operation &o) {
  kernels_run++;
  if (config.lose_after >= 0 && kernels_run > config.lose_after) {
    return lose(context, "the device is lost after %ld kernels", config.lose_after);
  }
  char why[700];
  long order = config.order > gt_shim::SHUFFLED ? kernels_run % 3 : config.order;
  uint64_t seed = (uint64_t)(config.seed + kernels_run);
  if (!gt_shim::run({o.kernel, o.grid, o.shared_bytes, o.args.data(), (gt_shim::order)order, seed}, why, sizeof why)) {
    lose(context, "%s", why);
  }
}

/* What was right when it was submitted may have been freed since. */
static void run_copy(CUcontext context, const operation &o) {
  const void *host = o.kind == COPY_IN ? o.from : o.kind == COPY_OUT ? o.to : nullptr;
  for (const void *memory : {(const void *)o.to, o.from}) {
    char where[160] = "";
    bool is_host = memory == host;
    bool gone = is_host ? !is_pinned_memory(memory, o.bytes) : !is_device_memory(context, memory, o.bytes);
    describe_memory(memory, where, sizeof where);
    /* Host memory that never was ours has no description. */
    if (gone && memory != nullptr && !(is_host && where[0] == 0)) {
      return lose(context, "a copy or fill of %zu bytes is at %s", o.bytes, where);
    }
  }
  if (o.kind == FILL) {
    memset(o.to, o.value, o.bytes);
  } else {
    memmove(o.to, o.from, o.bytes);
  }
}

static void run(CUcontext context, const operation &o) {
  switch (o.kind) {
    case KERNEL:
      return run_kernel(context, o);
    case RECORD:
      o.event->time = milliseconds();
      return;
    case WAIT:
      return drain(o.stream.get(), o.ticket);
    default:
      return run_copy(context, o);
  }
}

void drain(CUstream_st *stream, uint64_t ticket) {
  if (stream->done >= ticket) {
    return;
  }
  open_memory();
  while (stream->done < ticket && stream->context->error == CUDA_SUCCESS) {
    operation o = std::move(stream->queue.front());
    stream->queue.pop_front();
    stream->done++;
    run(stream->context, o);
  }
  close_memory(stream->context);
}

void drain_all(CUcontext context) {
  for (auto &entry : context->streams) {
    drain(entry.first, entry.first->last_ticket());
  }
  for (auto &stream : context->destroyed_streams) {
    drain(stream.get(), stream->last_ticket());
  }
  context->destroyed_streams.clear();
}

/* NULL, with the reason noted, if it isn't a stream of the current context. */
static CUstream_st *find_stream(const fake_call &call, CUstream stream) {
  if (stream == nullptr) {
    call.refuse(CUDA_ERROR_INVALID_HANDLE, "the NULL stream isn't to be used");
    return nullptr;
  }
  if (call.context->streams.count(stream) == 0) {
    call.refuse(CUDA_ERROR_INVALID_HANDLE, "no such stream in the current context");
    return nullptr;
  }
  return stream;
}

static CUevent_st *find_event(const fake_call &call, CUevent event) {
  if (call.context->events.count(event) == 0) {
    call.refuse(CUDA_ERROR_INVALID_HANDLE, "no such event in the current context");
    return nullptr;
  }
  return event;
}

CUresult submit(const fake_call &call, CUstream stream, operation &&what) {
  if (find_stream(call, stream) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (stream->capture == nullptr) {
    stream->queue.push_back(std::move(what));
    return CUDA_SUCCESS;
  }
  if (stream->capture->invalid) {
    return call.refuse(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture has failed before");
  }
  stream->capture->nodes.push_back(std::move(what));
  return CUDA_SUCCESS;
}

/* ---- streams -------------------------------------------------------------------------------------------------- */

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  ENTER
  if (flags > CU_STREAM_NON_BLOCKING) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "flags %u", flags);
  }
  std::shared_ptr<CUstream_st> made(new CUstream_st);
  made->context = call.context;
  *stream = made.get();
  call.context->streams[*stream] = made;
  return CUDA_SUCCESS;
}

/* Doesn't wait. */
CUresult cuStreamDestroy_v2(CUstream stream) {
  ENTER
  if (find_stream(call, stream) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  call.context->destroyed_streams.push_back(call.context->streams[stream]);
  call.context->streams.erase(stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  ENTER
  if (find_stream(call, stream) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (stream->capture != nullptr) {
    stream->capture->invalid = true;
    return call.refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream is captured");
  }
  drain(stream, stream->last_ticket());
  return call.context->error;
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  ENTER
  if (flags != 0 || find_stream(call, stream) == nullptr || find_event(call, event) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (event->captured != nullptr) {
    return event->captured == stream
               ? CUDA_SUCCESS
               : call.refuse(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "captures of several streams aren't known here");
  }
  if (stream->capture != nullptr) {
    stream->capture->invalid = true;
    return call.refuse(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "the event isn't of the capture");
  }
  if (event->stream == nullptr) {
    return CUDA_SUCCESS;
  }
  operation wait(WAIT);
  wait.stream = event->stream;
  wait.ticket = event->ticket;
  return submit(call, stream, std::move(wait));
}

/* ---- events --------------------------------------------------------------------------------------------------- */

CUresult cuEventCreate(CUevent *event, unsigned flags) {
  ENTER
  std::shared_ptr<CUevent_st> made(new CUevent_st);
  made->context = call.context;
  made->timed = (flags & CU_EVENT_DISABLE_TIMING) == 0;
  *event = made.get();
  call.context->events[*event] = made;
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
  ENTER
  if (find_event(call, event) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  call.context->events.erase(event);
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  ENTER
  if (find_event(call, event) == nullptr || find_stream(call, stream) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (stream->capture != nullptr) {
    event->captured = stream;
    return stream->capture->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
  }
  operation record(RECORD);
  record.event = call.context->events[event];
  CUresult status = submit(call, stream, std::move(record));
  event->captured = nullptr;
  event->stream = call.context->streams[stream];
  event->ticket = stream->last_ticket();
  return status;
}

CUresult cuEventSynchronize(CUevent event) {
  ENTER
  if (find_event(call, event) == nullptr) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (event->captured != nullptr) {
    return call.refuse(CUDA_ERROR_CAPTURED_EVENT, "it was recorded in a capture");
  }
  if (event->stream != nullptr) {
    drain(event->stream.get(), event->ticket);
  }
  return call.context->error;
}

static CUresult elapsed(const fake_call &call, float *time, CUevent start, CUevent end) {
  for (CUevent event : {start, end}) {
    if (find_event(call, event) == nullptr) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!event->timed || event->stream == nullptr) {
      return call.refuse(CUDA_ERROR_INVALID_HANDLE, "an event without time, or not recorded");
    }
    if (event->stream->done < event->ticket) {
      return CUDA_ERROR_NOT_READY;
    }
  }
  *time = (float)(end->time - start->time);
  return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime_v2(float *time, CUevent start, CUevent end) {
  ENTER
  return elapsed(call, time, start, end);
}

/* What it was called before 12.8. */
#undef cuEventElapsedTime
extern "C" __attribute__((visibility("default"))) CUresult cuEventElapsedTime(float *time, CUevent start, CUevent end) {
  ENTER
  return elapsed(call, time, start, end);
}
