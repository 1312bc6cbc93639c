// A Llama-shaped network on one thread: forward, backward and decoding with a key-value cache.
#pragma once
#include <algorithm>
#include <cmath>
#include "kernel.h"
using std::vector;

struct Shape {
  int vocab, dim, layers, heads, ffn, context;
  int head() const { return dim / heads; }
  long layer_size() const { return 2L * dim + 4L * dim * dim + 3L * dim * ffn; }
  long size() const { return 2L * vocab * dim + layers * layer_size() + dim; }
};

// Offsets into the flat float parameters: embedding, layers (norm, qkv, o, norm, gate|up, down), norm, output.
struct Layer { long norm1, qkv, o, norm2, gate_up, down; };
static Layer layer_at(const Shape &s, int l) {
  const long d = s.dim;
  Layer a;
  a.norm1 = s.vocab * d + l * s.layer_size();
  a.qkv = a.norm1 + d;
  a.o = a.qkv + 3 * d * d;
  a.norm2 = a.o + d * d;
  a.gate_up = a.norm2 + d;
  a.down = a.gate_up + 2 * d * s.ffn;
  return a;
}

/** A weight matrix [in][out] packed for x*W and for dy*W^T. */
struct Packed {
  int in = 0, out = 0;
  vector<u32> forward, backward;
  void set(const float *w, int rows, int cols) {
    in = rows, out = cols;
    vector<u16> h((size_t)rows * cols + 64);
    for (long i = 0; i < (long)rows * cols; i += 16) store_bf16(&h[i], _mm512_loadu_ps(w + i));
    forward.resize((size_t)rows / 2 * cols), backward.resize((size_t)cols / 2 * rows);
    pack_rows(h.data(), cols, rows, cols, rows / 2, forward.data());
    pack_transposed(h.data(), cols, rows, cols, backward.data());
  }
};

struct Weights {
  Shape shape;
  const float *flat;
  struct Block { Packed qkv, o, gate_up, down; };
  vector<Block> blocks;
  Packed output;
  vector<float> cosine, sine;  // [context][head/2]
  Weights(Shape s, const float *p) : shape(s), flat(p), blocks(s.layers) {
    for (int l = 0; l < s.layers; l++) {
      const Layer a = layer_at(s, l);
      blocks[l].qkv.set(p + a.qkv, s.dim, 3 * s.dim);
      blocks[l].o.set(p + a.o, s.dim, s.dim);
      blocks[l].gate_up.set(p + a.gate_up, s.dim, 2 * s.ffn);
      blocks[l].down.set(p + a.down, s.ffn, s.dim);
    }
    output.set(p + s.size() - (long)s.vocab * s.dim, s.dim, s.vocab);
    const int half = s.head() / 2;
    for (int t = 0; t < s.context; t++)
      for (int j = 0; j < half; j++) {
        const double angle = t * std::pow(10000.0, -2.0 * j / s.head());
        cosine.push_back((float)std::cos(angle)), sine.push_back((float)std::sin(angle));
      }
  }
  const float *final_norm() const { return flat + shape.size() - (long)shape.vocab * shape.dim - shape.dim; }
  /** Rotates neighbouring pairs of one head in place; direction -1 undoes it. */
  void rotate(float *x, int position, float direction, float scale) const {
    const int half = shape.head() / 2;
    const float *c = &cosine[(size_t)position * half], *s = &sine[(size_t)position * half];
    for (int j = 0; j < half; j++) {
      const float a = x[2 * j], b = x[2 * j + 1], sj = direction * s[j];
      x[2 * j] = (a * c[j] - b * sj) * scale, x[2 * j + 1] = (a * sj + b * c[j]) * scale;
    }
  }
};

static inline float dot(const float *a, const float *b, int n) {
  __m512 s = _mm512_setzero_ps();
  for (int i = 0; i < n; i += 16) s = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), s);
  return _mm512_reduce_add_ps(s);
}
/** Root-mean-square norm into bf16; returns the reciprocal root. */
static float rms_norm(const float *x, const float *w, int n, u16 *out) {
  const float r = 1.0f / std::sqrt(dot(x, x, n) / n + 1e-5f);
  const __m512 s = _mm512_set1_ps(r);
  for (int i = 0; i < n; i += 16)
    store_bf16(out + i, _mm512_mul_ps(_mm512_mul_ps(_mm512_loadu_ps(x + i), s), _mm512_loadu_ps(w + i)));
  return r;
}
/** Adds the gradient of the norm to dx and dw. */
static void rms_backward(const float *x, const float *w, float r, const float *dy, int n, float *dx, float *dw) {
  __m512 s = _mm512_setzero_ps();
  const __m512 rr = _mm512_set1_ps(r);
  for (int i = 0; i < n; i += 16) {
    const __m512 g = _mm512_loadu_ps(dy + i), v = _mm512_loadu_ps(x + i), gw = _mm512_mul_ps(g, _mm512_loadu_ps(w + i));
    s = _mm512_fmadd_ps(gw, v, s);
    _mm512_storeu_ps(dw + i, _mm512_fmadd_ps(_mm512_mul_ps(g, v), rr, _mm512_loadu_ps(dw + i)));
  }
  const __m512 k = _mm512_set1_ps(r * r * r * _mm512_reduce_add_ps(s) / n);
  for (int i = 0; i < n; i += 16) {
    const __m512 gw = _mm512_mul_ps(_mm512_loadu_ps(dy + i), _mm512_loadu_ps(w + i));
    const __m512 g = _mm512_fnmadd_ps(k, _mm512_loadu_ps(x + i), _mm512_mul_ps(gw, rr));
    _mm512_storeu_ps(dx + i, _mm512_add_ps(_mm512_loadu_ps(dx + i), g));
  }
}
static inline __m512 sigmoid(__m512 x) {
  const __m512 one = _mm512_set1_ps(1.0f);
  return _mm512_div_ps(one, _mm512_add_ps(one, exp512(_mm512_sub_ps(_mm512_setzero_ps(), x))));
}
/** silu(gate) * up for one row. */
static void gated(const float *gate_up, int ffn, u16 *out) {
  for (int i = 0; i < ffn; i += 16) {
    const __m512 g = _mm512_loadu_ps(gate_up + i);
    store_bf16(out + i, _mm512_mul_ps(_mm512_mul_ps(g, sigmoid(g)), _mm512_loadu_ps(gate_up + ffn + i)));
  }
}

/**
 * One item of a batch: prompts, each followed by any number of its solutions. A token of a prompt has shared = 0
 * and sees [first, t]; one of a solution also sees the `shared` tokens of the last prompt before it.
 */
struct Item {
  int n;
  const int *token, *position, *shared, *first;
};
