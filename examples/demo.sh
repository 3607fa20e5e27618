#!/bin/sh
# Train a VAE and an AVAE on real digits side by side, evaluate both, and put them on one page.
set -eu
out=${1:-runs/demo}
if [ -e "$out" ]; then
  echo "demo: $out is there already; remove it, or choose another place: make demo DEMO=other/place" >&2
  exit 2
fi
export OMP_NUM_THREADS=1 # one core each
# a fifth of the digits is for testing: a distance of 180 samples would mostly measure that they are few
common="--data digits --prepare.hold-out 0.2 --arch.width 20 --method.z-dim 16 --batch-size 64 --steps 2500 --seed ${SEED:-0}"
chimerae train vae $common --method.sigma shared --out "$out/vae" &
vae=$!
chimerae train avae $common --method.latent-weight 1 --method.r1 0 --arch.upsampling transposed --out "$out/avae"
wait $vae
chimerae evaluate "$out/vae" &
vae=$!
chimerae evaluate "$out/avae"
wait $vae
chimerae report "$out/vae" "$out/avae" --out "$out/report.html"
