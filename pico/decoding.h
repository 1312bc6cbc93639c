// Sampling: the prefix is evaluated once, then many samples advance together, one token a step.
#pragma once
#include <functional>
#include "training.h"

struct Decoder {
  const Weights &w;
  const Shape &s;
  Trainer prefix;
  const int samples, most, room, keys;  // room: generated keys kept per sample, keys: prefix keys, both multiples of 16
  vector<float> pk, pv;                 // prefix: keys [layer][dim][keys], values [layer][position][dim]
  vector<float> ok, ov;                 // own: keys [sample][layer][dim][room], values [sample][layer][room][dim]
  vector<float> x, wide, score;
  vector<u16> n, h, o;
  vector<float> of;

  Decoder(const Weights &weights, int longest, int count, int tokens)
      : w(weights), s(weights.shape), prefix(weights, nullptr, longest), samples(count), most(tokens),
        room((tokens + 15) / 16 * 16), keys((longest + 15) / 16 * 16) {
    const size_t d = s.dim, l = s.layers, rows = count;
    pk.assign(l * d * keys, 0), pv.assign(l * d * keys, 0), ok.assign(rows * l * d * room, 0), ov.assign(rows * l * d * room, 0);
    x.resize(rows * d), wide.resize(rows * std::max({3 * s.dim, 2 * s.ffn, s.vocab})), score.resize(keys + room), of.resize(rows * d);
    n.assign(rows * d + 64, 0), o.assign(rows * d + 64, 0), h.assign(rows * s.ffn + 64, 0);
  }

