"""The data sets of the papers by name, each with its split and its transform."""

from __future__ import annotations

from typing import Final

from chimerae.data.celeba import CELEBA
from chimerae.data.entry import Named
from chimerae.data.settings import Prepare

NAMED: Final[tuple[Named, ...]] = (
    Named(
        name="mnist",
        about="70,000 handwritten digits, 28x28 grey",
        folders=("mnist",),
        hub="ylecun/mnist",
        documented="huggingface.co/datasets/ylecun/mnist",
        counts={"train": 60_000, "test": 10_000},
        preset="WAE, MNIST experiments: as they are",
    ),
    Named(
        name="fashion-mnist",
        about="70,000 articles of clothing, 28x28 grey",
        folders=("fashion-mnist", "fashion_mnist"),
        hub="zalando-datasets/fashion_mnist",
        documented="huggingface.co/datasets/zalando-datasets/fashion_mnist",
        counts={"train": 60_000, "test": 10_000},
        preset="Soft-IntroVAE, code: as they are",
    ),
    Named(
        name="cifar10",
        about="60,000 photographs of 10 classes, 32x32 RGB",
        folders=("cifar10",),
        hub="uoft-cs/cifar10",
        documented="huggingface.co/datasets/uoft-cs/cifar10/tree/main/plain_text",
        counts={"train": 50_000, "test": 10_000},
        preset="AVAE, table 1: as they are",
    ),
    Named(
        name="cifar100",
        about="60,000 photographs of 100 classes, 32x32 RGB",
        folders=("cifar100",),
        hub="uoft-cs/cifar100",
        documented="huggingface.co/datasets/uoft-cs/cifar100",
        counts={"train": 50_000, "test": 10_000},
        preset="AVAE, table 1: as they are",
    ),
    Named(
        name="svhn",
        about="house numbers, 32x32 RGB: trained on the small split of 73,257",
        folders=("svhn",),
        hub="ufldl-stanford/svhn",
        config="cropped_digits",
        documented="huggingface.co/datasets/ufldl-stanford/svhn/blob/main/dataset_infos.json",
        counts={"train": 73_257, "test": 26_032, "extra": 531_131},
        preset="Soft-IntroVAE, code: as they are",
    ),
    Named(
        name="svhn-extra",
        about="house numbers, 32x32 RGB: trained on the 531,131 extra ones, as AVAE",
        folders=("svhn",),
        hub="ufldl-stanford/svhn",
        config="cropped_digits",
        documented="huggingface.co/datasets/ufldl-stanford/svhn/blob/main/dataset_infos.json",
        splits={"train": ("extra",), "test": ("test",)},
        counts={"train": 73_257, "test": 26_032, "extra": 531_131},
        preset="AVAE, table 1: train on `extra`",
    ),
    *CELEBA,
    Named(
        name="lsun-bedroom",
        about="bedrooms, squeezed to 64x64 RGB",
        folders=("lsun-bedroom", "lsun-bedrooms", "bedroom"),
        hub="pcuenq/lsun-bedrooms",
        documented="huggingface.co/datasets/pcuenq/lsun-bedrooms/tree/main/data",
        preset="AVAE, table 1: the whole image, resized",
        prepare=Prepare(size=64, fit="squeeze"),
    ),
    Named(
        name="ffhq",
        about="70,000 faces at 256x256 RGB; a tenth is held out",
        folders=("ffhq", "ffhq256", "ffhq-256"),
        hub="merkol/ffhq-256",
        documented="huggingface.co/datasets/merkol/ffhq-256",
        splits={"train": ("train",)},
        counts={"train": 70_000},
        preset="AVAE on StyleGAN2: 256x256",
        prepare=Prepare(size=256),
    ),
    Named(
        name="oxford-pets",
        about="7,349 cats and dogs, squeezed to 128x128 RGB",
        folders=("oxford-pets", "oxford-iiit-pet"),
        hub="timm/oxford-iiit-pet",
        documented="huggingface.co/datasets/timm/oxford-iiit-pet",
        counts={"train": 3_680, "test": 3_669},
        preset="AS-IntroVAE: one reading of `Oxford` at 128",
        prepare=Prepare(size=128, fit="squeeze"),
    ),
    Named(
        name="oxford-flowers",
        about="8,189 flowers of 102 kinds, squeezed to 128x128 RGB",
        folders=("oxford-flowers", "oxford_flowers102", "flowers102"),
        hub="dpdl-benchmark/oxford_flowers102",
        documented="huggingface.co/datasets/dpdl-benchmark/oxford_flowers102/viewer",
        splits={"train": ("train", "validation"), "test": ("test",)},
        preset="AS-IntroVAE: one reading of `Oxford` at 128",
        prepare=Prepare(size=128, fit="squeeze"),
    ),
    Named(
        name="oxford-buildings",
        about="buildings of Oxford, squeezed to 128x128 RGB; only from a folder",
        folders=("oxford-buildings", "oxbuild_images"),
        preset="AS-IntroVAE, code: a folder of images at 128",
        prepare=Prepare(size=128, fit="squeeze"),
    ),
    Named(
        name="lfw",
        about="13,233 faces, 64x64 RGB, nobody in both splits; only from a folder",
        folders=("lfw64",),
        counts={"train": 12_166, "test": 1_067},
        preset="files that were split by identity and cut (144x144 around the centre, at 64) beforehand",
        prepare=Prepare(size=64),
    ),
)
"""Every data set that has a name here."""

_BY_NAME: Final = {each.name: each for each in NAMED}


def named(source: str) -> tuple[Named, str | None] | None:
    """The data set and the revision that `source` (NAME or NAME@REVISION) means; None when it is no name.

    >>> found = named("cifar10@main")
    >>> found and (found[0].hub, found[1])
    ('uoft-cs/cifar10', 'main')
    """
    name, _, revision = source.partition("@")
    return (_BY_NAME[name], revision or None) if name in _BY_NAME else None


def preset(source: str) -> Prepare:
    """How `source` is prepared when nothing is said: as in its paper where it has a name, else as it is.

    >>> preset("celeba-crop70").crop, preset("./photos") == Prepare()
    (0.7, True)
    """
    found = named(source)
    return Prepare() if found is None else found[0].prepare
