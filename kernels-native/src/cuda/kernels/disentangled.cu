/*
 * Disentangled attention with the online softmax of flash attention. A block has 64 queries of one head and goes over
 * the keys of their sequence, 64 at a time. A thread has the scores of queries ty + 16 a and keys tx + 8 b (a < 4,
 * b < 8), whose distances are ty - tx + 8 (2 a - b): 14 different ones. So each position row it loads serves up to 4
 * scores, and no product is computed that isn't some pair's score.
 */
#include <math.h>

#include "cuda/kernels/rows.cuh"

namespace {

constexpr int TILE = GT_DISENTANGLED_TILE, CHUNK = GT_DISENTANGLED_CHUNK, STRIDE = GT_DISENTANGLED_CHUNK_STRIDE;
constexpr int SLICE = GT_DISENTANGLED_SLICE, WEIGHT_STRIDE = GT_DISENTANGLED_WEIGHT_STRIDE;
constexpr int THREADS = gt_threads_of_disentangled_attention_f32;
constexpr int A = 4, B = 8;                /* queries and keys of a thread */
constexpr int DISTANCES = 2 * (A - 1) + B; /* of a thread */
static_assert(16 * A == TILE && 8 * B == TILE && 8 * 16 == THREADS, "the tile is what its threads have");
static_assert(TILE * WEIGHT_STRIDE <= GT_DISENTANGLED_BUFFER && TILE * SLICE <= GT_DISENTANGLED_BUFFER, "both fit");

/* Rows of `width` floats (a multiple of 4), `stride` apart in shared memory. Row r comes from row(r), which must be a
 * row even where valid(r) is false; `count` floats of it are there. Zeros for what isn't. */
template <typename Row, typename Valid>
GT_DEVICE void copy_rows(float *to, int rows, int width, int stride, int count, bool vector, Row row, Valid valid) {
#pragma unroll 1
  for (int t = threadIdx.x; t < rows * (width / 4); t += THREADS) {
    const int r = t / (width / 4), c = t % (width / 4) * 4;
    const float *from = row(r);
    float *at = to + r * stride + c;
    if (vector) {
      const bool there = valid(r) && c < count;
      gt_copy_async_16(at, there ? from + c : from, there);
    } else {
      GT_UNROLL
      for (int e = 0; e < 4; e++) {
        const bool there = valid(r) && c + e < count;
        gt_copy_async_4(at + e, there ? from + c + e : from, there);
      }
    }
  }
}

GT_DEVICE float4 load(const float *shared) {
  return *reinterpret_cast<const float4 *>(shared);
}

GT_DEVICE float add_products(float sum, float4 a, float4 b) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

/* sums[a][b] += fixed[a or b] . position row of their distance. `rows` is the row of distance ty - tx - 56. */
template <bool OF_QUERIES, int N>
GT_DEVICE void add_positions(float sums[A][B], const float4 (&fixed)[N], const float *rows) {
  GT_UNROLL
  for (int m = 0; m < DISTANCES; m++) {
    const float4 row = load(rows + 8 * m * STRIDE);
    GT_UNROLL
    for (int a = 0; a < A; a++) {
      const int b = 2 * a + B - 1 - m;
      if (b >= 0 && b < B) {
        sums[a][b] = add_products(sums[a][b], fixed[OF_QUERIES ? a : b], row);
      }
    }
  }
}

/* scores += the products of one chunk of the head, summed apart first: chains stay short. */
GT_DEVICE void add_chunk(float scores[A][B], const float *chunks, int ty, int tx, bool with_k, bool with_q) {
  const float *queries = chunks + ty * STRIDE, *keys = chunks + (TILE + tx) * STRIDE;
  const float *rows_k = chunks + (2 * TILE + ty - tx + B - 1) * STRIDE, *rows_q = rows_k + 2 * TILE * STRIDE;
  float sums[A][B] = {};
#pragma unroll 1
  for (int d = 0; d < CHUNK; d += 4) {
    float4 q[A];
    GT_UNROLL
    for (int a = 0; a < A; a++) {
      q[a] = load(queries + 16 * a * STRIDE + d);
    }
    if (with_k) {
      add_positions<true>(sums, q, rows_k + d);
    }
    float4 k[B]; /* only now: registers are scarce */
    GT_UNROLL
    for (int b = 0; b < B; b++) {
      k[b] = load(keys + 8 * b * STRIDE + d);
    }
    GT_UNROLL
    for (int a = 0; a < A; a++) {
      GT_UNROLL
      for (int b = 0; b < B; b++) {
        sums[a][b] = add_products(sums[a][b], q[a], k[b]);
      }
    }
    if (with_q) {
      add_positions<false>(sums, k, rows_q + d);
    }
  }
  GT_UNROLL
  for (int a = 0; a < A; a++) {
    GT_UNROLL
    for (int b = 0; b < B; b++) {
      scores[a][b] += sums[a][b];
    }
  }
}

/* Over the eight threads that share a query. */
template <typename Merge>
GT_DEVICE float over_query(float v, Merge merge) {
  GT_UNROLL
  for (int mask = 1; mask < 8; mask *= 2) {
    v = merge(v, gt_shuffle_xor(v, mask));
  }
  return v;
}

struct softmax_state {
  float greatest[A];
  float sum[A];
};

/* Scores of `keys` keys (more don't count) become weights against the greatest score so far; `factor` is what earlier
 * sums are to be multiplied with. */
GT_DEVICE void to_weights(float scores[A][B], softmax_state *state, float factor[A], int tx, int keys, float scale) {
  GT_UNROLL
  for (int a = 0; a < A; a++) {
    float greatest = state->greatest[a];
    GT_UNROLL
    for (int b = 0; b < B; b++) {
      scores[a][b] = tx + 8 * b < keys ? scores[a][b] * scale : -INFINITY;
      greatest = fmaxf(greatest, scores[a][b]); /* without NaN, whose weight is NaN all the same */
    }
    greatest = over_query(greatest, [](float x, float y) { return fmaxf(x, y); });
    const float anchor = greatest == -INFINITY ? 0.0f : greatest;
    factor[a] = exp2f(state->greatest[a] - anchor);
    float sum = 0.0f;
    GT_UNROLL
    for (int b = 0; b < B; b++) {
      scores[a][b] = exp2f(scores[a][b] - anchor);
      sum += scores[a][b];
    }
    state->greatest[a] = greatest;
    state->sum[a] = fmaf(state->sum[a], factor[a], over_query(sum, [](float x, float y) { return x + y; }));
  }
}

/* out = factor * out + weights . v, the thread's columns being 4 tx and 4 tx + 32. */
GT_DEVICE void add_values(float out[A][8], const float factor[A], const float *weights, const float *values, int ty,
                          int tx) {
  float sums[A][8] = {};
#pragma unroll 1
  for (int j = 0; j < TILE; j += 4) {
    float w[A][4];
    GT_UNROLL
    for (int a = 0; a < A; a++) {
      const float4 four = load(weights + (ty + 16 * a) * WEIGHT_STRIDE + j);
      w[a][0] = four.x;
      w[a][1] = four.y;
      w[a][2] = four.z;
      w[a][3] = four.w;
    }
    GT_UNROLL
    for (int e = 0; e < 4; e++) {
      const float4 low = load(values + (j + e) * SLICE + 4 * tx), high = load(values + (j + e) * SLICE + 4 * tx + 32);
      GT_UNROLL
      for (int a = 0; a < A; a++) {
        sums[a][0] = fmaf(w[a][e], low.x, sums[a][0]);
        sums[a][1] = fmaf(w[a][e], low.y, sums[a][1]);
        sums[a][2] = fmaf(w[a][e], low.z, sums[a][2]);
        sums[a][3] = fmaf(w[a][e], low.w, sums[a][3]);
        sums[a][4] = fmaf(w[a][e], high.x, sums[a][4]);
        sums[a][5] = fmaf(w[a][e], high.y, sums[a][5]);
        sums[a][6] = fmaf(w[a][e], high.z, sums[a][6]);
        sums[a][7] = fmaf(w[a][e], high.w, sums[a][7]);
      }
    }
  }
  GT_UNROLL
  for (int a = 0; a < A; a++) {
    GT_UNROLL
    for (int c = 0; c < 8; c++) {
      out[a][c] = fmaf(out[a][c], factor[a], sums[a][c]);
    }
  }
}

}  // namespace

