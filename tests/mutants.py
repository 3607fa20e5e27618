"""Faults put into the source one at a time, each of which the tests named beside it must notice.

`python -m tests.mutants` runs all of them, `python -m tests.mutants 3 14` the third and the fourteenth. It
works on a copy of the package. `test_mutants.py` keeps the list from going stale.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "chimerae"


@dataclass(frozen=True)
class Mutant:
    """One fault: `before`, which stands once in `file`, becomes `after`; `tests` must fail."""

    what: str
    file: str
    before: str
    after: str
    tests: str

    def text(self) -> str:
        """The file with the fault.

        Raises:
            ValueError: `before` does not stand there exactly once.
        """
        source = (SOURCE / self.file).read_text("utf-8")
        if source.count(self.before) != 1:
            raise ValueError(f"{self.file}: {self.before!r} stands there {source.count(self.before)} times")
        return source.replace(self.before, self.after)


MUTANTS: tuple[Mutant, ...] = (
    # signs
    Mutant(
        "the saturating loss has the other sign",
        "losses/adversarial.py",
        "    return log_probability(-c, offset)\n",
        "    return log_probability(c, offset)\n",
        "tests/losses/test_adversarial.py",
    ),
    Mutant(
        "BiGAN's pair wants its own labels",
        "methods/bigan.py",
        "fool(-c_real)",
        "fool(c_real)",
        "tests/methods/test_bigan.py",
    ),
    Mutant(
        "WGAN-GP's critic swaps real and fake",
        "methods/wgan_gp.py",
        "(c_fake - c_real + self",
        "(c_real - c_fake + self",
        "tests/methods/test_wgan_gp.py",
    ),
    Mutant(
        "the KL loses its log-variance",
        "gaussian.py",
        "self.variance - 1.0 - self._logvar)",
        "self.variance - 1.0 + self._logvar)",
        "tests/test_gaussian.py",
    ),
    Mutant(
        "Soft-IntroVAE's exponent grows with the energy",
        "losses/introspective.py",
        "(-ALPHA * energy)",
        "(ALPHA * energy)",
        "tests/losses/test_introspective.py",
    ),
    Mutant(
        "the unbiased MMD adds its cross term",
        "losses/kernels.py",
        "return pairs - 2.0 *",
        "return pairs + 2.0 *",
        "tests/losses/test_kernels.py",
    ),
    # detached, or not
    Mutant(
        "a loss leaves gradients on the parameters of all players",
        "training/players.py",
        "share.backward(inputs=players[name].params, retain_graph=True)",
        "share.backward(retain_graph=True)",
        "tests/methods/test_aae.py tests/methods/test_routing.py",
    ),
    Mutant(
        "the decoder's running statistics are those of prior codes",
        "methods/soft_introvae.py",
        "x_r, x_f = D(q.sample()), D.untracked(self.prior(x))",
        "x_r, x_f = D.untracked(q.sample()), D(self.prior(x))",
        "tests/contract/test_methods.py -k codes_of_data_alone",
    ),
    Mutant(
        "the encoder of introspection hears of how fakes were made",
        "methods/introspection.py",
        "q_k = E.untracked(x_k.detach())",
        "q_k = E.untracked(x_k)",
        "tests/methods/test_introspective_turns.py tests/methods/test_soft_introvae.py",
    ),
    Mutant(
        "the gradient penalty cannot be learned from",
        "losses/penalties.py",
        "(slope,) = torch.autograd.grad(critic(u).sum(), u, create_graph=True)",
        "(slope,) = torch.autograd.grad(critic(u).sum(), u)",
        "tests/losses/test_penalties.py",
    ),
    Mutant(
        "a fixed point moves the network that judges",
        "losses/fixed_point.py",
        "((x_fake - made.detach()) * slope)",
        "((x_fake - x_fake.detach()) * slope + a[:, None].expand_as(slope) - a[:, None].detach())",
        "tests/losses/test_fixed_point.py",
    ),
    Mutant(
        "the adaptive weight has a gradient of its own",
        "losses/adaptive.py",
        "return ratio.clamp(max=MOST).detach()",
        "return ratio.clamp(max=MOST / MOST)",
        "tests/outside src/chimerae/losses/adaptive.py",
    ),
    # reductions
    Mutant(
        "the KL is the mean over dimensions",
        "gaussian.py",
        "return self.kl_per_dim().sum(1)",
        "return self.kl_per_dim().mean(1)",
        "tests/test_gaussian.py",
    ),
    Mutant(
        "R1 is taken of all samples together",
        "losses/penalties.py",
        "return torch.stack([slope.flatten(1).square().sum(1) for slope in slopes]).sum(0)",
        "return torch.stack([slope.square().sum().expand(len(slope)) for slope in slopes]).sum(0)",
        "tests/losses/test_penalties.py",
    ),
    Mutant(
        "the hinge of a batch is per sample",
        "losses/introspective.py",
        "return hinge_per_sample(average(kl.mean()), m).expand_as(kl)",
        "return hinge_per_sample(kl, m).expand_as(kl)",
        "tests/losses/test_introspective.py",
    ),
    Mutant(
        "parts of a batch are added instead of averaged",
        "training/players.py",
        "share = loss / n_parts",
        "share = loss",
        "tests/training/test_turns.py",
    ),
    # players
    Mutant(
        "AVAE's generator is judged by the critic's answers to data",
        "methods/avae.py",
        "ADVERSARIAL[self.adv_loss](c_fake)",
        "ADVERSARIAL[self.adv_loss](c_real)",
        "tests/methods/test_avae.py",
    ),
    Mutant(
        "AAE's generator moves the decoder too",
        "methods/aae.py",
        '"generator": ("encoder",)',
        '"generator": ("encoder", "decoder")',
        "tests/methods/test_aae.py tests/contract/test_methods.py -k aae",
    ),
    Mutant(
        "only the first player of a turn steps",
        "training/players.py",
        "    for name in turn:\n        players[name].step(progress)\n",
        "    for name in list(turn)[:1]:\n        players[name].step(progress)\n",
        "tests/training/test_turns.py",
    ),
    Mutant(
        "ID-GAN's VAE never stops",
        "methods/id_gan.py",
        "if clock.progress < self.first_stage_share:",
        "if clock.progress <= 1.0:",
        "tests/methods/test_id_gan.py",
    ),
    Mutant(
        "a target network never follows",
        "training/targets.py",
        "if done % target.every == 0:",
        "if done % target.every == 1:",
        "tests/training/test_targets.py",
    ),
    Mutant(
        "BatchNorm remembers generated images",
        "methods/avae.py",
        "q_fake = E.untracked(x_fake)",
        "q_fake = E(x_fake)",
        "tests/methods/test_avae.py tests/methods/test_routing.py tests/training/test_passes.py",
    ),
    # ranges
    Mutant(
        "images are learned in [0, 1] where [-1, 1] is meant",
        "shapes.py",
        "return x * self.span + self.low",
        "return x * self.span",
        "src/chimerae/shapes.py tests/training/test_loop.py",
    ),
    Mutant(
        "bytes are divided by 256",
        "data/splits.py",
        "raw.float().div_(255.0)",
        "raw.float().div_(256.0)",
        "tests/data/test_batches.py tests/data/test_prepared.py",
    ),
    Mutant(
        "pictures are not clipped",
        "shapes.py",
        "((x - self.low) / self.span).clamp(0.0, 1.0)",
        "((x - self.low) / self.span)",
        "src/chimerae/shapes.py",
    ),
    Mutant(
        "log-variances are not clipped",
        "gaussian.py",
        "return self.logvar.clamp(*LOGVAR_RANGE)",
        "return self.logvar",
        "tests/test_gaussian.py",
    ),
    # constants of losses and metrics
    Mutant(
        "MSE in [-1, 1] is twice that in [0, 1]",
        "metrics/pixel.py",
        "return 4.0 * mse_unit(x, y)",
        "return 2.0 * mse_unit(x, y)",
        "tests/metrics/test_pixel.py",
    ),
    Mutant(
        "the Frechet distance subtracts the roots once",
        "metrics/frechet.py",
        "traces - 2.0 * crossed",
        "traces - crossed",
        "tests/metrics/test_features.py",
    ),
    Mutant(
        "a covariance is divided by n",
        "metrics/frechet.py",
        "(self.products - self.n * mean[:, None] * mean) / (self.n - 1)",
        "(self.products - self.n * mean[:, None] * mean) / self.n",
        "tests/metrics/test_features.py",
    ),
    Mutant(
        "the kernel of KID is a square",
        "metrics/kernel.py",
        "+ 1.0) ** 3",
        "+ 1.0) ** 2",
        "tests/metrics/test_features.py",
    ),
    Mutant(
        "an image is its own first neighbour",
        "metrics/precision_recall.py",
        "return nearest[:, K_PRECISION], nearest[:, K_DENSITY]",
        "return nearest[:, K_PRECISION - 1], nearest[:, K_DENSITY - 1]",
        "tests/metrics/test_features.py",
    ),
    Mutant(
        "SSIM's structure term lacks its factor",
        "metrics/ssim.py",
        "(2 * (xy - mx * my) + c2)",
        "((xy - mx * my) + c2)",
        "tests/metrics/test_ssim.py",
    ),
    Mutant(
        "patches keep their brightness",
        "metrics/swd.py",
        "((channels - mean) / deviation.clamp(min=1e-8))",
        "(channels / deviation.clamp(min=1e-8))",
        "tests/metrics/test_swd.py",
    ),
    Mutant(
        "variety counts a sample with itself",
        "metrics/variety.py",
        ".sum() / (n * (n - 1))",
        ".sum() / (n * n)",
        "tests/metrics/test_variety.py src/chimerae/metrics/variety.py",
    ),
    Mutant(
        "the normalised precisions have a sum of 1",
        "losses/latent.py",
        "weights = q.logvar.shape[-1] * torch.softmax(-q.logvar, -1)",
        "weights = torch.softmax(-q.logvar, -1)",
        "tests/losses/test_latent.py",
    ),
    Mutant(
        "the distance of AS-IntroVAE subtracts its cross term once",
        "losses/aggregate.py",
        "- 2.0 * red(k(a, all_b))",
        "- red(k(a, all_b))",
        "tests/losses/test_aggregate.py",
    ),
    # data
    Mutant(
        "test rows are among the training rows",
        "data/splits.py",
        "np.sort(order[n_test:])",
        "np.sort(order[:n])",
        "tests/data tests/contract/test_data_sources.py",
    ),
    Mutant(
        "every epoch has the same order",
        "data/batches.py",
        'noise.generator(self.seed, "epoch", epoch)',
        'noise.generator(self.seed, "epoch", 0)',
        "tests/data/test_batches.py",
    ),
    Mutant(
        "all images are mirrored",
        "data/augment.py",
        'noise.generator(seed, "flip", step)) < 0.5',
        'noise.generator(seed, "flip", step)) < 1.5',
        "tests/data/test_batches.py",
    ),
    Mutant(
        "random crops never shift to one side",
        "data/augment.py",
        "torch.randint(0, 2 * most + 1, (2, n)",
        "torch.randint(0, 2 * most, (2, n)",
        "tests/data/test_augment.py",
    ),
    Mutant(
        "held-out training samples are learnt from too",
        "data/prepared.py",
        "for part in held_out(validated(len(rows), facts.source), share)]",
        "for part in (np.arange(len(rows)), held_out(validated(len(rows), facts.source), share)[1])]",
        "tests/data/test_validation.py",
    ),
    Mutant(
        "random trials of a search repeat one another",
        "tuning/proposals.py",
        'noise.key(seed, "trial", number)',
        'noise.key(seed, "trial")',
        "tests/tuning/test_proposals.py",
    ),
    # training and going on
    Mutant(
        "the average of weights is the latest weight",
        "training/ema.py",
        "1.0 - decay)",
        "decay)",
        "tests/training/test_ema.py",
    ),
    # encoders that are given
    Mutant(
        "a frozen encoder learns statistics",
        "features/frozen.py",
        "super().train(False)",
        "super().train(mode)",
        "tests/methods/test_avae_frozen.py",
    ),
    Mutant(
        "means of codes are whitened components at any sigma",
        "features/principal.py",
        "Gaussian((1.0 - logvar.exp()).sqrt() * whitened, logvar)",
        "Gaussian(whitened, logvar)",
        "tests/features/test_principal.py",
    ),
    Mutant(
        "codes of data and of the prior change places",
        "methods/avae_frozen.py",
        "torch.where(of_data[:, None], z_q, self.prior(z_q))",
        "torch.where(of_data[:, None], self.prior(z_q), z_q)",
        "tests/methods/test_avae_frozen.py",
    ),
    Mutant(
        "a given encoder is not measured",
        "runs/learn.py",
        "        if not state.step:\n            measure_given",
        "        if state.step:\n            measure_given",
        "tests/training/test_given.py",
    ),
    Mutant(
        "states leave a given encoder out",
        "training/state.py",
        "self.nets.frozen - set(self.method.exported)",
        "self.nets.frozen",
        "tests/training/test_given.py",
    ),
    Mutant(
        "noise repeats itself at every step",
        "training/loop.py",
        'noise.reseed(self.state.device, self.seed, "noise", step)',
        'noise.reseed(self.state.device, self.seed, "noise", 0)',
        "tests/training/test_loop.py",
    ),
    Mutant(
        "a resumed run forgets Adam's moments",
        "training/state.py",
        "            _load_optimizer(player, tensors)\n        self.step = step",
        "            pass\n        self.step = step",
        "tests/training/test_resume.py -k vae",
    ),
    Mutant(
        "a resumed run forgets its step",
        "training/state.py",
        "        self.step = step\n",
        "        self.step = 0 * step\n",
        "tests/training/test_resume.py -k vae",
    ),
    Mutant(
        "a damaged state is used",
        "training/checkpoint.py",
        'if not hashlib.sha256(content).hexdigest().startswith(entry["sha256"]):',
        "if not content:",
        "tests/training/test_state_files.py tests/training/test_bad_resume.py",
    ),
    Mutant(
        "a state that cannot be read now is given up",
        "training/checkpoint.py",
        "except FileNotFoundError as error:",
        "except OSError as error:",
        "tests/training/test_state_files.py",
    ),
    Mutant(
        "files of others are deleted with old states",
        "training/checkpoint.py",
        "        if ours and path.name not in kept",
        "        if path.name != INDEX and path.name not in kept",
        "tests/training/test_state_files.py",
    ),
    Mutant(
        "precision is chosen without a gain",
        "recipes/precision.py",
        '"bfloat16" if gain >= GAIN else',
        '"bfloat16" if gain >= 1.0 else',
        "tests/recipes/test_precision.py",
    ),
    Mutant(
        "an old state keeps its earlier names",
        "training/checkpoint.py",
        'entry.get("schema", 1) > 1',
        'entry.get("schema", 1) > 0',
        "tests/training/test_old_runs.py",
    ),
    Mutant(
        "the learning rate stands still",
        "training/players.py",
        "lr = self.settings.lr_at(progress)",
        "lr = self.settings.lr_at(0.0)",
        "tests/training/test_turns.py tests/training/test_schedules.py tests/training/test_loop.py",
    ),
    Mutant(
        "every range is read as [-1, 1]",
        "shapes.py",
        "        return ((x - self.low) / self.span).clamp(0.0, 1.0)\n",
        "        return ((x + 1.0) / 2.0).clamp(0.0, 1.0)\n",
        "tests/test_codec.py tests/data/test_pixels.py tests/model",
    ),
    Mutant(
        "Soft- and AS-IntroVAE learn in [-1, 1]",
        "methods/introspection.py",
        "value_range: ClassVar[ValueRange] = UNIT",
        "value_range: ClassVar[ValueRange] = SIGNED",
        "tests/recipes/test_presets.py",
    ),
    Mutant(
        "the scales of MS-SSIM are weighted the other way round",
        "metrics/ms_ssim.py",
        "(0.0448, 0.2856, 0.3001, 0.2363, 0.1333)",
        "(0.1333, 0.2363, 0.3001, 0.2856, 0.0448)",
        "tests/metrics/test_ms_ssim.py",
    ),
    Mutant(
        "Adam's second decay is PyTorch's own",
        "training/players.py",
        "betas = (s.beta1, s.beta2)",
        "betas = (s.beta1, 0.999)",
        "tests/training/test_turns.py",
    ),
    Mutant(
        "WGAN-GP's second decay",
        "recipes/optimizers.py",
        "lr=1e-4, beta1=0.5, beta2=0.9)",
        "lr=1e-4, beta1=0.5)",
        "tests/recipes/test_presets.py",
    ),
    Mutant(
        "the introspective methods' momentum",
        "recipes/optimizers.py",
        "INTROSPECTIVE_ADAM = Training(optimizer=Optimizer(beta1=0.9))",
        "INTROSPECTIVE_ADAM = Training(optimizer=Optimizer())",
        "tests/recipes/test_presets.py",
    ),
    Mutant(
        "the rate of DCGAN's recipes does not fall as far",
        "recipes/optimizers.py",
        'DCGAN_ADAM = Training(optimizer=Optimizer(schedule="exponential", final=0.02))',
        'DCGAN_ADAM = Training(optimizer=Optimizer(schedule="exponential", final=0.2))',
        "tests/recipes/test_presets.py",
    ),
    Mutant(
        "SVHN's weight of the error",
        "studies/papers/avae_table1.py",
        '        "svhn-extra",\n        20.0,',
        '        "svhn-extra",\n        10.0,',
        "tests/studies/papers/test_avae_table1.py",
    ),
    Mutant(
        "a published number of CelebA",
        "studies/papers/avae_table1.py",
        "60.04±.47, 14.54±.41, 26.45±4.66",
        "60.04±.47, 26.45±4.66, 14.54±.41",
        "tests/studies/papers/test_avae_table1.py",
    ),
    Mutant(
        "a difference in the wrong direction counts as agreement",
        "studies/papers/avae_table1.py",
        "if not ours.below(theirs):",
        "if not ours.differs(theirs):",
        "tests/studies/papers/test_avae_table1.py",
    ),
    Mutant(
        "BatchNorm remembers what the decoder's turn looks at",
        "methods/soft_introvae.py",
        "q_r, q_f = E.untracked(x_r), E.untracked(x_f)",
        "q_r, q_f = E(x_r), E(x_f)",
        "tests/contract/test_methods.py -k statistics",
    ),
    Mutant(
        "BatchNorm remembers the second look at the data",
        "methods/wae_gan.py",
        "z_q = E.untracked(noise.disturbed(x, self.add_noise)).mu",
        "z_q = E(noise.disturbed(x, self.add_noise)).mu",
        "tests/contract/test_methods.py -k statistics",
    ),
    Mutant(
        "the critic of codes judges those of before the encoder moved",
        "methods/wae_gan.py",
        "            return self._judged(nets, z_q)\n\n        return UPDATES",
        "            return a_code.detach()\n\n        return UPDATES",
        "tests/methods/test_wae_gan.py",
    ),
    # studies
    Mutant(
        "a cell whose worker was lost is given up",
        "studies/pool.py",
        "if end.lost and self.lost[label] < RETRIES:",
        "if end.lost and self.lost[label] < 0:",
        "tests/studies/test_executors.py -k lost",
    ),
    Mutant(
        "the shortest cells start first",
        "studies/forecast.py",
        "key=lambda cell: -self.needed(",
        "key=lambda cell: self.needed(",
        "tests/studies/test_executors.py -k longest",
    ),
    # options of published codes, health, studies
    Mutant(
        "VAE/GAN's critic gives each kind of fakes a half",
        "methods/vae_gan.py",
        "(0.5, 0.5 / len(games))",
        "(0.5, 0.5)",
        "tests/methods/test_vae_gan.py",
    ),
    Mutant(
        "the decoder's game keeps its whole weight",
        "methods/vae_gan.py",
        "return 1.0 - self.gamma if",
        "return 1.0 if",
        "tests/methods/test_vae_gan.py",
    ),
    Mutant(
        "the offset stands outside of the logarithm",
        "losses/adversarial.py",
        "return torch.logaddexp(-softplus(-c), c.new_tensor(log(offset)))",
        "return -softplus(-c) + offset",
        "tests/losses/test_adversarial.py",
    ),
    Mutant(
        "IntroVAE's decoder keeps its error",
        "methods/introvae.py",
        "self.beta if self.decoder_error else 0.0",
        "self.beta",
        "tests/methods/test_introvae.py",
    ),
    Mutant(
        "WAE-GAN's critic sees the noise of the autoencoder's pass",
        "methods/wae_gan.py",
        "z_q = E.untracked(noise.disturbed(x, self.add_noise)).mu",
        "z_q = E.untracked(seen).mu",
        "tests/methods/test_wae_gan.py",
    ),
    Mutant(
        "improved codes stop when their cost rises",
        "evaluation/improved.py",
        "if abs(now - last) < SETTLED * abs(last)",
        "if now - last < SETTLED * abs(last)",
        "tests/model/test_improved.py -k tenth",
    ),
    Mutant(
        "a few patterns in other tones are many",
        "training/health.py",
        "< FEW_VARIETY or untold",
        "< FEW_VARIETY",
        "tests/training/test_health.py",
    ),
    Mutant(
        "variety within classes is that of all classes together",
        "training/measures.py",
        "(x - y @ means)",
        "(x - x.mean(0))",
        "tests/training/test_probe.py",
    ),
    Mutant(
        "a remedy that a run has is named again",
        "remedies/change.py",
        "if change.missing(settings)]",
        "if True]",
        "tests/test_remedies.py",
    ),
    Mutant(
        "reconstructions of the training split are those of the test split",
        "evaluation/pairs.py",
        "_of_split(task, metrics, task.data.train)",
        "_of_split(task, metrics, task.data.test)",
        "tests/evaluation/test_evaluate.py -k training_split",
    ),
    Mutant(
        "AS-IntroVAE as published code detaches its targets",
        "studies/papers/as_introvae_images.py",
        '    "method.detach_target": False,\n',
        "",
        "tests/studies/papers/test_image_tables.py -k published_code",
    ),
    # many processes
    Mutant(
        "every process draws the noise of the first rows",
        "noise.py",
        "return own(torch.randn(rows_of_all(n), d, device=device)) if made",
        "return torch.randn(n, d, device=device) if made",
        "tests/parallel/test_parallel.py",
    ),
    Mutant(
        "values of the whole batch have the gradient of one process's loss",
        "parallel/rows.py",
        "return _Sum.apply(slopes[0], ctx.group), None",
        "return slopes[0], None",
        "tests/parallel/test_parallel.py",
    ),
    Mutant(
        "gradients are added up over the processes",
        "parallel/group.py",
        "flat.div_(self.size)",
        "flat",
        "tests/parallel/test_parallel.py",
    ),
    Mutant(
        "BatchNorm's variance is that of one process's rows",
        "parallel/norms.py",
        "average(centred.square().mean(rows, keepdim=True))",
        "centred.square().mean(rows, keepdim=True)",
        "tests/parallel/test_parallel.py",
    ),
    Mutant(
        "the estimated variance is that of one process's rows",
        "losses/reconstruction.py",
        "average((x - y).detach().square().mean())",
        "(x - y).detach().square().mean()",
        "tests/parallel/test_parallel.py",
    ),
    # sharing
    Mutant(
        "a shared model names the folder of its data",
        "sharing/public.py",
        "    return DataName(LOCAL)\n",
        "    return DataName(source)\n",
        "tests/sharing/test_card.py",
    ),
    Mutant(
        "a card has scores of other weights",
        "sharing/subject.py",
        "    fresh = scored == step\n",
        "    fresh = True\n",
        "tests/sharing/test_card.py",
    ),
    Mutant(
        "every repository that is made is public",
        "sharing/upload.py",
        "private=private, exist_ok=True",
        "private=False, exist_ok=True",
        "tests/sharing/test_hub.py",
    ),
    # a local page
    Mutant(
        "uploads of other sites are taken",
        "report/serve.py",
        'self.headers.get("Origin", f"http://{host}") != f"http://{host}"',
        "not host",
        "tests/explore/test_site.py",
    ),
    Mutant(
        "other sites may ask the page's server",
        "report/serve.py",
        "foreign and not by_link else",
        "foreign and not host else",
        "tests/explore/test_site.py",
    ),
    Mutant(
        "a slider adds to the place of the code",
        "evaluation/directions.py",
        "(wanted - self.places(z)[:, known])",
        "wanted[None]",
        "tests/evaluation/test_directions.py",
    ),
    Mutant(
        "principal directions are those of noisy draws",
        "evaluation/directions.py",
        "main_directions(codes.means,",
        "main_directions(codes.draws,",
        "tests/evaluation/test_directions.py",
    ),
    Mutant(
        "a flow leaves the whitening out of its log determinant",
        "evaluation/flow.py",
        "total = -self.factor.diagonal().log().sum().expand(len(x))",
        "total = torch.zeros(len(x), dtype=x.dtype)",
        "tests/evaluation/test_flow.py",
    ),
    Mutant(
        "a flow ends with its last step, not its best",
        "evaluation/flow.py",
        "    flow.load_state_dict(state)\n",
        "",
        "tests/evaluation/test_flow.py",
    ),
    Mutant(
        "a flow's log scales have no bound",
        "evaluation/flow.py",
        "return MOST_SCALE * torch.tanh(s / MOST_SCALE), t",
        "return s, t",
        "tests/evaluation/test_flow.py",
    ),
    Mutant(
        "clusters have one covariance",
        "evaluation/fitted_priors.py",
        "covariances = weights * own + (1 - weights) * within",
        "covariances = 0 * weights * own + within",
        "tests/evaluation/test_fitted_priors.py",
    ),
    Mutant(
        "a critic sees images in [0, 1]",
        "runs/critic.py",
        "self.method.value_range.from_unit if x.dim() == 4 else",
        "(lambda each: each) if x.dim() == 4 else",
        "tests/runs/test_critic.py",
    ),
    Mutant(
        "a label's direction leads away from it",
        "evaluation/directions.py",
        "a.mean(0) - b.mean(0)",
        "b.mean(0) - a.mean(0)",
        "tests/evaluation/test_directions.py",
    ),
    Mutant(
        "pictures are kept without end",
        "explore/uploads.py",
        "        while len(self._kept) > KEPT:\n",
        "        while len(self._kept) > 10 * KEPT:\n",
        "tests/explore/test_explorer.py",
    ),
)


def survives(mutant: Mutant) -> bool:
    """True when the tests pass in spite of the fault: then they are not good enough."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(ROOT / "src", Path(place) / "src")
        shutil.copytree(ROOT / "tests", Path(place) / "tests")
        shutil.copy(ROOT / "pyproject.toml", place)
        for folder in ("docs", "examples"):
            (Path(place) / folder).symlink_to(ROOT / folder)
        (Path(place) / "src" / "chimerae" / mutant.file).write_text(mutant.text(), "utf-8")
        told = [sys.executable, "-m", "pytest", "-x", "-q", *mutant.tests.split()]
        environment = {**os.environ, "PYTHONPATH": str(Path(place) / "src"), "OMP_NUM_THREADS": "1"}
        ended = subprocess.run(told, cwd=place, env=environment, capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.what}: the tests did not run\n{ended.stdout}{ended.stderr}")
    return ended.returncode == 0


def main(chosen: Sequence[str]) -> int:
    """Run the mutants with these numbers, or all; the exit code is 1 when one survives."""
    alive = 0
    for number, mutant in enumerate(MUTANTS, 1):
        if chosen and str(number) not in chosen:
            continue
        began = time.monotonic()
        lives = survives(mutant)
        alive += lives
        word = "SURVIVES" if lives else "killed"
        print(
            f"{number:2} {word:8} {time.monotonic() - began:5.1f} s  {mutant.file}: {mutant.what}", flush=True
        )
    print(f"{alive} survive")
    return min(alive, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
