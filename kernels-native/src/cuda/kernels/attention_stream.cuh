/*
 * K and V of a block's keys as a stream of chunks through shared memory, in fp32: for each tile of keys first K, then
 * V, each cut along the head into chunks of ATT_KEYS keys x DIMS dims. So shared memory and the registers of a step
 * depend on no head size, and zeros fill up whatever a tile or a head lacks. A chunk is [ATT_KEYS][DIMS + 4] floats:
 * 16-byte reads of neighbouring keys meet in no bank.
 */
#ifndef GT_ATTENTION_STREAM_CUH
#define GT_ATTENTION_STREAM_CUH

#include "cuda/kernels/attention_tile.cuh"

enum { ATT_STREAM_THREADS = 128 };

/* to[ROWS][DIMS] = row r from `row_of(r)` (NULL: zeros), from `first` on; zeros from `dims` on. */
template <int ROWS, int DIMS, typename RowOf>
GT_DEVICE void att_copy_rows(float *to, int to_stride, int32_t first, int32_t dims, bool vectors, RowOf row_of) {
#pragma unroll 2
  for (int unit = threadIdx.x; unit < ROWS * DIMS / 4; unit += ATT_STREAM_THREADS) {
    const int row = unit / (DIMS / 4);
    const int d = unit % (DIMS / 4) * 4;
    att_copy_four(to + row * to_stride + d, row_of(row), first + d, dims, vectors);
  }
}

/* The block's rows of q, whole: [ROWS][stride]. */
template <int ROWS, int DIMS>
GT_DEVICE void att_copy_queries(float *to, int stride, const gt_attention_args &args, const att_block &block) {
  for (int32_t first = 0; first < args.head_dim; first += DIMS) {
    att_copy_rows<ROWS, DIMS>(to + first, stride, first, args.head_dim, args.q_vectors, [&](int row) -> const float * {
      return row < block.tile.rows ? att_q_row(args, block, row) : NULL;
    });
  }
}

template <int DIMS, int STAGES>
struct att_stream {
  enum { STRIDE = DIMS + 4, CHUNK = ATT_KEYS * STRIDE };

  float *stages; /* [STAGES][CHUNK] */
  int32_t k_chunks, v_chunks;
  int32_t key, chunk; /* fetched next */
  int fetched, taken; /* the stages of the next fetch and take */
};

template <int DIMS, int STAGES>
GT_DEVICE void att_fetch_chunk(att_stream<DIMS, STAGES> &stream, const gt_attention_args &args,
                               const att_block &block) {
  const gt_attention_tile &tile = block.tile;
  if (stream.key < tile.end_key) {
    const bool of_k = stream.chunk < stream.k_chunks;
    const int64_t stride = of_k ? args.k_stride : args.v_stride;
    const int64_t block_stride = of_k ? args.k_block_stride : args.v_block_stride;
    const float *head = of_k ? (const float *)args.k + (int64_t)block.kv_head * args.head_dim
                             : (const float *)args.v + (int64_t)block.kv_head * args.v_head_dim + block.v_first;
    const int32_t first = (of_k ? stream.chunk : stream.chunk - stream.k_chunks) * DIMS;
    const int32_t dims = of_k ? args.head_dim : block.v_dims;
    const bool vectors = of_k ? args.k_vectors : args.v_vectors;
    float *to = stream.stages + stream.fetched * stream.CHUNK;
    att_copy_rows<ATT_KEYS, DIMS>(to, stream.STRIDE, first, dims, vectors, [&](int row) -> const float * {
      const int32_t key = stream.key + row;
      const bool exists = key >= tile.first_key && key < tile.end_key;
      return exists ? head + att_key_offset(args, block, key, stride, block_stride) : NULL;
    });
    stream.fetched = stream.fetched + 1 == STAGES ? 0 : stream.fetched + 1;
    stream.chunk++;
    if (stream.chunk == stream.k_chunks + stream.v_chunks) {
      stream.chunk = 0;
      stream.key += ATT_KEYS;
    }
  }
  gt_copy_commit();
}

/* What was copied before is there too when the first chunk is. */
template <int DIMS, int STAGES>
GT_DEVICE void att_start(att_stream<DIMS, STAGES> &stream, float *stages, const gt_attention_args &args,
                         const att_block &block) {
  stream.stages = stages;
  stream.k_chunks = (args.head_dim + DIMS - 1) / DIMS;
  stream.v_chunks = (block.v_dims + DIMS - 1) / DIMS;
  stream.key = att_first_tile(block);
  stream.chunk = 0;
  stream.fetched = 0;
  stream.taken = 0;
  for (int i = 0; i < STAGES - 1; i++) {
    att_fetch_chunk(stream, args, block);
  }
}

/* The next chunk. All threads of the block come here together and are done with the one before. */
template <int DIMS, int STAGES>
GT_DEVICE const float *att_take(att_stream<DIMS, STAGES> &stream, const gt_attention_args &args,
                                const att_block &block) {
  gt_copy_wait<STAGES - 2>();
  gt_sync_block();
  att_fetch_chunk(stream, args, block);
  const float *chunk = stream.stages + stream.taken * stream.CHUNK;
  stream.taken = stream.taken + 1 == STAGES ? 0 : stream.taken + 1;
  return chunk;
}

GT_DEVICE float att_dot(float4 a, float4 b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

#endif
