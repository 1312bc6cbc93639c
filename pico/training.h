// Forward and backward of whole items; the gradients are summed into one flat array.
#pragma once
#include "network.h"

/** Per-token losses; a weight of 0 leaves a loss out. */
struct Losses {
  const int *target;      // next token
  const float *lm;        // weight of the cross-entropy with `target`
  const float *label;     // 0..1: is the prefix up to this token right?
  const float *binary;    // weight of the binary cross-entropy of (good - bad)
  const float *reserved;  // weight of the full cross-entropy with good/bad
  int good, bad;
  float *log_p, *p_good, *hit;  // out: log p(target), p(good | good or bad), was `target` the argmax
  double *sums;                 // out: lm loss, lm weight, binary loss, binary weight
};

/** Queries (or keys) that attention takes at a time: no more keys are read than these see, rounded up to 32. */
static const int BLOCK = 32;

struct Trainer {
  const Weights &w;
  const Shape &s;
  float *grad;  // null: forward only
  const int cap, pad;  // tokens per item, rounded up to a multiple of 32
  struct Saved { vector<float> x1, x2, r1, r2; vector<u16> n1, q, k, v, p, o, n2, gu, h; };
  vector<Saved> saved;
  vector<float> x, wide, dx, dn, dwide;
  vector<u16> b0, b1;
  vector<u32> pk0, pk1, pk2, pk3;
  vector<float> scores, rf;
  vector<u16> ds, nf;

  Trainer(const Weights &weights, float *gradient, int capacity)
      : w(weights), s(weights.shape), grad(gradient), cap(capacity), pad((capacity + 31) / 32 * 32), saved(s.layers) {
    const size_t n = pad, d = s.dim, most = std::max({3 * s.dim, 2 * s.ffn, s.vocab, pad + 64});
    for (auto &a : saved) {
      a.x1.resize(n * d), a.x2.resize(n * d), a.r1.resize(n), a.r2.resize(n);
      for (auto *v : {&a.n1, &a.q, &a.k, &a.v, &a.o, &a.n2}) v->assign(n * d + 64, 0);
      a.p.assign(s.heads * n * (n + 64) + 64, 0), a.gu.assign(n * 2 * s.ffn + 64, 0), a.h.assign(n * s.ffn + 64, 0);
    }
    for (auto *v : {&x, &dx, &dn}) v->resize(n * d);
    wide.resize(n * most), dwide.resize(n * most), scores.resize(n * (n + 64)), rf.resize(n);
    b0.assign(n * most + 64, 0), b1.assign(n * most + 64, 0), ds.assign(n * (n + 64) + 64, 0), nf.assign(n * d + 64, 0);
    for (auto *v : {&pk0, &pk1, &pk2, &pk3}) v->assign(n * most + 64, 0);
  }

  static void convert(const float *from, long n, u16 *to) {
    for (long i = 0; i < n; i += 16) store_bf16(to + i, _mm512_loadu_ps(from + i));
  }
  static const u32 *pairs(const u16 *x) { return (const u32 *)x; }
  /** y = x W for n rows of bf16. */
  void product(const u16 *a, const Packed &m, int n, float *y) {
    gemm(n, m.out, m.in / 2, pairs(a), m.in / 2, m.forward.data(), m.in / 2 * 32, y, m.out);
  }
  /** dx = dy W^T (dy is left in b0 as bf16) and dW += x^T dy. */
  void product_backward(const u16 *a, const Packed &m, int n, const float *dy, float *out, float *dw) {
    convert(dy, (long)n * m.out, b0.data());
    gemm(n, m.in, m.out / 2, pairs(b0.data()), m.out / 2, m.backward.data(), m.out / 2 * 32, out, m.in);
    const int half = (n + 31) / 32 * 16;
    transpose_pairs(a, m.in, n, m.in, half, pk0.data());
    pack_rows(b0.data(), m.out, n, m.out, half, pk1.data());
    gemm(m.in, m.out, half, pk0.data(), half, pk1.data(), half * 32, dw, m.out, true);
  }

