#!/usr/bin/env bash
# Records the samples and searches of the reproduction with the kernels of the training (AVX-512, g++, Python 3.11):
# about two hours of two idle cores, estimated from its parts. What is there is kept, so a killed run goes on with the next level.
set -euo pipefail
cd "$(dirname "$0")/../../pico"
test -d .venv || python3 -m venv .venv
.venv/bin/python -m pip install --quiet -r requirements.txt
export OPENBLAS_NUM_THREADS=1
.venv/bin/python bank.py validation 150 128 20261125
.venv/bin/python bank.py test 200 512 20261126
.venv/bin/python searches.py validation 150 20261125 beam-16-4
for name in beam-4-4 beam-16-4 beam-64-4; do .venv/bin/python searches.py test 200 20261126 "$name"; done
.venv/bin/python searches.py test 30 20261126 revisions-64
.venv/bin/python bank.py test 50 16 20261126 pico-l
