/*
 * Attention on q, k and v in bf16, packed: a tile of K and one of V come straight from where they lie, K while softmax
 * and V are worked on, V while K is; two blocks of a multiprocessor fill each other's gaps. Four warps have 32 rows
 * each, so that what ldmatrix reads of K and V is multiplied twice: with 16 rows shared memory would set the pace. Of
 * heads of more than 128 dims the sums of 32 rows would take every register: eight warps have 16.
 */
#include "cuda/kernels/attention_mma.cuh"

template <int HEAD_DIMS, bool BIASED>
struct att_shape
    : att_mma<HEAD_DIMS, (HEAD_DIMS > 128 || (HEAD_DIMS > 64 && BIASED) ? 1 : 2), (HEAD_DIMS <= 64), BIASED> {
  enum { LANES = HEAD_DIMS % 64 == 0 ? 8 : 4 }; /* copy a row side by side */
};

/* k or v of the block's head, from its sequence's first key on. */
struct att_source {
  const uint16_t *head;
  int64_t stride;
  int32_t dims;
  bool vectors;
};

/* Keys from `key` on: zeros where there are none of this block, and behind a head's dims. */
template <class S>
GT_DEVICE void fetch(uint16_t *tile, const att_source &source, int32_t key, const att_block &block) {
  if (key >= block.tile.end_key) {
    return;
  }
  const uint32_t keys = (uint32_t)(block.tile.end_key - block.tile.first_key);
  if (!source.vectors) {
#pragma unroll 1 /* with more ptxas spills */
    for (int i = threadIdx.x; i < S::KEYS * S::DIMS; i += S::THREADS) {
      const int row = i / S::DIMS, d = i % S::DIMS;
      const bool exists = (uint32_t)(key + row - block.tile.first_key) < keys && d < source.dims;
      tile[row * S::STRIDE + d] = exists ? source.head[(int64_t)(key + row) * source.stride + d] : (uint16_t)0;
    }
    return;
  }
  const int row = (int)threadIdx.x / S::LANES, column = (int)threadIdx.x % S::LANES * 8;
  const uint16_t *from = source.head + (int64_t)(key + row) * source.stride + column;
  uint16_t *to = tile + row * S::STRIDE + column;
  GT_UNROLL
  for (int i = 0; i < S::KEYS; i += S::THREADS / S::LANES) {
    const bool exists = (uint32_t)(key + row + i - block.tile.first_key) < keys;
    GT_UNROLL
    for (int d = 0; d < S::DIMS; d += 8 * S::LANES) {
      gt_copy_async_16(to + i * S::STRIDE + d, from + d, exists && column + d < source.dims);
    }
    from += S::THREADS / S::LANES * source.stride;
  }
}

/* The warp's rows of q: `memory` is [WARP_ROWS][STRIDE]. */
template <class S>
GT_DEVICE void load_queries(att_queries<S> &q, uint16_t *memory, const gt_attention_args &args, const att_block &block,
                            const att_row *rows, int first) {
#pragma unroll 4
  for (int unit = threadIdx.x % 32; unit < S::WARP_ROWS * S::DIMS / 8; unit += 32) {
    const int row = unit / (S::DIMS / 8), d = unit % (S::DIMS / 8) * 8;
    const att_row &place = rows[first + row];
    const uint16_t *from = (const uint16_t *)args.q +
                           ((int64_t)block.tile.q_token + place.position - block.tile.position) * args.q_stride +
                           (int64_t)place.head * args.head_dim + d;
    uint4 eight = make_uint4(0, 0, 0, 0);
    if (args.q_vectors) {
      if (d < args.head_dim) {
        eight = *(const uint4 *)from;
      }
    } else {
      uint32_t words[4];
      GT_UNROLL
      for (int i = 0; i < 4; i++) {
        words[i] = d + 2 * i < args.head_dim ? from[2 * i] : 0u;
        words[i] |= d + 2 * i + 1 < args.head_dim ? (uint32_t)from[2 * i + 1] << 16 : 0u;
      }
      eight = make_uint4(words[0], words[1], words[2], words[3]);
    }
    *(uint4 *)(memory + row * S::STRIDE + d) = make_uint4(att_signed(args, eight.x), att_signed(args, eight.y),
                                                          att_signed(args, eight.z), att_signed(args, eight.w));
  }
  att_take_queries<S>(q, memory);
}

/* The warp's rows in bf16, by way of what q, which all lanes read together, leaves free, so that stores are of 16
 * bytes. */
