// Small matrix kernels: bf16 pairs in, f32 out (AVX-512 BF16), with a portable fallback.
#pragma once
#include <cstdint>
#include <cstring>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>
typedef uint32_t u32;
typedef uint16_t u16;

// A pair holds two neighbours along the summed dimension: low half first.
static inline __m512 dot_pair(__m512 acc, __m512i a, __m512i b) {
#ifdef __AVX512BF16__
  return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
#else
  const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
  acc = _mm512_fmadd_ps((__m512)_mm512_slli_epi32(a, 16), (__m512)_mm512_slli_epi32(b, 16), acc);
  return _mm512_fmadd_ps((__m512)_mm512_and_si512(a, high), (__m512)_mm512_and_si512(b, high), acc);
#endif
}

static inline __m256i to_bf16(__m512 x) {
#ifdef __AVX512BF16__
  return (__m256i)_mm512_cvtneps_pbh(x);
#else
  __m512i v = (__m512i)x, odd = _mm512_and_si512(_mm512_srli_epi32(v, 16), _mm512_set1_epi32(1));
  v = _mm512_add_epi32(v, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(v, 16));
#endif
}
static inline __m512 load_bf16(const u16 *p) {
  return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16);
}
static inline void store_bf16(u16 *p, __m512 x) { _mm256_storeu_si256((__m256i *)p, to_bf16(x)); }

/** exp with a relative error near 1e-7; -87 and below give about 0. */
static inline __m512 exp512(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
  __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 8);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.9875691500e-4f);
  for (float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  p = _mm512_add_ps(_mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r), _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, n);
}

template <int ROWS>
static inline void tile(int pairs, const u32 *a, long lda, const u32 *b, float *c, long ldc, bool add) {
  __m512 s[ROWS][2];
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) s[i][0] = s[i][1] = _mm512_setzero_ps();
  for (int k = 0; k < pairs; k++) {
    const __m512i b0 = _mm512_loadu_si512(b + k * 32), b1 = _mm512_loadu_si512(b + k * 32 + 16);
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++) {
      const __m512i x = _mm512_set1_epi32((int)a[i * lda + k]);
      s[i][0] = dot_pair(s[i][0], x, b0);
      s[i][1] = dot_pair(s[i][1], x, b1);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) {
    float *o = c + i * ldc;
    if (add) {
      s[i][0] = _mm512_add_ps(s[i][0], _mm512_loadu_ps(o));
      s[i][1] = _mm512_add_ps(s[i][1], _mm512_loadu_ps(o + 16));
    }
    _mm512_storeu_ps(o, s[i][0]);
    _mm512_storeu_ps(o + 16, s[i][1]);
  }
}

#ifdef __AMX_BF16__
/** GCC's tile intrinsics do not say which memory they read and write: what comes before is stored here, what comes after loads anew. */
static inline void settle_memory() { __asm__ volatile("" ::: "memory"); }

/** Whether this thread may use the tile unit (AMX): the kernel grants its state once per process; each thread sets its tiles. */
static bool tiles_ready() {
  static const bool granted = syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */) == 0;
  thread_local bool set = false;
  if (granted && !set) {
    alignas(64) struct { uint8_t palette, start, reserved[14]; uint16_t bytes[16]; uint8_t rows[16]; } all = {1, 0, {}, {}, {}};
    for (int t = 0; t < 8; t++) all.bytes[t] = 64, all.rows[t] = 16;
    settle_memory();
    _tile_loadconfig(&all);
    set = true;
  }
  return granted;
}

/** As `panel`, for as many rows as whole tiles of 16 hold; returns that number. Pairs must be a multiple of 16. */
static int tiled_panel(int rows, int pairs, const u32 *a, long lda, const u32 *b, float *c, long ldc, bool add) {
  int i = 0;
  settle_memory();
  for (; i + 32 <= rows; i += 32) {
    const u32 *x = a + i * lda, *y = x + 16 * lda;
    float *o = c + i * ldc, *p = o + 16 * ldc;
    if (add) {
      _tile_loadd(0, o, ldc * 4);
      _tile_loadd(1, o + 16, ldc * 4);
      _tile_loadd(2, p, ldc * 4);
      _tile_loadd(3, p + 16, ldc * 4);
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int k = 0; k < pairs; k += 16) {
      _tile_loadd(4, x + k, lda * 4);
      _tile_loadd(6, b + k * 32, 128);
      _tile_loadd(7, b + k * 32 + 16, 128);
      _tile_loadd(5, y + k, lda * 4);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, o, ldc * 4);
    _tile_stored(1, o + 16, ldc * 4);
    _tile_stored(2, p, ldc * 4);
    _tile_stored(3, p + 16, ldc * 4);
  }
  for (; i + 16 <= rows; i += 16) {
    const u32 *x = a + i * lda;
    float *o = c + i * ldc;
    if (add) {
      _tile_loadd(0, o, ldc * 4);
      _tile_loadd(1, o + 16, ldc * 4);
    } else {
      _tile_zero(0);
      _tile_zero(1);
    }
    for (int k = 0; k < pairs; k += 16) {
      _tile_loadd(4, x + k, lda * 4);
      _tile_loadd(6, b + k * 32, 128);
      _tile_loadd(7, b + k * 32 + 16, 128);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
    }
    _tile_stored(0, o, ldc * 4);
    _tile_stored(1, o + 16, ldc * 4);
  }
  settle_memory();
  return i;
}
#endif

