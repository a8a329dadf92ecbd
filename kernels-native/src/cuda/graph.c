/*
 * A stretch of ops as one CUDA graph. The ops are captured anew each time, which costs the host little, and the graph
 * of the stretch before is updated to them: same kernels in the same order, other operands.
 */
#include "cuda/context.h"

gt_status gt_run_graph_begin(gt_context *fork, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(fork, "graph_begin", message, message_size);
  if (call.status == GT_OK && !fork->fork) {
    gt_cuda_fail(&call, GT_INVALID_ARGUMENT, "only a fork gathers ops: other threads use the context itself");
  }
  if (call.status == GT_OK && fork->capturing) {
    gt_cuda_fail(&call, GT_INVALID_ARGUMENT, "the stretch before was not ended");
  }
  gt_cuda_wait(&call); /* a stretch begins with an empty ring */
  if (call.status == GT_OK) {
    gt_cuda_ring_reset(fork);
    fork->capturing = gt_cuda_check(
        &call, fork->device->driver.capture_begin(fork->stream, CU_STREAM_CAPTURE_MODE_RELAXED), "beginning a graph");
  }
  return gt_cuda_end(&call);
}

static void submit(gt_cuda_call *call, CUgraph graph) {
  gt_context *context = call->context;
  const gt_cuda_driver *driver = &context->device->driver;
  CUgraphExecUpdateResultInfo info = {0};
  if (context->graph != NULL && driver->graph_update(context->graph, graph, &info) != CUDA_SUCCESS) {
    driver->graph_exec_destroy(context->graph); /* another sequence of ops */
    context->graph = NULL;
  }
  if (context->graph == NULL &&
      !gt_cuda_check(call, driver->graph_instantiate(&context->graph, graph, 0), "making a graph")) {
    context->graph = NULL;
    return;
  }
  gt_cuda_check(call, driver->graph_launch(context->graph, context->stream), "launching a graph");
}

void gt_cuda_end_capture(gt_cuda_call *call) {
  gt_context *context = call->context;
  if (!context->capturing) {
    return;
  }
  context->capturing = false;
  CUgraph graph = NULL;
  const CUresult result = context->device->driver.capture_end(context->stream, &graph);
  if (gt_cuda_check(call, result, "ending a graph") && graph != NULL) {
    submit(call, graph);
  }
  if (graph != NULL) {
    context->device->driver.graph_destroy(graph);
  }
}

gt_status gt_run_graph_end(gt_context *fork, char *message, size_t message_size) {
  gt_cuda_call call = gt_cuda_begin(fork, "graph_end", message, message_size);
  gt_cuda_end_capture(&call);
  return gt_cuda_end(&call);
}

void gt_cuda_drop_capture(gt_context *context) {
  CUgraph graph = NULL;
  if (context->capturing && context->device->driver.capture_end(context->stream, &graph) == CUDA_SUCCESS) {
    context->device->driver.graph_destroy(graph);
  }
  context->capturing = false;
}
