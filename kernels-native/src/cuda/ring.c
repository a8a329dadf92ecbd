/* From host to device and back through pinned memory. */
#include <stdlib.h>
#include <string.h>

#include "cuda/context.h"

enum { STAGE_ALIGNMENT = 16 };

void gt_cuda_ring_create(gt_cuda_call *call, size_t half_bytes) {
  const gt_cuda_driver *driver = &call->context->device->driver;
  gt_cuda_ring *ring = &call->context->ring;
  void *host = NULL;
  if (call->status == GT_OK &&
      gt_cuda_check(call, driver->host_allocate(&host, GT_CUDA_HALVES * half_bytes, CU_MEMHOSTALLOC_PORTABLE),
                    "allocating pinned memory")) {
    ring->host = host;
    ring->device = (CUdeviceptr)gt_cuda_allocate(call, GT_CUDA_HALVES * half_bytes);
    ring->half_bytes = half_bytes;
  }
  for (int half = 0; half < GT_CUDA_HALVES && call->status == GT_OK; half++) {
    if (ring->copied[half] == NULL) {
      gt_cuda_check(call, driver->event_create(&ring->copied[half], CU_EVENT_DISABLE_TIMING), "making an event");
    }
  }
}

void gt_cuda_ring_reset(gt_context *context) {
  context->ring.half = 0;
  context->ring.used = 0;
  memset(context->staged, 0, sizeof context->staged);
}

void gt_cuda_free_buffers(gt_context *context) {
  const gt_cuda_driver *driver = &context->device->driver;
  if (context->graph != NULL) {
    driver->graph_exec_destroy(context->graph);
  }
  for (int half = 0; half < GT_CUDA_HALVES; half++) {
    if (context->ring.copied[half] != NULL) {
      driver->event_destroy(context->ring.copied[half]);
    }
  }
  if (context->ring.host != NULL) {
    driver->host_free(context->ring.host);
  }
  gt_cuda_free(context, (void *)context->ring.device);
  gt_cuda_free(context, (void *)context->scratch);
}

void gt_cuda_free_retired(gt_cuda_call *call) {
  gt_context *context = call->context;
  if (context->retired_count == 0) {
    return;
  }
  const gt_cuda_driver *driver = &context->device->driver;
  gt_cuda_check(call, driver->stream_synchronize(context->stream), "waiting for the device");
  while (context->retired_count > 0) {
    const gt_cuda_retired *retired = &context->retired[--context->retired_count];
    driver->host_free(retired->host);
    gt_cuda_free(context, (void *)retired->device);
  }
}

/* A larger ring; what the call has staged in the old one stays good until it ends. */
static void grow(gt_cuda_call *call, size_t bytes) {
  gt_context *context = call->context;
  gt_cuda_ring *ring = &context->ring;
  if (context->retired_count == (int)(sizeof context->retired / sizeof context->retired[0])) {
    gt_cuda_fail(call, GT_INTERNAL, "stages more than its memory can grow for");
    return;
  }
  const gt_cuda_retired old = {ring->host, ring->device};
  size_t half_bytes = 2 * ring->half_bytes;
  while (half_bytes < bytes) {
    half_bytes *= 2;
  }
  gt_cuda_ring_create(call, half_bytes);
  if (call->status == GT_OK) {
    context->retired[context->retired_count++] = old;
    gt_cuda_ring_reset(context);
  } else { /* the old one goes on */
    if (ring->host != old.host) {
      context->device->driver.host_free(ring->host);
    }
    ring->host = old.host;
    ring->device = old.device;
  }
}

/* Goes to the other half as soon as what was copied out of it has arrived. */
static void turn(gt_cuda_call *call) {
  gt_context *context = call->context;
  const gt_cuda_driver *driver = &context->device->driver;
  gt_cuda_ring *ring = &context->ring;
  const int next = 1 - ring->half;
  if (gt_cuda_check(call, driver->event_record(ring->copied[ring->half], context->stream), "recording an event") &&
      gt_cuda_check(call, driver->event_synchronize(ring->copied[next]), "waiting for a copy")) {
    ring->half = next;
    ring->used = 0;
    ring->turns++;
    for (int i = 0; i < GT_CUDA_STAGED; i++) {
      if (context->staged[i].at / ring->half_bytes == (size_t)next) {
        context->staged[i].bytes = 0;
      }
    }
  }
}

