/* What every attention kernel is made of: which rows and keys a block works on, who sees what, where a key lies. */
#ifndef GT_ATTENTION_TILE_CUH
#define GT_ATTENTION_TILE_CUH

#include "cuda/kernels/kernel.cuh"

enum { ATT_KEYS = GT_ATTENTION_KEYS };

/* One row of a block. It sees keys [first, end) of the block's. */
struct att_row {
  int32_t first, end;
  int32_t position; /* on the scale of the keys */
  int32_t head;     /* query head */
};

struct att_block {
  gt_attention_tile tile;
  int32_t kv_head;
  int32_t v_first, v_dims; /* of the head's v and out */
};

GT_DEVICE att_block att_block_of(const gt_attention_args &args) {
  const uint32_t parts = (uint32_t)(args.kv_heads * args.v_parts);
  const uint32_t part = blockIdx.x % parts;
  att_block block;
  block.tile = args.tiles[blockIdx.x / parts];
  block.kv_head = (int32_t)(part / (uint32_t)args.v_parts);
  block.v_first = (int32_t)(part % (uint32_t)args.v_parts) * GT_ATTENTION_V_DIMS;
  const int32_t left = args.v_head_dim - block.v_first;
  block.v_dims = left < GT_ATTENTION_V_DIMS ? left : (int32_t)GT_ATTENTION_V_DIMS;
  return block;
}

/* Where a row of the block stands. */
struct att_place {
  int32_t token; /* from the block's first on */
  int32_t head;  /* query head */
};

GT_DEVICE att_place att_place_of(const gt_attention_args &args, const att_block &block, int32_t row) {
  const int32_t at = block.tile.group_head + row;
  const int32_t token = at / args.group;
  return {token, block.kv_head * args.group + at - token * args.group};
}

/* The definition of causal and of sliding_window (gatun.h), cut to the block's keys. In 64 bits: a window may be as
 * wide as an int32_t. */
GT_DEVICE att_row att_row_of(const gt_attention_args &args, const att_block &block, int32_t row) {
  const gt_attention_tile &tile = block.tile;
  const att_place place = att_place_of(args, block, row);
  att_row r;
  r.head = place.head;
  r.position = tile.position + place.token;
  r.first = tile.first_key;
  r.end = tile.end_key;
  const int64_t window = args.sliding_window;
  if (args.causal || window > 0) {
    const int64_t end = (int64_t)r.position + 1 + (args.causal ? 0 : window);
    r.end = end < r.end ? (int32_t)(end < 0 ? 0 : end) : r.end;
  }
  if (window > 0) {
    const int64_t first = (int64_t)r.position - window + (args.causal ? 1 : 0);
    r.first = first > r.first ? (int32_t)first : r.first;
  }
  return r;
}

/* rows[count]: those behind the block's last are like it, and nobody stores them. */
GT_DEVICE void att_fill_rows(const gt_attention_args &args, const att_block &block, att_row *rows, int count) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    rows[i] = att_row_of(args, block, i < block.tile.rows ? i : block.tile.rows - 1);
  }
}

/* The first key of the block's first tile. Tiles lie at the same keys for every row of a sequence, whoever is in the
 * block with it: tiles that it sees nothing of leave it as it is, bit for bit. */
GT_DEVICE int32_t att_first_tile(const att_block &block) {
  return block.tile.first_key / ATT_KEYS * ATT_KEYS;
}

/* Are there rows (of this block: neither bound falls from one to the next) that don't see all of these keys? */
GT_DEVICE bool att_needs_mask(const att_block &block, const att_row *rows, int32_t key, int32_t keys) {
  return key < rows[block.tile.rows - 1].first || key + keys > rows[0].end;
}

GT_DEVICE bool att_sees(const att_row &row, int32_t key) {
  return key >= row.first && key < row.end;
}

/* What distance_bias adds to a score, in units of ln 2. */
GT_DEVICE float att_bias(const gt_attention_args &args, const att_row &row, int32_t key) {
  const int32_t reach = args.bias_distance;
  int32_t distance = key - row.position;
  distance = distance < -reach ? -reach : distance > reach ? reach : distance;
  return args.distance_bias[row.head * (2 * (int64_t)reach + 1) + reach + distance] * 1.44269504f;
}

