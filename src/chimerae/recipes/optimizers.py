"""Training settings of the recipes: optimisers, batches and schedules as their sources have them."""

from __future__ import annotations

from dataclasses import replace

from chimerae.training.settings import Changes, Optimizer, Training

DCGAN_ADAM = Training(optimizer=Optimizer(schedule="exponential", final=0.02))
"""Adam(2e-4, 0.5, 0.999), batch 64, the rate falling to 2 percent: the AVAE paper's code, for all its
methods.
"""
WGAN_GP_ADAM = Training(optimizer=Optimizer(lr=1e-4, beta1=0.5, beta2=0.9))
"""Adam(1e-4, 0.5, 0.9), batch 64: Gulrajani et al. 2017, algorithm 1 and its code."""
TOY_ADAM = Training(
    batch_size=256,
    optimizer=Optimizer(lr=1e-3, schedule="exponential", final=0.02),
    ema=0.0,
    picture_every=4000,
    save_every=4000,
)
"""Settings of `avae-toy`. The paper gives none; docs/methods/avae.md lists our trials."""
INTROSPECTIVE_ADAM = Training(optimizer=Optimizer(beta1=0.9))
"""Adam(2e-4, 0.9, 0.999), batch 64; the published codes keep the rate constant (they cut it at epoch 350)."""
POINTS_ADAM = Training(
    batch_size=512,
    optimizer=Optimizer(beta1=0.9, schedule="steps", final=0.01),
    ema=0.0,
    picture_every=5000,
    save_every=5000,
)
"""Soft-IntroVAE's code for points: a tenth of the rate at a third, and again at half of 30,000 steps."""
ALI_ADAM = Training(batch_size=100, optimizer=Optimizer(lr=1e-4))
"""Adam(1e-4, 0.5, 0.999), batch 100, constant rate: the code of Dumoulin et al. 2016."""
ALICE_ADAM = Training(optimizer=Optimizer(lr=1e-4))
"""Adam(1e-4, 0.5, 0.999), batch 64, constant rate: the code of Li et al. 2017 for images."""
BIADVERSARIAL_ADAM = Training(optimizer=Optimizer(lr=3e-4))
"""Adam(3e-4, 0.5, 0.999), batch 64: the code of Fickinger 2019, except for its critics' rate of 3e-5, at
which ours stay blind.
"""
MMD_ADAM = Training(
    batch_size=100, optimizer=Optimizer(lr=1e-3, schedule="late_steps", final=0.2), picture_every=2000
)
"""Adam(1e-3, 0.5), batch 100, the rate halved after 30 and at a fifth after 50 of 55 epochs: the paper."""
GAN_ADAM = Training(
    batch_size=100,
    optimizer=Optimizer(lr=3e-4, schedule="late_steps", final=0.2),
    players={"critic": Changes(lr=1e-3, schedule="late_steps", final=0.2)},
    picture_every=2000,
)
"""`MMD_ADAM` with 3e-4, and 1e-3 for the critic: the published code's CelebA settings."""
MNIST_MMD_ADAM = Training(
    batch_size=100, optimizer=Optimizer(lr=1e-3, schedule="early_steps", final=0.1), picture_every=2000
)
"""Adam(1e-3, 0.5), batch 100, the rate halved after 30 and at a tenth after 50 of 100 epochs: the published
code for MNIST.
"""
MNIST_GAN_ADAM = replace(MNIST_MMD_ADAM, players={"critic": Changes(lr=5e-4)})
"""`MNIST_MMD_ADAM`, and 5e-4 for the critic."""
AAE_ADAM = Training(
    batch_size=100,
    optimizer=Optimizer(lr=3e-4),
    players={"critic": Changes(lr=1e-3), "generator": Changes(lr=3e-4)},
)
"""WAE-GAN's rates; the paper has stochastic gradients with momentum, and its rates were unavailable."""
ID_GAN_RMSPROP = Training(
    optimizer=Optimizer(kind="rmsprop", lr=1e-4, beta2=0.99),
    players={"vae": Changes(kind="adam", lr=1e-4, beta1=0.9, beta2=0.999)},
)
"""RMSProp(1e-4, 0.99) for the GAN, Adam(1e-4, 0.9) for the VAE, batch 64: the published code."""
IAN_ADAM = Training(
    batch_size=16,
    optimizer=Optimizer(schedule="steps", final=0.05),
    players={"encoder": Changes(schedule="steps", final=0.05, weight_decay=1e-5)},
)
"""Adam(2e-4, 0.5), batch 16, the rate falling to a twentieth: the published code in fewer steps."""
KL_GAN_ADAM = Training(batch_size=12, optimizer=Optimizer(lr=5.4e-5, beta1=0.5, beta2=0.9), ema=0.0)
"""Adam(4.5e-6 times the batch of 12, 0.5, 0.9), constant rate, no average: the published code."""