GT_KERNEL(disentangled_attention_f32) {
  GT_SHARED(smem);
  float *const buffers = reinterpret_cast<float *>(smem);
  int32_t *const rows = reinterpret_cast<int32_t *>(buffers + 2 * GT_DISENTANGLED_BUFFER);
  const int ty = threadIdx.x / 8, tx = threadIdx.x % 8;
  const gt_disentangled_tile tile = args.tiles[blockIdx.x % args.tile_count];
  const int32_t head = blockIdx.x / args.tile_count % args.num_heads;
  const int32_t slice = blockIdx.x / args.tile_count / args.num_heads * SLICE;
  const int64_t at = (int64_t)head * args.head_dim; /* of the head within a row */
  const float *const q = args.q + tile.begin * args.q_stride + at, *const k = args.k + tile.begin * args.k_stride + at;
  const float *const v = args.v + tile.begin * args.v_stride + at + slice;
  const int32_t last = tile.length - 1;

  softmax_state state;
  float out[A][8] = {};
  GT_UNROLL
  for (int a = 0; a < A; a++) {
    state.greatest[a] = -INFINITY;
    state.sum[a] = 0.0f;
  }
  for (int32_t first = 0; first < tile.length; first += TILE) {
    const auto key = [&](int r) { return first + r < last ? first + r : last; };
    const auto is_key = [&](int r) { return first + r <= last; };
    const auto always = [](int) { return true; };
    const auto copy_chunk = [&](int32_t c, float *to) {
      const int count = args.head_dim - c;
      copy_rows(
          to, TILE, CHUNK, STRIDE, count, args.vector,
          [&](int r) { return q + (tile.token + r < last ? tile.token + r : last) * args.q_stride + c; },
          [&](int r) { return tile.token + r <= last; });
      copy_rows(
          to + TILE * STRIDE, TILE, CHUNK, STRIDE, count, args.vector,
          [&](int r) { return k + key(r) * args.k_stride + c; }, is_key);
      if (args.position_k != nullptr) {
        copy_rows(
            to + 2 * TILE * STRIDE, 2 * TILE, CHUNK, STRIDE, count, args.vector,
            [&](int r) { return args.position_k + rows[r] * args.position_k_stride + at + c; }, always);
      }
      if (args.position_q != nullptr) {
        copy_rows(
            to + 4 * TILE * STRIDE, 2 * TILE, CHUNK, STRIDE, count, args.vector,
            [&](int r) { return args.position_q + rows[r] * args.position_q_stride + at + c; }, always);
      }
      gt_copy_commit();
    };
    /* The row of each distance of the tile, the least being that of its first query and last key. */
    const int64_t reach = args.max_distance, distance = (int64_t)tile.token - first - (TILE - 1) + threadIdx.x;
    rows[threadIdx.x] = args.position_index[(distance < -reach ? -reach : distance > reach ? reach : distance) + reach];
    gt_sync_block();
    float *now = buffers, *next = buffers + GT_DISENTANGLED_BUFFER;
    copy_chunk(0, now);
    float scores[A][B] = {};
#pragma unroll 1
    for (int32_t c = 0; c < args.head_dim; c += CHUNK) {
      gt_copy_wait<0>();
      gt_sync_block(); /* the chunk is there, and the one before it has been used */
      if (c + CHUNK < args.head_dim) {
        copy_chunk(c + CHUNK, next);
      } else {
        copy_rows(
            next, TILE, SLICE, SLICE, args.head_dim - slice, args.vector,
            [&](int r) { return v + key(r) * args.v_stride; }, is_key);
        gt_copy_commit();
      }
      add_chunk(scores, now, ty, tx, args.position_k != nullptr, args.position_q != nullptr);
      float *const used = now;
      now = next;
      next = used;
    }
    const float *const values = now;
    float *const weights = next;
    float factor[A];
    to_weights(scores, &state, factor, tx, tile.length - first, args.scale);
    gt_sync_block();
    GT_UNROLL
    for (int a = 0; a < A; a++) {
      GT_UNROLL
      for (int b = 0; b < B; b++) {
        weights[(ty + 16 * a) * WEIGHT_STRIDE + tx + 8 * b] = scores[a][b];
      }
    }
    gt_copy_wait<0>();
    gt_sync_block();
    add_values(out, factor, weights, values, ty, tx);
  }
  GT_UNROLL
  for (int a = 0; a < A; a++) {
    const int32_t token = tile.token + ty + 16 * a;
    if (token <= last) {
      const float factor = state.sum[a] == 0.0f ? 0.0f : 1.0f / state.sum[a];
      float *to = args.out + (tile.begin + (int64_t)token) * args.out_stride + at + slice;
      GT_UNROLL
      for (int c = 0; c < 8; c++) {
        out[a][c] *= factor;
      }
      gt_store_4(to + 4 * tx, out[a], args.head_dim - slice - 4 * tx, args.vector);
      gt_store_4(to + 4 * tx + 32, out[a] + 4, args.head_dim - slice - 4 * tx - 32, args.vector);
    }
  }
}