  /** A run of queries with the same keys: `shared` of the prompt, from `base` on, and their own, from `begin` on. */
  struct Segment {
    int begin, count, shared, base;
    int prompt_keys() const { return (shared + 31) / 32 * 32; }
    int own_keys() const { return (count + 31) / 32 * 32; }
    int width() const { return prompt_keys() + own_keys(); }  // of a row of attention weights
  };
  static vector<Segment> segments(const Item &it) {
    vector<Segment> list;
    for (int t = 0; t < it.n; t++) {
      if (list.empty() || it.first[t] != it.first[t - 1])
        list.push_back({t, 0, it.shared[t], it.shared[t] ? list.back().base : t});
      list.back().count++;
    }
    return list;
  }

  void attention(const Item &it, Saved &a) {
    const int hd = s.head(), d = s.dim;
    const auto list = segments(it);
    for (int h = 0; h < s.heads; h++) {
      u16 *p = a.p.data() + (size_t)h * pad * (pad + 64);
      const Segment *packed = nullptr;
      for (const Segment &g : list) {
        const int pk = g.prompt_keys(), ld = g.width();
        if (g.shared && !(packed && packed->base == g.base && packed->shared == g.shared)) {
          pack_transposed(&a.k[(size_t)g.base * d + h * hd], d, g.shared, hd, pk0.data());
          pack_rows(&a.v[(size_t)g.base * d + h * hd], d, g.shared, hd, pk / 2, pk1.data());
          packed = &g;
        }
        pack_transposed(&a.k[(size_t)g.begin * d + h * hd], d, g.count, hd, pk2.data());
        pack_rows(&a.v[(size_t)g.begin * d + h * hd], d, g.count, hd, g.own_keys() / 2, pk3.data());
        for (int r0 = 0; r0 < g.count; r0 += BLOCK) {
          const int rows = std::min(BLOCK, g.count - r0), reach = (r0 + rows + 31) / 32 * 32, t0 = g.begin + r0;
          const u32 *q = pairs(&a.q[(size_t)t0 * d + h * hd]);
          gemm(rows, pk, hd / 2, q, d / 2, pk0.data(), hd / 2 * 32, scores.data(), ld);
          gemm(rows, reach, hd / 2, q, d / 2, pk2.data(), hd / 2 * 32, scores.data() + pk, ld);
          for (int r = 0; r < rows; r++) softmax(scores.data() + (size_t)r * ld, g.shared, pk, pk + r0 + r, pk + reach, ld, p + (size_t)(r0 + r) * ld);
          float *out = &dn[(size_t)t0 * d + h * hd];
          const u32 *weights = pairs(p + (size_t)r0 * ld);
          gemm(rows, hd, pk / 2, weights, ld / 2, pk1.data(), pk / 2 * 32, out, d);
          gemm(rows, hd, reach / 2, weights + pk / 2, ld / 2, pk3.data(), g.own_keys() / 2 * 32, out, d, true);
        }
        p += (size_t)g.count * ld;
      }
    }
    convert(dn.data(), (long)it.n * d, a.o.data());
  }
  /** Softmax over [0, shared) and [first, t]; everything else becomes 0. */
  static void softmax(float *z, int shared, int first, int t, int reach, int ld, u16 *p) {
    const float low = -1e30f;
    for (int i = shared; i < first; i++) z[i] = low;
    for (int i = t + 1; i < reach; i++) z[i] = low;
    __m512 top = _mm512_set1_ps(low), sum = _mm512_setzero_ps();
    for (int i = 0; i < reach; i += 16) top = _mm512_max_ps(top, _mm512_loadu_ps(z + i));
    const __m512 m = _mm512_set1_ps(_mm512_reduce_max_ps(top));
    for (int i = 0; i < reach; i += 16) {
      const __m512 v = _mm512_loadu_ps(z + i);
      const __m512 e = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, _mm512_set1_ps(-1e29f), _CMP_GT_OQ), exp512(_mm512_sub_ps(v, m)));
      sum = _mm512_add_ps(sum, e);
      _mm512_storeu_ps(z + i, e);
    }
    const __m512 k = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(sum));
    for (int i = 0; i < reach; i += 16) store_bf16(p + i, _mm512_mul_ps(_mm512_loadu_ps(z + i), k));
    if (ld > reach) memset(p + reach, 0, (ld - reach) * sizeof(u16));
  }

  void forward(const Item &it) {
    const int n = it.n, d = s.dim, hd = s.head();
    const float scale = 1.0f / std::sqrt((float)hd);
    for (int t = 0; t < n; t++) memcpy(&x[(size_t)t * d], w.flat + (long)it.token[t] * d, d * sizeof(float));
    for (int l = 0; l < s.layers; l++) {
      const Layer at = layer_at(s, l);
      const auto &m = w.blocks[l];
      Saved &a = saved[l];
      memcpy(a.x1.data(), x.data(), (size_t)n * d * sizeof(float));
      for (int t = 0; t < n; t++) a.r1[t] = rms_norm(&x[(size_t)t * d], w.flat + at.norm1, d, &a.n1[(size_t)t * d]);
      product(a.n1.data(), m.qkv, n, wide.data());
      for (int t = 0; t < n; t++) {
        float *row = &wide[(size_t)t * 3 * d];
        for (int h = 0; h < s.heads; h++) {
          w.rotate(row + h * hd, it.position[t], 1, scale);
          w.rotate(row + d + h * hd, it.position[t], 1, 1);
        }
        convert(row, d, &a.q[(size_t)t * d]), convert(row + d, d, &a.k[(size_t)t * d]), convert(row + 2 * d, d, &a.v[(size_t)t * d]);
      }
      attention(it, a);
      gemm(n, d, d / 2, pairs(a.o.data()), d / 2, m.o.forward.data(), d / 2 * 32, x.data(), d, true);
      memcpy(a.x2.data(), x.data(), (size_t)n * d * sizeof(float));
      for (int t = 0; t < n; t++) a.r2[t] = rms_norm(&x[(size_t)t * d], w.flat + at.norm2, d, &a.n2[(size_t)t * d]);
      product(a.n2.data(), m.gate_up, n, wide.data());
      convert(wide.data(), (long)n * 2 * s.ffn, a.gu.data());
      for (int t = 0; t < n; t++) gated(&wide[(size_t)t * 2 * s.ffn], s.ffn, &a.h[(size_t)t * s.ffn]);
      gemm(n, d, s.ffn / 2, pairs(a.h.data()), s.ffn / 2, m.down.forward.data(), s.ffn / 2 * 32, x.data(), d, true);
    }
  }

  /** The losses of one item and, with `grad`, the gradient of everything. */
  void run(const Item &it, const Losses &loss) {
    forward(it);
    const int d = s.dim, v = s.vocab;
    vector<int> rows;
    for (int t = 0; t < it.n; t++)
      if (loss.lm[t] != 0 || loss.binary[t] != 0 || loss.reserved[t] != 0) rows.push_back(t);
    if (rows.empty()) return;
    const int n = (int)rows.size();
    for (int i = 0; i < n; i++) rf[i] = rms_norm(&x[(size_t)rows[i] * d], w.final_norm(), d, &nf[(size_t)i * d]);
    product(nf.data(), w.output, n, wide.data());
    for (int i = 0; i < n; i++) output_loss(&wide[(size_t)i * v], rows[i], loss);
    if (!grad) return;
    float *gnorm = grad + (w.final_norm() - w.flat);
    product_backward(nf.data(), w.output, n, wide.data(), dn.data(), gnorm + d);
    memset(dx.data(), 0, (size_t)it.n * d * sizeof(float));
    for (int i = 0; i < n; i++)
      rms_backward(&x[(size_t)rows[i] * d], w.final_norm(), rf[i], &dn[(size_t)i * d], d, &dx[(size_t)rows[i] * d], gnorm);
    for (int l = s.layers - 1; l >= 0; l--) layer_backward(it, l);
    for (int t = 0; t < it.n; t++) {
      float *g = grad + (long)it.token[t] * d;
      for (int i = 0; i < d; i++) g[i] += dx[(size_t)t * d + i];
    }
  }

  /** Replaces one row of logits by its gradient. */
  void output_loss(float *z, int t, const Losses &o) {
    const int v = s.vocab;
    int best = 0;
    for (int i = 1; i < v; i++) if (z[i] > z[best]) best = i;
    const __m512 top = _mm512_set1_ps(z[best]);
    __m512 sum = _mm512_setzero_ps();
    const float diff = z[o.good] - z[o.bad], y = o.label[t], zt = z[o.target[t]], zg = z[o.good], zb = z[o.bad], m = z[best];
    for (int i = 0; i < v; i += 16) {
      const __m512 e = exp512(_mm512_sub_ps(_mm512_loadu_ps(z + i), top));
      sum = _mm512_add_ps(sum, e);
      _mm512_storeu_ps(z + i, e);
    }
    const float total = _mm512_reduce_add_ps(sum), logz = std::log(total) + m, pg = 1.0f / (1.0f + std::exp(-diff));
    o.log_p[t] = zt - logz, o.p_good[t] = pg, o.hit[t] = best == o.target[t];
    const float soft = std::max(diff, 0.0f) - diff * y + std::log1p(std::exp(-std::fabs(diff)));
    o.sums[0] += o.lm[t] * (logz - zt), o.sums[1] += o.lm[t];
    o.sums[2] += o.binary[t] * soft, o.sums[3] += o.binary[t];
    o.sums[4] += o.reserved[t] * (logz - y * zg - (1 - y) * zb), o.sums[5] += o.reserved[t];
    const float k = (o.lm[t] + o.reserved[t]) / total;
    for (int i = 0; i < v; i += 16) _mm512_storeu_ps(z + i, _mm512_mul_ps(_mm512_loadu_ps(z + i), _mm512_set1_ps(k)));
    z[o.target[t]] -= o.lm[t];
    z[o.good] += o.binary[t] * (pg - y) - o.reserved[t] * y;
    z[o.bad] -= o.binary[t] * (pg - y) + o.reserved[t] * (1 - y);
  }

  void layer_backward(const Item &it, int l) {
    const int n = it.n, d = s.dim, f = s.ffn, hd = s.head();
    const Layer at = layer_at(s, l);
    const auto &m = w.blocks[l];
    Saved &a = saved[l];
    product_backward(a.h.data(), m.down, n, dx.data(), wide.data(), grad + at.down);
    for (int t = 0; t < n; t++) {
      const u16 *gu = &a.gu[(size_t)t * 2 * f];
      float *dh = &wide[(size_t)t * f], *out = &dwide[(size_t)t * 2 * f];
      for (int i = 0; i < f; i += 16) {
        const __m512 g = load_bf16(gu + i), u = load_bf16(gu + f + i), sg = sigmoid(g), y = _mm512_loadu_ps(dh + i), gs = _mm512_mul_ps(g, sg);
        _mm512_storeu_ps(out + f + i, _mm512_mul_ps(y, gs));
        const __m512 slope = _mm512_fmadd_ps(gs, _mm512_sub_ps(_mm512_set1_ps(1), sg), sg);
        _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_mul_ps(y, u), slope));
      }
    }
    product_backward(a.n2.data(), m.gate_up, n, dwide.data(), dn.data(), grad + at.gate_up);
    for (int t = 0; t < n; t++)
      rms_backward(&a.x2[(size_t)t * d], w.flat + at.norm2, a.r2[t], &dn[(size_t)t * d], d, &dx[(size_t)t * d], grad + at.norm2);
    product_backward(a.o.data(), m.o, n, dx.data(), dn.data(), grad + at.o);
    attention_backward(it, a);
    const float scale = 1.0f / std::sqrt((float)hd);
    for (int t = 0; t < n; t++)
      for (int h = 0; h < s.heads; h++) {
        w.rotate(&dwide[(size_t)t * 3 * d + h * hd], it.position[t], -1, scale);
        w.rotate(&dwide[(size_t)t * 3 * d + d + h * hd], it.position[t], -1, 1);
      }
    product_backward(a.n1.data(), m.qkv, n, dwide.data(), dn.data(), grad + at.qkv);
    for (int t = 0; t < n; t++)
      rms_backward(&a.x1[(size_t)t * d], w.flat + at.norm1, a.r1[t], &dn[(size_t)t * d], d, &dx[(size_t)t * d], grad + at.norm1);
  }

  /** From the gradient of the attention's output (dn) to that of rotated q, k and v (dwide, rows of 3d). */
  void attention_backward(const Item &it, Saved &a) {
    const int hd = s.head(), d = s.dim;
    const auto list = segments(it);
    convert(dn.data(), (long)it.n * d, b1.data());
    memset(dwide.data(), 0, (size_t)it.n * 3 * d * sizeof(float));
    for (int h = 0; h < s.heads; h++) {
      const u16 *p = a.p.data() + (size_t)h * pad * (pad + 64);
      float *dq = dwide.data() + h * hd;
      const Segment *packed = nullptr;
      for (const Segment &g : list) {
        const int pk = g.prompt_keys(), ld = g.width();
        if (g.shared && !(packed && packed->base == g.base && packed->shared == g.shared)) {
          pack_transposed(&a.v[(size_t)g.base * d + h * hd], d, g.shared, hd, pk0.data());
          pack_rows(&a.k[(size_t)g.base * d + h * hd], d, g.shared, hd, pk / 2, pk1.data());
          packed = &g;
        }
        pack_transposed(&a.v[(size_t)g.begin * d + h * hd], d, g.count, hd, pk2.data());
        pack_rows(&a.k[(size_t)g.begin * d + h * hd], d, g.count, hd, g.own_keys() / 2, pk3.data());
        for (int r0 = 0; r0 < g.count; r0 += BLOCK) {
          const int rows = std::min(BLOCK, g.count - r0), reach = (r0 + rows + 31) / 32 * 32, t0 = g.begin + r0;
          const u32 *dy = pairs(&b1[(size_t)t0 * d + h * hd]);
          gemm(rows, pk, hd / 2, dy, d / 2, pk0.data(), hd / 2 * 32, scores.data(), ld);
          gemm(rows, reach, hd / 2, dy, d / 2, pk2.data(), hd / 2 * 32, scores.data() + pk, ld);
          for (int r = 0; r < rows; r++) softmax_backward(scores.data() + (size_t)r * ld, p + (size_t)(r0 + r) * ld, pk + reach, ld, ds.data() + (size_t)(r0 + r) * ld);
          const u32 *slope = pairs(ds.data() + (size_t)r0 * ld);
          gemm(rows, hd, pk / 2, slope, ld / 2, pk1.data(), pk / 2 * 32, dq + (size_t)t0 * 3 * d, 3 * d);
          gemm(rows, hd, reach / 2, slope + pk / 2, ld / 2, pk3.data(), g.own_keys() / 2 * 32, dq + (size_t)t0 * 3 * d, 3 * d, true);
        }
        column_products(ds.data(), &a.q[h * hd], g, dq + d);
        column_products(p, &b1[h * hd], g, dq + 2 * d);
        p += (size_t)g.count * ld;
      }
    }
  }
  static void softmax_backward(const float *dp, const u16 *p, int reach, int ld, u16 *out) {
    __m512 sum = _mm512_setzero_ps();
    for (int i = 0; i < reach; i += 16) sum = _mm512_fmadd_ps(load_bf16(p + i), _mm512_loadu_ps(dp + i), sum);
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum));
    for (int i = 0; i < reach; i += 16) store_bf16(out + i, _mm512_mul_ps(load_bf16(p + i), _mm512_sub_ps(_mm512_loadu_ps(dp + i), mean)));
    if (ld > reach) memset(out + reach, 0, (ld - reach) * sizeof(u16));
  }
  /** out[key] += sum over the segment's queries of m[query][key] * rows[query]. */
  void column_products(const u16 *m, const u16 *rows, const Segment &g, float *out) {
    const int hd = s.head(), d = s.dim, pk = g.prompt_keys(), ld = g.width(), half = g.own_keys() / 2;
    transpose_pairs(m, ld, g.count, ld, half, pk2.data());
    pack_rows(rows + (size_t)g.begin * d, d, g.count, hd, half, pk3.data());
    for (int c = 0; c < hd; c += 32) {
      const u32 *b = pk3.data() + (size_t)(c / 32) * half * 32;
      panel(g.shared, half, pk2.data(), half, b, out + (size_t)g.base * 3 * d + c, 3 * d, true);
      for (int k0 = 0; k0 < g.count; k0 += BLOCK)  // queries before the key contribute nothing
        panel(std::min(BLOCK, g.count - k0), half - k0 / 2, pk2.data() + (size_t)(pk + k0) * half + k0 / 2, half, b + k0 / 2 * 32,
              out + (size_t)(g.begin + k0) * 3 * d + c, 3 * d, true);
    }
  }
};