/* Elements from k or v to a token's row: packed or in blocks. Only of keys that exist: block_table has no others. */
GT_DEVICE int64_t att_key_offset(const gt_attention_args &args, const att_block &block, int32_t key, int64_t stride,
                                 int64_t block_stride) {
  if (args.block_table == NULL) {
    return ((int64_t)block.tile.kv_begin + key) * stride;
  }
  const int32_t index = args.block_shift >= 0 ? key >> args.block_shift : key / args.block_size;
  const int64_t entry = (int64_t)block.tile.sequence * args.blocks_per_sequence + index;
  return args.block_table[entry] * block_stride + (int64_t)(key - index * args.block_size) * stride;
}

GT_DEVICE const float *att_q_row(const gt_attention_args &args, const att_block &block, int32_t row) {
  const att_place place = att_place_of(args, block, row);
  return (const float *)args.q + ((int64_t)block.tile.q_token + place.token) * args.q_stride +
         (int64_t)place.head * args.head_dim;
}

/* to[4] = from[first ...], asynchronously; zeros from `dims` on and where `from` is NULL. */
GT_DEVICE void att_copy_four(float *to, const float *from, int32_t first, int32_t dims, bool vectors) {
  if (vectors) {
    const bool valid = from != NULL && first < dims;
    gt_copy_async_16(to, valid ? from + first : NULL, valid);
  } else {
    GT_UNROLL
    for (int i = 0; i < 4; i++) {
      const bool valid = from != NULL && first + i < dims;
      gt_copy_async_4(to + i, valid ? from + first + i : NULL, valid);
    }
  }
}

/* exp2(score - anchor) where the greatest score so far is `greatest`: of nothing but -infinity zeros, not NaN. */
GT_DEVICE float att_anchor(float greatest) {
  return greatest == -INFINITY ? 0 : greatest;
}

/* From sums of exp2(score - anchor) v to out: zeros where nothing was seen, or only -infinity, of whatever values. */
GT_DEVICE float att_factor(float sum) {
  return sum == 0 ? 0 : 1 / sum;
}

GT_DEVICE float att_scaled(float value, float factor) {
  return factor == 0 ? 0 : value * factor;
}

/* Where a row's sums of exp2(score - anchor) v go, from v_first on, and what they are multiplied by: to `out` as
 * quotients, zeros of a row that saw nothing, or to a partial row as they are. */
struct att_result {
  float *to;
  uint16_t *to_bf16; /* or NULL: `to` */
  float factor;
};

/* `at` elements on in `out`. */
GT_DEVICE att_result att_out(void *out, bool bf16, int64_t at, float sum) {
  return {(float *)out + at, bf16 ? (uint16_t *)out + at : NULL, att_factor(sum)};
}

GT_DEVICE void att_store(const att_result &result, int32_t d, float value) {
  const float scaled = att_scaled(value, result.factor);
  if (result.to_bf16 != NULL) {
    result.to_bf16[d] = (uint16_t)gt_bf16x2(scaled, 0);
  } else {
    result.to[d] = scaled;
  }
}

/* Notes `greatest` and `sum` of a partial row, if this thread is the one to do it. */
GT_DEVICE att_result att_result_of(const gt_attention_args &args, const att_block &block, int32_t row, float greatest,
                                   float sum, bool notes) {
  const gt_attention_tile &tile = block.tile;
  if (tile.partial < 0) {
    const att_place place = att_place_of(args, block, row);
    const int64_t token = (int64_t)tile.q_token + place.token;
    return att_out(args.out, args.out_bf16,
                   token * args.out_stride + (int64_t)place.head * args.v_head_dim + block.v_first, sum);
  }
  const int64_t partial = tile.partial + (int64_t)block.kv_head * tile.rows + row;
  if (notes && block.v_first == 0) {
    args.partial_stats[2 * partial] = greatest;
    args.partial_stats[2 * partial + 1] = sum;
  }
  return {args.partial_v + partial * args.v_head_dim + block.v_first, NULL, 1};
}

#endif
