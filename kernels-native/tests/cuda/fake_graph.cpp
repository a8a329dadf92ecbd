/* Captures and graphs: lists of what a stream would have been given. */
#include "fake_driver.h"

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  ENTER
  if (call.context->streams.count(stream) == 0 || stream->capture != nullptr) {
    return call.refuse(CUDA_ERROR_ILLEGAL_STATE, "no stream, or captured already");
  }
  stream->capture.reset(new fake_capture{mode, pthread_self(), false, {}});
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  ENTER
  *graph = nullptr;
  if (call.context->streams.count(stream) == 0 || stream->capture == nullptr) {
    return call.refuse(CUDA_ERROR_ILLEGAL_STATE, "the stream isn't captured");
  }
  if (stream->capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      !pthread_equal(stream->capture->thread, pthread_self())) {
    return call.refuse(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "another thread began the capture");
  }
  std::unique_ptr<fake_capture> capture = std::move(stream->capture);
  if (capture->invalid) {
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  }
  std::unique_ptr<CUgraph_st> made(new CUgraph_st{call.context, std::move(capture->nodes)});
  *graph = made.get();
  call.context->graphs[*graph] = std::move(made);
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  ENTER
  if (call.context->graphs.count(graph) == 0) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "no such graph");
  }
  std::unique_ptr<CUgraphExec_st> made(new CUgraphExec_st{call.context, graph->nodes});
  *executable = made.get();
  call.context->executables[*executable] = std::move(made);
  return CUDA_SUCCESS;
}

static CUgraphExecUpdateResult compare(const operations &before, const operations &after) {
  if (before.size() != after.size()) {
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  }
  for (size_t i = 0; i < before.size(); i++) {
    if (before[i].kind != after[i].kind) {
      return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    }
    if (before[i].kernel != after[i].kernel) {
      return CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE;
    }
  }
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

CUresult cuGraphExecUpdate_v2(CUgraphExec executable, CUgraph graph, CUgraphExecUpdateResultInfo *info) {
  ENTER
  if (call.context->executables.count(executable) == 0 || call.context->graphs.count(graph) == 0) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "no such graph");
  }
  *info = {compare(executable->nodes, graph->nodes), nullptr, nullptr};
  if (info->result != CU_GRAPH_EXEC_UPDATE_SUCCESS) {
    return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
  }
  executable->nodes = graph->nodes;
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  ENTER
  if (call.context->executables.count(executable) == 0) {
    return call.refuse(CUDA_ERROR_INVALID_VALUE, "no such graph");
  }
  if (call.context->streams.count(stream) != 0 && stream->capture != nullptr) {
    stream->capture->invalid = true;
    return call.refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "graphs in graphs aren't known here");
  }
  for (const operation &node : executable->nodes) {
    CUresult status = submit(call, stream, operation(node));
    if (status != CUDA_SUCCESS) {
      return status;
    }
  }
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph) {
  ENTER
  return call.context->graphs.erase(graph) != 0 ? CUDA_SUCCESS : call.refuse(CUDA_ERROR_INVALID_VALUE, "no such graph");
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  ENTER
  return call.context->executables.erase(executable) != 0 ? CUDA_SUCCESS
                                                          : call.refuse(CUDA_ERROR_INVALID_VALUE, "no such graph");
}
