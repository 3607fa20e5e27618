"""A small classifier that is trained on the labels of a data set: features where no others are available."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from chimerae import noise
from chimerae.data import Prepare, Prepared, Split, prepare
from chimerae.data.sources import digest
from chimerae.data.store import cache_folder
from chimerae.errors import InputError
from chimerae.features.extractor import Extractor, FeatureRequest, in_pieces
from chimerae.files import write_bytes
from chimerae.progress import Progress
from chimerae.shapes import Shape

VERSION: Final = 1
"""Version of the network and its training: another one gives other features, and gets files of its own."""
SEED: Final = 0
BATCH: Final = 128
STEPS: Final = 800
EPOCHS: Final = 8
"""Steps are 800, or as many as make 8 epochs where that is fewer."""
RATE: Final = 2e-3
"""Learning rate of Adam; falls to 0 as a cosine."""
WIDTHS: Final = (32, 64, 128, 128, 256, 256)
"""Channels of the convolutions. Each halves the sides (the first one only sides above 32), down to 4 pixels
or 3.
"""
PIECE: Final = 50
"""Images that the network sees at a time: activations of more leave the caches of a CPU."""
FEWEST: Final = 20
"""Fewest images per class, on average, for labels that are worth learning."""


def network(shape: Shape, classes: int) -> nn.Sequential:
    """3x3 convolutions with BatchNorm and ReLU until 4 pixels or fewer are left, their mean, and a linear
    layer.
    """
    channels, side = shape[0], min(shape[1:])
    layers: list[nn.Module] = []
    stride = 2 if side > 32 else 1
    for width in WIDTHS:
        layers += [
            nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        channels, side, stride = width, -(-side // stride), 2
        if side <= 4:
            break
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@final
@dataclass(frozen=True)
class Classifier(Extractor):
    """Features `pool`, the input of the classifier's last layer, and `logits`, its output."""

    name: ClassVar[str] = "classifier"

    layers: nn.Sequential
    source: str
    """Source of its training data."""
    accuracy: float
    """Accuracy on the test split, in [0, 1]."""
    weights: str
    """Digest of its weights."""
    suffix: str = ""

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        """Source of its training data, its accuracy, and the digest of its weights."""
        return {
            "labels": self.source,
            "accuracy": round(self.accuracy, 4),
            "weights_of_features": self.weights,
        }

    @torch.no_grad()
    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        """`pool` `[B, 64 to 256]` and `logits` `[B, classes]`."""
        pool = in_pieces(self._pool, images, PIECE)
        return {"pool": pool, "logits": self.layers[-1](pool)}

    def _pool(self, images: Tensor) -> Tensor:
        pool: Tensor = self.layers[:-1](_scaled(images).contiguous(memory_format=torch.channels_last))
        return pool


def open_classifier(wanted: FeatureRequest) -> Classifier:
    """The classifier of the requested labels: from the cache, or trained now.

    Raises:
        InputError: labels are missing or cannot be learnt.
    """
    shape = wanted.data.shape
    if wanted.labels is None:
        data, suffix = wanted.data, ""
    else:
        size = Prepare(size=(shape[1], shape[2]), channels="1" if wanted.grey else "3")
        data, suffix = prepare(wanted.labels, size, progress=wanted.progress), f"[{wanted.labels}]"
    classes, path = _classes(data), kept_at(data)
    found = _read(path, shape, classes)
    if found is None:
        layers, accuracy = train(data, classes, wanted.device, wanted.progress)
        tensors = {name: tensor.contiguous() for name, tensor in layers.state_dict().items()}
        write_bytes(path, save(tensors, {"accuracy": repr(accuracy)}))
        found = _read(path, shape, classes)
    if found is None:
        raise InputError(f"the classifier in {path} vanished while it was opened; try again")
    layers, accuracy, weights = found
    layers.to(wanted.device).to(memory_format=torch.channels_last)
    return Classifier(layers, data.facts.source, accuracy, weights, suffix)


def kept_at(data: Prepared) -> Path:
    """File of the classifier of the labels of `data`, once it is trained."""
    rows = (len(data.train), len(data.test))
    key = digest([VERSION, SEED, STEPS, EPOCHS, data.facts.checksum, rows])
    return cache_folder(None) / f"classifier-{key}.safetensors"


@torch.enable_grad()
def train(
    data: Prepared, classes: int, device: torch.device, progress: Progress
) -> tuple[nn.Sequential, float]:
    """A classifier of `data`, ready for use, and its accuracy on the test split."""
    steps = min(STEPS, max(1, EPOCHS * len(data.train) // BATCH))
    labels = _labels(data.train)
    with noise.seeded("classifier", SEED):
        layers = network(data.shape, classes).to(device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(layers.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    g = noise.generator("classifier", SEED, "batches")
    for step in range(steps):
        chosen = torch.randint(len(data.train), (BATCH,), generator=g)
        x = _scaled(data.train.raw(chosen).to(device)).contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(layers(x), labels[chosen].to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        progress(step + 1, steps, "steps of the classifier behind FD-classifier")
    layers.eval().requires_grad_(False)
    return layers, _accuracy(layers, data.test, device)


def _classes(data: Prepared) -> int:
    """Number of classes.

    Raises:
        InputError: there are no labels that can be learnt.
    """
    name = data.facts.source
    other = "name another labelled set: chimerae evaluate RUN --labels cifar10"
    if data.train.labels is None or data.test.labels is None:
        raise InputError(f"{name} has no labels to train a classifier on; {other}")
    kinds = len(data.train.labels.unique())
    if kinds < 2 or len(data.train) < FEWEST * kinds:
        raise InputError(
            f"the labels of {name} cannot be learnt ({kinds} classes, {len(data.train)} images); {other}"
        )
    return int(max(data.train.labels.max(), data.test.labels.max())) + 1


def _labels(split: Split) -> Tensor:
    assert split.labels is not None
    return split.labels


def _scaled(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1.0


@torch.no_grad()
def _accuracy(layers: nn.Module, test: Split, device: torch.device) -> float:
    right = 0
    for start in range(0, len(test), 4 * BATCH):
        rows = torch.arange(start, min(start + 4 * BATCH, len(test)))
        named = layers(_scaled(test.raw(rows).to(device))).argmax(1).cpu()
        right += int((named == _labels(test)[rows]).sum())
    return right / max(1, len(test))


def _read(path: Path, shape: Shape, classes: int) -> tuple[nn.Sequential, float, str] | None:
    """Layers, accuracy and digest from the file; None when missing or damaged: it is then trained again."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            accuracy = float(file.metadata()["accuracy"])
        layers = network(shape, classes)
        layers.load_state_dict(tensors)
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError):
        return None
    layers.eval().requires_grad_(False)
    return layers, accuracy, hashlib.sha256(path.read_bytes()).hexdigest()[:8]
