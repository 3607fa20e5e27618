#!/bin/sh
# Train a VAE and an AVAE on scikit-learn's real digits, evaluate both, and put them side by side on one page.
set -eu
out=${1:-runs/demo}
if [ -e "$out" ]; then
  echo "demo: $out is there already; remove it, or choose another place: make demo DEMO=other/place" >&2
  exit 2
fi
common="--data digits --arch.width 24 --method.z-dim 16 --training.batch-size 64"
chimerae train vae $common --steps 2000 --method.sigma shared --out "$out/vae"
chimerae train avae $common --steps 2000 --out "$out/avae"
chimerae evaluate "$out/vae"
chimerae evaluate "$out/avae"
chimerae report "$out/vae" "$out/avae" --out "$out/report.html"
