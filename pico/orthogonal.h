// Muon's orthogonal momentum: five quintic Newton-Schulz steps (Jordan et al. 2024), products in bf16.
#pragma once
#include <cmath>
#include "kernel.h"

/** Replaces m[rows][cols] by an approximately orthogonal matrix near it; both sides are multiples of 32. */
static void orthogonal(float *m, int rows, int cols) {
  const bool tall = rows > cols;
  const int r = tall ? cols : rows, c = tall ? rows : cols;
  std::vector<float> x((size_t)r * c), a((size_t)r * r), b((size_t)r * r), y((size_t)r * c);
  double sum = 1e-14;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < cols; j++) {
      const float v = m[(size_t)i * cols + j];
      x[tall ? (size_t)j * c + i : (size_t)i * c + j] = v;
      sum += (double)v * v;
    }
  const float scale = (float)(1 / std::sqrt(sum));
  for (auto &v : x) v *= scale;
  std::vector<u16> h((size_t)r * c + 64), g((size_t)r * r + 64);
  std::vector<u32> pack((size_t)(r + 32) * (c + 32));
  auto half = [](const std::vector<float> &from, std::vector<u16> &to) {
    for (size_t i = 0; i < from.size(); i += 16)
      _mm256_storeu_si256((__m256i *)&to[i], to_bf16(_mm512_loadu_ps(&from[i])));
  };
  for (int step = 0; step < 5; step++) {
    half(x, h);
    pack_transposed(h.data(), c, r, c, pack.data());
    gemm(r, r, c / 2, (const u32 *)h.data(), c / 2, pack.data(), c / 2 * 32, a.data(), r);
    half(a, g);
    pack_rows(g.data(), r, r, r, r / 2, pack.data());
    gemm(r, r, r / 2, (const u32 *)g.data(), r / 2, pack.data(), r / 2 * 32, b.data(), r);
    for (size_t i = 0; i < a.size(); i++) b[i] = -4.7750f * a[i] + 2.0315f * b[i];
    half(b, g);
    pack_rows(h.data(), c, r, c, r / 2, pack.data());
    gemm(r, c, r / 2, (const u32 *)g.data(), r / 2, pack.data(), r / 2 * 32, y.data(), c);
    for (size_t i = 0; i < x.size(); i++) x[i] = 3.4445f * x[i] + y[i];
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < cols; j++) m[(size_t)i * cols + j] = x[tall ? (size_t)j * c + i : (size_t)i * c + j];
}