/** One panel of 32 columns: c[rows][32] (+)= a[rows][pairs] * b[pairs][32]. */
static void panel(int rows, int pairs, const u32 *a, long lda, const u32 *b, float *c, long ldc, bool add) {
  int i = 0;
#ifdef __AMX_BF16__
  if (rows >= 16 && pairs % 16 == 0 && tiles_ready()) i = tiled_panel(rows, pairs, a, lda, b, c, ldc, add);
#endif
  for (; i + 12 <= rows; i += 12) tile<12>(pairs, a + i * lda, lda, b, c + i * ldc, ldc, add);
  a += i * lda, c += i * ldc;
  switch (rows - i) {
    case 1: tile<1>(pairs, a, lda, b, c, ldc, add); break;
    case 2: tile<2>(pairs, a, lda, b, c, ldc, add); break;
    case 3: tile<3>(pairs, a, lda, b, c, ldc, add); break;
    case 4: tile<4>(pairs, a, lda, b, c, ldc, add); break;
    case 5: tile<5>(pairs, a, lda, b, c, ldc, add); break;
    case 6: tile<6>(pairs, a, lda, b, c, ldc, add); break;
    case 7: tile<7>(pairs, a, lda, b, c, ldc, add); break;
    case 8: tile<8>(pairs, a, lda, b, c, ldc, add); break;
    case 9: tile<9>(pairs, a, lda, b, c, ldc, add); break;
    case 10: tile<10>(pairs, a, lda, b, c, ldc, add); break;
    case 11: tile<11>(pairs, a, lda, b, c, ldc, add); break;
  }
}

/** c[rows][cols] (+)= a * b; b in panels of 32 columns, `step` u32 from panel to panel. */
static void gemm(int rows, int cols, int pairs, const u32 *a, long lda, const u32 *b, long step, float *c,
                 long ldc, bool add = false) {
  for (int n = 0; n < cols; n += 32) panel(rows, pairs, a, lda, b + (n / 32) * step, c + n, ldc, add);
}

/** Rows t and t+1 of x[rows][cols] become pairs, in panels [cols/32][pairs][32]; missing rows are 0. */
static void pack_rows(const u16 *x, long ldx, int rows, int cols, int pairs, u32 *out) {
  for (int n = 0; n < cols; n += 16) {
    u32 *o = out + (long)(n / 32) * pairs * 32 + n % 32;
    for (int p = 0; p < pairs; p++, o += 32) {
      __m512i lo = _mm512_setzero_si512(), hi = lo;
      if (2 * p < rows) lo = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(x + 2 * p * ldx + n)));
      if (2 * p + 1 < rows)
        hi = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(x + (2 * p + 1) * ldx + n)));
      _mm512_storeu_si512(o, _mm512_or_si512(lo, _mm512_slli_epi32(hi, 16)));
    }
  }
}

static inline void transpose16(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

/** The transpose of x with rows paired: out[cols][pairs], ready to stand on the left of a product. */
static void transpose_pairs(const u16 *x, long ldx, int rows, int cols, int pairs, u32 *out) {
  for (int p = 0; p < pairs; p += 16)
    for (int n = 0; n < cols; n += 16) {
      __m512i r[16];
      for (int i = 0; i < 16; i++) {
        const int t = 2 * (p + i);
        __m512i lo = _mm512_setzero_si512(), hi = lo;
        if (t < rows) lo = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(x + t * ldx + n)));
        if (t + 1 < rows) hi = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(x + (t + 1) * ldx + n)));
        r[i] = _mm512_or_si512(lo, _mm512_slli_epi32(hi, 16));
      }
      transpose16(r);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + (long)(n + i) * pairs + p, r[i]);
    }
}

/** Columns of x paired (as they lie in memory), transposed into panels [rows/32][cols/2][32]; missing rows are 0. */
static void pack_transposed(const u16 *x, long ldx, int rows, int cols, u32 *out) {
  const int pairs = cols / 2, padded = (rows + 31) / 32 * 32;
  for (int t = 0; t < padded; t += 16)
    for (int p = 0; p < pairs; p += 16) {
      __m512i r[16];
      for (int i = 0; i < 16; i++)
        r[i] = t + i < rows ? _mm512_loadu_si512((const u32 *)(x + (t + i) * ldx) + p) : _mm512_setzero_si512();
      transpose16(r);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + ((long)(t / 32) * pairs + p + i) * 32 + t % 32, r[i]);
    }
}
