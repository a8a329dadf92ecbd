/* Collectives of a warp, with the fragments as the PTX manual draws them: lane = 4 g + t. */
#include "shim_races.h"
#include "shim_state.h"

namespace gt_shim {

uint32_t shuffle(uint32_t value, int source) {
  thread *self = now.current;
  if (source < 0 || source >= (int)WARP) {
    fault("shuffles from lane %d", source);
  }
  self->value = value;
  self->source = source;
  arrive(SHUFFLE);
  return self->value;
}

static void perform_shuffle(thread *warp) {
  uint32_t values[WARP];
  for (unsigned i = 0; i < WARP; i++) {
    values[i] = warp[i].value;
  }
  for (unsigned i = 0; i < WARP; i++) {
    warp[i].value = values[warp[i].source];
  }
}

/* A row is read when its lane comes, which may be before others have written it: load_matrix is no sync_warp. */
static void arrive_load_matrix(uint32_t *r, const void *shared, stop which) {
  races_access(shared, 16, false);
  memcpy(now.current->row, shared, 16);
  now.current->r = r;
  arrive(which);
}

void load_matrix(uint32_t *r, const void *shared) {
  check_shared("load_matrix", shared, 16);
  arrive_load_matrix(r, shared, LOAD_MATRIX);
}

void load_matrix_trans(uint32_t *r, const void *shared) {
  check_shared("load_matrix_trans", shared, 16);
  arrive_load_matrix(r, shared, LOAD_MATRIX_TRANS);
}

/* Lanes 8 m to 8 m + 7 gave the rows of matrix m, whose elements 2 t and 2 t + 1 of row g go to r[m] of lane 4 g + t.
 */
static void perform_load_matrix(thread *warp, bool transposed) {
  for (unsigned m = 0; m < 4; m++) {
    uint16_t matrix[8][8];
    for (unsigned row = 0; row < 8; row++) {
      memcpy(matrix[row], warp[8 * m + row].row, 16);
    }
    for (unsigned lane = 0; lane < WARP; lane++) {
      unsigned g = lane / 4, t = lane % 4;
      uint32_t low = transposed ? matrix[2 * t][g] : matrix[g][2 * t];
      uint32_t high = transposed ? matrix[2 * t + 1][g] : matrix[g][2 * t + 1];
      warp[lane].r[m] = low | high << 16;
    }
  }
}

static void arrive_mma(float *d, const uint32_t *a, const uint32_t *b, stop which) {
  now.current->d = d;
  now.current->a = a;
  now.current->b = b;
  arrive(which);
}

void mma_bf16(float *d, const uint32_t *a, const uint32_t *b) {
  arrive_mma(d, a, b, MMA_BF16);
}

void mma_tf32(float *d, const uint32_t *a, const uint32_t *b) {
  arrive_mma(d, a, b, MMA_TF32);
}

/* d[16, 8] += a[16, K] b[K, 8]; lane 4 g + t holds d[g, 2 t + {0, 1}] and d[g + 8, 2 t + {0, 1}]. */
template <unsigned K>
static void multiply(thread *warp, const float (*a)[K], const float (*b)[8]) {
  for (unsigned g = 0; g < 8; g++) {
    float upper[8], lower[8];
    for (unsigned t = 0; t < 4; t++) {
      memcpy(&upper[2 * t], &warp[4 * g + t].d[0], 8);
      memcpy(&lower[2 * t], &warp[4 * g + t].d[2], 8);
    }
    for (unsigned k = 0; k < K; k++) {
      for (unsigned n = 0; n < 8; n++) {
        upper[n] = fmaf(a[g][k], b[k][n], upper[n]);
        lower[n] = fmaf(a[g + 8][k], b[k][n], lower[n]);
      }
    }
    for (unsigned t = 0; t < 4; t++) {
      memcpy(&warp[4 * g + t].d[0], &upper[2 * t], 8);
      memcpy(&warp[4 * g + t].d[2], &lower[2 * t], 8);
    }
  }
}

static void unpack(uint32_t pair, float *first, float *second) {
  *first = bits_as<float>(pair << 16);
  *second = bits_as<float>(pair & 0xffff0000u);
}

/* a[0]: row g, columns 2 t + {0, 1}; a[1]: row g + 8; a[2], a[3]: columns + 8. b: column g, rows as the columns of a.
 */
static void perform_mma_bf16(thread *warp) {
  float a[16][16], b[16][8];
  for (unsigned lane = 0; lane < WARP; lane++) {
    unsigned g = lane / 4, t = lane % 4;
    const uint32_t *from = warp[lane].a;
    for (unsigned i = 0; i < 4; i++) {
      float *to = &a[g + i % 2 * 8][2 * t + i / 2 * 8];
      unpack(from[i], to, to + 1);
    }
    unpack(warp[lane].b[0], &b[2 * t][g], &b[2 * t + 1][g]);
    unpack(warp[lane].b[1], &b[2 * t + 8][g], &b[2 * t + 9][g]);
  }
  multiply<16>(warp, a, b);
}

/* As bf16 with one column t instead of two, and 4 columns further instead of 8. The lower 13 bits are ignored. */
static void perform_mma_tf32(thread *warp) {
  float a[16][8], b[8][8];
  for (unsigned lane = 0; lane < WARP; lane++) {
    unsigned g = lane / 4, t = lane % 4;
    for (unsigned i = 0; i < 4; i++) {
      a[g + i % 2 * 8][t + i / 2 * 4] = bits_as<float>(warp[lane].a[i] & 0xffffe000u);
    }
    b[t][g] = bits_as<float>(warp[lane].b[0] & 0xffffe000u);
    b[t + 4][g] = bits_as<float>(warp[lane].b[1] & 0xffffe000u);
  }
  multiply<8>(warp, a, b);
}

void perform(thread *warp) {
  switch (warp->stop) {
    case SHUFFLE:
      return perform_shuffle(warp);
    case LOAD_MATRIX:
      return perform_load_matrix(warp, false);
    case LOAD_MATRIX_TRANS:
      return perform_load_matrix(warp, true);
    case MMA_BF16:
      return perform_mma_bf16(warp);
    case MMA_TF32:
      return perform_mma_tf32(warp);
    default:
      return;
  }
}

}  // namespace gt_shim
