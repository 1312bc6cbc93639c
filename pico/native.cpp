// The C interface that model.py loads: one training (or scoring) pass over a batch, and sampling.
#include <atomic>
#include <thread>
#include "decoding.h"
#include "orthogonal.h"
#include "reach.h"
#include "training.h"

static void parallel(int threads, const std::function<void(int, std::atomic<int> &)> &work) {
  std::atomic<int> next(0);
  vector<std::thread> pool;
  for (int i = 1; i < threads; i++) pool.emplace_back([&, i] { work(i, next); });
  work(0, next);
  for (auto &t : pool) t.join();
}

extern "C" {
/** Items are token ranges [offset[i], offset[i+1]); gradients (may be null) are added up in grad. */
void pico_run(const int *shape, const float *flat, float *grad, int threads, int items, const int *offset,
              const int *token, const int *position, const int *shared, const int *first, const int *target,
              const float *lm, const float *label, const float *binary, const float *reserved, int good, int bad,
              float *log_p, float *p_good, float *hit, double *sums) {
  const Shape s{shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]};
  const Weights w(s, flat);
  int longest = 1;
  for (int i = 0; i < items; i++) longest = std::max(longest, offset[i + 1] - offset[i]);
  vector<vector<float>> grads(threads);
  vector<double> parts(threads * 8, 0.0);
  parallel(threads, [&](int id, std::atomic<int> &next) {
    if (grad) grads[id].assign(s.size() + 64, 0.0f);
    Trainer t(w, grad ? grads[id].data() : nullptr, longest);
    for (int i; (i = next++) < items;) {
      const int o = offset[i];
      t.run({offset[i + 1] - o, token + o, position + o, shared + o, first + o},
            {target + o, lm + o, label + o, binary + o, reserved + o, good, bad, log_p + o, p_good + o, hit + o, &parts[id * 8]});
    }
  });
  for (int id = 0; id < threads; id++) {
    for (int i = 0; i < 6; i++) sums[i] += parts[id * 8 + i];
    if (grad) for (long i = 0; i < s.size(); i++) grad[i] += grads[id][i];
  }
}

/** Makes `count` matrices orthogonal in place: matrix i is sizes[2i] by sizes[2i+1] at start[i]. */
void pico_orthogonal(float *data, int threads, int count, const int64_t *start, const int *sizes) {
  parallel(threads, [&](int, std::atomic<int> &next) {
    for (int i; (i = next++) < count;) orthogonal(data + start[i], sizes[2 * i], sizes[2 * i + 1]);
  });
}

/** Whether the numbers (1..199) can make the target. Not for several threads at once. */
int pico_reachable(const int *numbers, int count, int target) {
  static Reach reach;
  if (target < 1 || target > 199) return 0;
  return reach.values(std::vector<int>(numbers, numbers + count))[target];
}

/** `samples` completions of each prefix [offset[i], offset[i+1]); out is [prefix][sample][most], padded with -1. */
void pico_sample(const int *shape, const float *flat, int threads, int prefixes, const int *offset, const int *token,
                 int samples, float temperature, int most, const int *stops, int stop_count, uint64_t seed, int *out) {
  const Shape s{shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]};
  const Weights w(s, flat);
  int longest = 1;
  for (int i = 0; i < prefixes; i++) longest = std::max(longest, offset[i + 1] - offset[i]);
  parallel(threads, [&](int, std::atomic<int> &next) {
    Decoder decoder(w, longest, samples, most);
    for (int i; (i = next++) < prefixes;)
      decoder.run(token + offset[i], offset[i + 1] - offset[i], temperature, stops, stop_count,
                  seed + 0x9e3779b97f4a7c15ULL * (uint64_t)(i + 1), out + (long)i * samples * most);
  });
}
}
