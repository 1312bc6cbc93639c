#!/usr/bin/env bash
# The whole recipe with one command: npm run pico:train [stage ...]. Needs Python 3.11+, g++ and a CPU with AVX-512.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PWD/../node_modules/.bin:$PATH" OPENBLAS_NUM_THREADS=1 PYTHONUNBUFFERED=1
if [ ! -x .venv/bin/python ]; then
  python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --requirement requirements.txt
fi
grep -qw avx512f /proc/cpuinfo || { echo "pico: this processor has no AVX-512; train on another machine." >&2; exit 1; }
.venv/bin/python train.py "$@"
if [ $# -eq 0 ]; then
  .venv/bin/python evaluate.py
  .venv/bin/python evaluate_revisions.py
  .venv/bin/python card.py
fi