/* Room for `bytes` at the ring's returned offset. */
static size_t reserve(gt_cuda_call *call, size_t bytes) {
  gt_context *context = call->context;
  gt_cuda_ring *ring = &context->ring;
  const size_t size = (bytes + STAGE_ALIGNMENT - 1) / STAGE_ALIGNMENT * STAGE_ALIGNMENT;
  if (size > ring->half_bytes - ring->used) {
    gt_cuda_end_capture(call); /* neither turning nor growing can be part of a graph */
    if (size > ring->half_bytes || ring->turns > 0) {
      grow(call, size);
    } else {
      turn(call);
    }
  }
  if (call->status != GT_OK) {
    return 0;
  }
  const size_t at = (size_t)ring->half * ring->half_bytes + ring->used;
  ring->used += size;
  return at;
}

const void *gt_cuda_stage(gt_cuda_call *call, const void *host, size_t bytes) {
  gt_context *context = call->context;
  gt_cuda_ring *ring = &context->ring;
  if (call->status != GT_OK) {
    return NULL;
  }
  for (int i = 0; i < GT_CUDA_STAGED; i++) {
    const gt_cuda_staged *staged = &context->staged[i];
    if (bytes > 0 && staged->bytes == bytes && memcmp(ring->host + staged->at, host, bytes) == 0) {
      return (const void *)(ring->device + staged->at);
    }
  }
  const size_t at = reserve(call, bytes);
  if (call->status != GT_OK) {
    return NULL;
  }
  memcpy(ring->host + at, host, bytes);
  if (bytes > 0 &&
      !gt_cuda_check(call, context->device->driver.copy_in(ring->device + at, ring->host + at, bytes, context->stream),
                     "a copy to the device")) {
    return NULL;
  }
  context->staged[context->staged_next++ % GT_CUDA_STAGED] = (gt_cuda_staged){at, bytes};
  return (const void *)(ring->device + at);
}

void gt_cuda_copy_in(gt_cuda_call *call, void *device, const void *host, size_t bytes) {
  gt_context *context = call->context;
  gt_cuda_ring *ring = &context->ring;
  const char *from = host;
  CUdeviceptr to = (CUdeviceptr)device;
  while (bytes > 0 && call->status == GT_OK) {
    const size_t piece = bytes < ring->half_bytes ? bytes : ring->half_bytes;
    ring->turns = 0; /* nothing of an earlier piece is read where it was staged */
    const size_t at = reserve(call, piece);
    if (call->status != GT_OK) {
      return;
    }
    memcpy(ring->host + at, from, piece);
    gt_cuda_check(call, context->device->driver.copy_in(to, ring->host + at, piece, context->stream),
                  "a copy to the device");
    from += piece;
    to += piece;
    bytes -= piece;
  }
}

void gt_cuda_copy_out(gt_cuda_call *call, void *host, const void *device, size_t bytes) {
  gt_context *context = call->context;
  gt_cuda_ring *ring = &context->ring;
  char *to = host;
  CUdeviceptr from = (CUdeviceptr)device;
  gt_cuda_wait(call);
  if (call->status == GT_OK) { /* all of the ring is free */
    gt_cuda_ring_reset(context);
  }
  while (bytes > 0 && call->status == GT_OK) {
    const size_t whole = GT_CUDA_HALVES * ring->half_bytes;
    const size_t piece = bytes < whole ? bytes : whole;
    gt_cuda_check(call, context->device->driver.copy_out(ring->host, from, piece, context->stream),
                  "a copy from the device");
    gt_cuda_wait(call);
    if (call->status == GT_OK) {
      memcpy(to, ring->host, piece);
    }
    to += piece;
    from += piece;
    bytes -= piece;
  }
}
