/*
 * Attention with bf16 products on q, k and v in fp32, also in blocks of a cache: copies that run while the tile before
 * is worked on bring K and V as they are, and the thread that copied them rounds them: that takes no barrier and no
 * registers. 8 warps have 16 rows each.
 */
#include "cuda/kernels/attention_mma.cuh"

template <int HEAD_DIMS>
struct att_shape : att_mma<HEAD_DIMS, 1, (HEAD_DIMS <= 128), true> {
  enum {
    TWO_STAGES = HEAD_DIMS <= 96, /* one for K and one for V; otherwise they take turns */
    STAGE = att_mma<HEAD_DIMS, 1, (HEAD_DIMS <= 128), true>::KEYS * HEAD_DIMS, /* floats */
  };
};

/* Keys from `key` on, as they come: fp32, each thread's four floats where it finds them again. */
template <int DIMS>
GT_DEVICE void fetch(float *stage, bool of_k, int32_t key, const gt_attention_args &args, const att_block &block) {
  const float *head = of_k ? (const float *)args.k + (int64_t)block.kv_head * args.head_dim
                           : (const float *)args.v + (int64_t)block.kv_head * args.v_head_dim;
  const int64_t stride = of_k ? args.k_stride : args.v_stride;
  const int64_t block_stride = of_k ? args.k_block_stride : args.v_block_stride;
  const int32_t dims = of_k ? args.head_dim : args.v_head_dim;
  const bool vectors = of_k ? args.k_vectors : args.v_vectors;
#pragma unroll 2
  for (int unit = threadIdx.x; unit < att_shape<DIMS>::STAGE / 4; unit += att_shape<DIMS>::THREADS) {
    const int32_t at = key + unit / (DIMS / 4);
    const bool exists = at >= block.tile.first_key && at < block.tile.end_key;
    const float *from = exists ? head + att_key_offset(args, block, at, stride, block_stride) : NULL;
    att_copy_four(stage + 4 * unit, from, unit % (DIMS / 4) * 4, dims, vectors);
  }
  gt_copy_commit();
}

/* What this thread fetched, as bf16. */
template <int DIMS>
GT_DEVICE void round_tile(uint16_t *tile, const float *stage) {
  gt_copy_wait<att_shape<DIMS>::TWO_STAGES ? 1 : 0>();
#pragma unroll 2
  for (int unit = threadIdx.x; unit < att_shape<DIMS>::STAGE / 4; unit += att_shape<DIMS>::THREADS) {
    const float4 four = *(const float4 *)(stage + 4 * unit);
    *(uint2 *)(tile + unit / (DIMS / 4) * att_shape<DIMS>::STRIDE + unit % (DIMS / 4) * 4) =
        make_uint2(gt_bf16x2(four.x, four.y), gt_bf16x2(four.z, four.w));
  }
}

/* The warp's rows of q: `memory` is [WARP_ROWS][STRIDE], free again after a barrier if operands are in registers. */
template <class S>
GT_DEVICE void load_queries(att_queries<S> &q, uint16_t *memory, const gt_attention_args &args, const att_block &block,
                            int first) {
#pragma unroll 2
  for (int unit = threadIdx.x % 32; unit < S::WARP_ROWS * S::DIMS / 4; unit += 32) {
    const int row = unit / (S::DIMS / 4);
    const int d = unit % (S::DIMS / 4) * 4;
    float4 four = make_float4(0, 0, 0, 0);
    if (first + row < block.tile.rows) {
      const float *from = att_q_row(args, block, first + row);
      if (args.q_vectors) {
        four = d < args.head_dim ? *(const float4 *)(from + d) : four;
      } else {
        four.x = d < args.head_dim ? from[d] : 0;
        four.y = d + 1 < args.head_dim ? from[d + 1] : 0;
        four.z = d + 2 < args.head_dim ? from[d + 2] : 0;
        four.w = d + 3 < args.head_dim ? from[d + 3] : 0;
      }
    }
    *(uint2 *)(memory + row * S::STRIDE + d) =
        make_uint2(att_signed(args, gt_bf16x2(four.x, four.y)), att_signed(args, gt_bf16x2(four.z, four.w)));
  }
  att_take_queries<S>(q, memory);
}