template <class S>
GT_DEVICE void store_bf16(const gt_attention_args &args, const att_block &block, const att_row *rows, int first,
                          uint16_t *memory, const float (*o)[S::DIMS / 8][4], const att_softmax<S> &softmax) {
  const int lane = threadIdx.x % 32;
  GT_UNROLL
  for (int g = 0; g < S::GROUPS; g++) {
    GT_UNROLL
    for (int half = 0; half < 2; half++) {
      const float factor = att_factor(att_sum_of_row(softmax.sum[g][half]));
      uint16_t *to = memory + (16 * g + 8 * half + lane / 4) * S::STRIDE + lane % 4 * 2;
      GT_UNROLL
      for (int n = 0; n < S::DIMS / 8; n++) {
        *(uint32_t *)(to + 8 * n) =
            gt_bf16x2(att_scaled(o[g][n][2 * half], factor), att_scaled(o[g][n][2 * half + 1], factor));
      }
    }
  }
  gt_sync_warp();
#pragma unroll 4
  for (int unit = lane; unit < S::WARP_ROWS * S::DIMS / 8; unit += 32) {
    const int row = unit / (S::DIMS / 8), d = unit % (S::DIMS / 8) * 8;
    if (first + row < block.tile.rows && d < args.v_head_dim) {
      const att_row &place = rows[first + row];
      const uint16_t *from = memory + row * S::STRIDE + d;
      uint16_t *to = (uint16_t *)args.out +
                     ((int64_t)block.tile.q_token + place.position - block.tile.position) * args.out_stride +
                     (int64_t)place.head * args.v_head_dim + d;
      if (args.out_vectors) {
        *(uint4 *)to = *(const uint4 *)from;
      } else {
        GT_UNROLL
        for (int i = 0; i < 8; i++) {
          if (d + i < args.v_head_dim) {
            to[i] = from[i];
          }
        }
      }
    }
  }
}

template <int DIMS, bool BIASED>
GT_DEVICE void attend(const gt_attention_args &args, unsigned char *shared) {
  using shape = att_shape<DIMS, BIASED>;
  const att_block block = att_block_of(args);
  att_row *rows = (att_row *)shared;
  uint16_t *const q_rows = (uint16_t *)(rows + shape::ROWS);
  uint16_t *const k_tile = q_rows + shape::ROWS * shape::STRIDE, *const v_tile = k_tile + shape::TILE;
  const att_source k = {(const uint16_t *)args.k + block.tile.kv_begin * args.k_stride + block.kv_head * args.head_dim,
                        args.k_stride, args.head_dim, args.k_vectors != 0};
  const att_source v = {
      (const uint16_t *)args.v + block.tile.kv_begin * args.v_stride + block.kv_head * args.v_head_dim, args.v_stride,
      args.v_head_dim, args.v_vectors != 0};

  int32_t key = att_first_tile(block);
  fetch<shape>(k_tile, k, key, block);
  gt_copy_commit();
  const int warp_row = (int)threadIdx.x / 32 * shape::WARP_ROWS;
  uint16_t *const warp_q = q_rows + warp_row * shape::STRIDE;
  const att_span span = att_fill_warp_rows<shape>(args, block, rows, warp_row);
  att_queries<shape> q;
  load_queries<shape>(q, warp_q, args, block, rows, warp_row);
  const int row = warp_row + (int)threadIdx.x % 32 / 4;
  att_softmax<shape> softmax;
  att_start(softmax);
  float o[shape::GROUPS][DIMS / 8][4] = {};
  for (; key < block.tile.end_key; key += shape::KEYS) {
    /* A warp behind the last row, or whose rows see nothing of this tile, only moves keys. */
    const bool works = warp_row < block.tile.rows && key < span.end_any && key + shape::KEYS > span.first_any;
    float s[shape::GROUPS][shape::KEYS / 8][4];
    gt_copy_wait<0>();
    gt_sync_block(); /* K is there, and the V before is done with */
    fetch<shape>(v_tile, v, key, block);
    gt_copy_commit();
    if (works) {
      att_scores<shape>(s, q, k_tile);
    }
    gt_copy_wait<0>();
    gt_sync_block(); /* V is there, and K is done with */
    fetch<shape>(k_tile, k, key + shape::KEYS, block);
    gt_copy_commit();
    if (works) {
      const bool masked = key < span.first_all || key + shape::KEYS > span.end_all;
      att_weigh_rows<shape>(args, s, o, softmax, rows + row, key, masked);
      att_add_values<shape>(o, s, v_tile);
    }
  }
  if (warp_row < block.tile.rows) {
    if (args.out_bf16) {
      store_bf16<shape>(args, block, rows, warp_row, warp_q, o, softmax);
    } else {
      att_store_rows<shape>(args, block, row, o, softmax);
    }
  }
}

GT_KERNEL(attention_bf16_32) {
  GT_SHARED(shared);
  attend<32, true>(args, shared);
}

GT_KERNEL(attention_bf16_64) {
  GT_SHARED(shared);
  attend<64, true>(args, shared);
}

GT_KERNEL(attention_bf16_128) {
  GT_SHARED(shared);
  attend<128, false>(args, shared);
}

GT_KERNEL(attention_bf16_128_biased) {
  GT_SHARED(shared);
  attend<128, true>(args, shared);
}

GT_KERNEL(attention_bf16_256) {
  GT_SHARED(shared);
  attend<256, true>(args, shared);
}
