// Which values a countdown position can still make: naturals from 1 to 199 at every step, exact division.
#pragma once
#include <algorithm>
#include <bitset>
#include <cstdint>
#include <unordered_map>
#include <vector>

struct Reach {
  typedef std::bitset<200> Values;
  std::unordered_map<uint64_t, Values> memo;

  const Values &values(std::vector<int> numbers) {
    std::sort(numbers.begin(), numbers.end());
    uint64_t key = 0;
    for (int n : numbers) key = key << 8 | (uint64_t)n;
    const auto kept = memo.find(key);
    if (kept != memo.end()) return kept->second;
    Values found;
    if (numbers.size() == 1) found.set(numbers[0]);
    for (unsigned mask = 1; mask + 1 < 1u << numbers.size(); mask += 2) {
      std::vector<int> some, others;
      for (size_t i = 0; i < numbers.size(); i++) (mask >> i & 1 ? some : others).push_back(numbers[i]);
      const Values x = values(some), y = values(others);
      for (int a = 1; a < 200; a++)
        if (x[a])
          for (int b = 1; b < 200; b++)
            if (y[b]) combine(std::max(a, b), std::min(a, b), found);
    }
    if (memo.size() > 2000000) memo.clear();
    return memo[key] = found;
  }
  static void combine(int a, int b, Values &found) {
    if (a + b < 200) found.set(a + b);
    if (a > b) found.set(a - b);
    if (a * b < 200) found.set(a * b);
    if (a % b == 0) found.set(a / b);
  }
};
