"""Speed of one update, beside the published code of other projects, in one process.

    python -m benchmarks.peers --out benchmarks/peers/results [--pythae DIR] [--soft-intro DIR]
                               [--introvae DIR] [--dcgan DIR] [--only NAME ...] [--rounds 7]
                               [--seconds 1.5]
    python -m benchmarks.peers.page benchmarks/peers/results docs/benchmarks.md

Each DIR is a checkout of the project: of pythae, the folder of `pip install --no-deps --target DIR
pythae==0.1.2`; of the DCGAN example, its folder in pytorch/examples. Their training functions run from there
and take their batches from here; this repository has none of their code. docs/benchmarks.md describes the
times. Keep the process on one core (`taskset -c 1`).
"""