  static float bf(u16 v) {
    const u32 u = (u32)v << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
  }
  static uint64_t mix(uint64_t &state) {
    uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /** A token other than the reserved ones (all ids below 8 but the end of text, 2). */
  static int draw(float *z, int v, float temperature, uint64_t &state) {
    for (int i = 0; i < 8; i++) if (i != 2) z[i] = -1e30f;
    int best = 0;
    for (int i = 1; i < v; i++) if (z[i] > z[best]) best = i;
    if (temperature <= 0) return best;
    const __m512 top = _mm512_set1_ps(z[best]), rate = _mm512_set1_ps(1.0f / temperature);
    __m512 sum = _mm512_setzero_ps();
    for (int i = 0; i < v; i += 16) {
      const __m512 e = exp512(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(z + i), top), rate));
      sum = _mm512_add_ps(sum, e);
      _mm512_storeu_ps(z + i, e);
    }
    double left = (double)(mix(state) >> 11) * 0x1p-53 * _mm512_reduce_add_ps(sum);
    for (int i = 8; i < v; i++)
      if ((left -= z[i]) < 0) return i;
    return 2;
  }

  void run(const int *token, int count, float temperature, const int *stops, int stop_count, uint64_t seed, int *out) {
    const int d = s.dim;
    vector<int> position(count), zero(count, 0), last(samples), row(samples);
    vector<uint64_t> state(samples);
    for (int i = 0; i < count; i++) position[i] = i;
    prefix.forward({count, token, position.data(), zero.data(), zero.data()});
    for (int l = 0; l < s.layers; l++)
      for (int t = 0; t < count; t++)
        for (int j = 0; j < d; j++) {
          pk[((size_t)l * d + j) * keys + t] = bf(prefix.saved[l].k[(size_t)t * d + j]);
          pv[((size_t)l * keys + t) * d + j] = bf(prefix.saved[l].v[(size_t)t * d + j]);
        }
    rms_norm(&prefix.x[(size_t)(count - 1) * d], w.final_norm(), d, n.data());
    prefix.product(n.data(), w.output, 1, wide.data());
    std::fill(out, out + (long)samples * most, -1);
    vector<float> first(wide.begin(), wide.begin() + s.vocab);
    int alive = 0;
    auto keep = [&](int sample, float *z, int step) {
      const int next = draw(z, s.vocab, temperature, state[sample]);
      out[(long)sample * most + step] = next;
      for (int i = 0; i < stop_count; i++) if (stops[i] == next) return;
      last[alive] = next, row[alive++] = sample;
    };
    for (int i = 0; i < samples; i++) state[i] = seed + 0xd1342543de82ef95ULL * (uint64_t)(i + 1), mix(state[i]);
    for (int i = 0; i < samples; i++) {
      std::copy(first.begin(), first.end(), wide.begin());
      keep(i, wide.data(), 0);
    }
    for (int step = 1; step < most && alive > 0 && count + step <= s.context; step++) {
      advance(last.data(), row.data(), alive, count, step - 1);
      const int rows = alive;
      alive = 0;
      for (int i = 0; i < rows; i++) keep(row[i], &wide[(size_t)i * s.vocab], step);
    }
  }

  /** Feeds one token per living sample; their logits are then in `wide`. */
  void advance(const int *token, const int *row, int rows, int count, int step) {
    const int d = s.dim, hd = s.head();
    for (int i = 0; i < rows; i++) memcpy(&x[(size_t)i * d], w.flat + (long)token[i] * d, d * sizeof(float));
    for (int l = 0; l < s.layers; l++) {
      const Layer at = layer_at(s, l);
      const auto &m = w.blocks[l];
      for (int i = 0; i < rows; i++) rms_norm(&x[(size_t)i * d], w.flat + at.norm1, d, &n[(size_t)i * d]);
      prefix.product(n.data(), m.qkv, rows, wide.data());
      for (int i = 0; i < rows; i++) {
        float *q = &wide[(size_t)i * 3 * d];
        float *mk = &ok[((size_t)row[i] * s.layers + l) * d * room], *mv = &ov[((size_t)row[i] * s.layers + l) * room * d];
        for (int a = 0; a < s.heads; a++) {
          w.rotate(q + a * hd, count + step, 1, 1.0f / std::sqrt((float)hd));
          w.rotate(q + d + a * hd, count + step, 1, 1);
        }
        for (int j = 0; j < d; j++) mk[(size_t)j * room + step] = q[d + j];
        memcpy(mv + (size_t)step * d, q + 2 * d, d * sizeof(float));
        for (int a = 0; a < s.heads; a++) attend(q + a * hd, a * hd, l, mk, mv, count, step + 1, &of[(size_t)i * d + a * hd]);
      }
      Trainer::convert(of.data(), (long)rows * d, o.data());
      gemm(rows, d, d / 2, (const u32 *)o.data(), d / 2, m.o.forward.data(), d / 2 * 32, x.data(), d, true);
      for (int i = 0; i < rows; i++) rms_norm(&x[(size_t)i * d], w.flat + at.norm2, d, &n[(size_t)i * d]);
      prefix.product(n.data(), m.gate_up, rows, wide.data());
      for (int i = 0; i < rows; i++) gated(&wide[(size_t)i * 2 * s.ffn], s.ffn, &h[(size_t)i * s.ffn]);
      gemm(rows, d, s.ffn / 2, (const u32 *)h.data(), s.ffn / 2, m.down.forward.data(), s.ffn / 2 * 32, x.data(), d, true);
    }
    for (int i = 0; i < rows; i++) rms_norm(&x[(size_t)i * d], w.final_norm(), d, &n[(size_t)i * d]);
    prefix.product(n.data(), w.output, rows, wide.data());
  }

  /** One head of one row over the prefix keys and its own. */
  void attend(const float *q, int column, int l, const float *mk, const float *mv, int count, int own, float *out) {
    const int hd = s.head(), d = s.dim, a = (count + 15) / 16 * 16, b = (own + 15) / 16 * 16;
    float *z = score.data();
    auto scores = [&](const float *k, long ld, int n, float *to) {
      for (int i = 0; i < n; i += 16) {
        __m512 acc = _mm512_setzero_ps();
        for (int j = 0; j < hd; j++) acc = _mm512_fmadd_ps(_mm512_set1_ps(q[j]), _mm512_loadu_ps(k + j * ld + i), acc);
        _mm512_storeu_ps(to + i, acc);
      }
    };
    scores(&pk[((size_t)l * d + column) * keys], keys, a, z);
    scores(mk + (size_t)column * room, room, b, z + a);
    for (int i = count; i < a; i++) z[i] = -1e30f;
    for (int i = own; i < b; i++) z[a + i] = -1e30f;
    __m512 top = _mm512_set1_ps(-1e30f), sum = _mm512_setzero_ps();
    for (int i = 0; i < a + b; i += 16) top = _mm512_max_ps(top, _mm512_loadu_ps(z + i));
    const __m512 m = _mm512_set1_ps(_mm512_reduce_max_ps(top));
    for (int i = 0; i < a + b; i += 16) {
      const __m512 e = exp512(_mm512_sub_ps(_mm512_loadu_ps(z + i), m));
      sum = _mm512_add_ps(sum, e);
      _mm512_storeu_ps(z + i, e);
    }
    const __m512 k = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(sum));
    for (int c = 0; c < hd; c += 16) {
      __m512 acc = _mm512_setzero_ps();
      const float *v = &pv[(size_t)l * keys * d + column + c];
      for (int t = 0; t < count; t++) acc = _mm512_fmadd_ps(_mm512_set1_ps(z[t]), _mm512_loadu_ps(v + (size_t)t * d), acc);
      for (int t = 0; t < own; t++) acc = _mm512_fmadd_ps(_mm512_set1_ps(z[a + t]), _mm512_loadu_ps(mv + (size_t)t * d + column + c), acc);
      _mm512_storeu_ps(out + c, _mm512_mul_ps(acc, k));
    }
  }
};