template <int DIMS>
GT_DEVICE void attend(const gt_attention_args &args, unsigned char *shared) {
  using shape = att_shape<DIMS>;
  const att_block block = att_block_of(args);
  att_row *rows = (att_row *)shared;
  float *k_stage = (float *)(rows + shape::ROWS);
  float *v_stage = k_stage + (shape::TWO_STAGES ? shape::STAGE : 0);
  uint16_t *k_tile = (uint16_t *)(v_stage + shape::STAGE);
  uint16_t *v_tile = k_tile + shape::TILE;

  int32_t key = att_first_tile(block);
  fetch<DIMS>(k_stage, true, key, args, block);
  if (shape::TWO_STAGES) {
    fetch<DIMS>(v_stage, false, key, args, block);
  }
  const int warp_row = (int)threadIdx.x / 32 * shape::WARP_ROWS;
  const att_span span = att_fill_warp_rows<shape>(args, block, rows, warp_row);
  att_queries<shape> q;
  /* Two tiles have at least as many rows as the block. */
  static_assert(!shape::Q_IN_REGISTERS || 2 * shape::KEYS >= (int)shape::ROWS, "room for q");
  load_queries<shape>(q, (shape::Q_IN_REGISTERS ? k_tile : v_tile + shape::TILE) + warp_row * shape::STRIDE, args,
                      block, warp_row);
  if (shape::Q_IN_REGISTERS) {
    gt_sync_block();
  }
  round_tile<DIMS>(k_tile, k_stage);
  fetch<DIMS>(k_stage, shape::TWO_STAGES, shape::TWO_STAGES ? key + shape::KEYS : key, args, block);
  gt_sync_block();

  const int row = warp_row + (int)threadIdx.x % 32 / 4;
  att_softmax<shape> softmax;
  att_start(softmax);
  float o[1][DIMS / 8][4] = {};
  while (key < block.tile.end_key) {
    const int32_t next = key + shape::KEYS;
    /* A warp behind the last row, or whose rows see nothing of this tile, only moves keys. */
    const bool works = warp_row < block.tile.rows && key < span.end_any && next > span.first_any;
    float s[1][shape::KEYS / 8][4];
    if (works) {
      att_scores<shape>(s, q, k_tile);
    }
    round_tile<DIMS>(v_tile, v_stage);
    fetch<DIMS>(v_stage, !shape::TWO_STAGES, next, args, block);
    if (works) {
      const bool masked = key < span.first_all || next > span.end_all;
      att_weigh_rows<shape>(args, s, o, softmax, rows + row, key, masked);
    }
    gt_sync_block(); /* V is there, K is done with */
    if (works) {
      att_add_values<shape>(o, s, v_tile);
    }
    round_tile<DIMS>(k_tile, k_stage);
    fetch<DIMS>(k_stage, shape::TWO_STAGES, shape::TWO_STAGES ? next + shape::KEYS : next, args, block);
    gt_sync_block(); /* the next K is there, V is done with */
    key = next;
  }
  if (warp_row < block.tile.rows) {
    att_store_rows<shape>(args, block, row, o, softmax);
  }
}

GT_KERNEL(attention_rounded_32) {
  GT_SHARED(shared);
  attend<32>(args, shared);
}

GT_KERNEL(attention_rounded_64) {
  GT_SHARED(shared);
  attend<64>(args, shared);
}

GT_KERNEL(attention_rounded_96) {
  GT_SHARED(shared);
  attend<96>(args, shared);
}

GT_KERNEL(attention_rounded_128) {
  GT_SHARED(shared);
  attend<128>(args, shared);
}

GT_KERNEL(attention_rounded_256) {
  GT_SHARED(shared);
  attend<256>(args, shared);
}
