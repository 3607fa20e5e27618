"""The data sets of the papers by name, each with its split and its transform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chimerae.data.settings import Prepare
from chimerae.data.split_names import WantedSplits

USUAL: Final[WantedSplits] = {"train": ("train",), "test": ("test",)}


@dataclass(frozen=True, kw_only=True)
class NamedDataset:
    """A data set that has a name here."""

    name: str
    about: str
    folders: tuple[str, ...]
    """Folders to look for under the root, in this order."""
    preset: str
    """Source of split and transform."""
    hub: str | None = None
    """Its id on the Hugging Face hub; None: it is only taken from a folder."""
    config: str | None = None
    """Subset of the hub's data set; None: the only one."""
    page: str = ""
    """Path, below its page on the hub, of the page that documents subset and splits."""
    splits: WantedSplits = field(default_factory=lambda: USUAL)
    """Maps our splits to those of the hub that make them, joined in this order."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Images in the splits of the hub, where they are documented exactly."""
    in_order: bool = False
    """True: the files of the original are numbered split by split, in the order of `counts`."""
    prepare: Prepare = field(default_factory=Prepare)
    """Default settings by which it is turned into arrays."""

    @property
    def documented(self) -> str | None:
        """Address of the page that documents the names of hub id, subset and splits; None without an id."""
        return None if self.hub is None else f"huggingface.co/datasets/{self.hub}{self.page}"


_FACES: Final = {"train": 162_770, "valid": 19_867, "test": 19_962}
_NINE_TO_ONE: Final[WantedSplits] = {"train": ("train", "valid"), "test": ("test",)}


def _celeba(name: str, about: str, preset: str, splits: WantedSplits, prepare: Prepare) -> NamedDataset:
    return NamedDataset(
        name=name,
        about=f"CelebA, faces: {about}",
        folders=("celeba", "img_align_celeba"),
        hub="flwrlabs/celeba",
        page="/blob/main/README.md",
        splits=splits,
        counts=_FACES,
        in_order=True,
        preset=preset,
        prepare=prepare,
    )


CELEBA: Final[tuple[NamedDataset, ...]] = (
    _celeba(
        "celeba-crop70",
        "AVAE's central 70 percent, 154x126, squeezed to 64",
        "AVAE, paper",
        _NINE_TO_ONE,
        Prepare(crop=0.7, size=64, fit="squeeze"),
    ),
    _celeba(
        "celeba-crop60",
        "the central 60 percent of AVAE's code, 132x108, squeezed to 64",
        "AVAE, code",
        _NINE_TO_ONE,
        Prepare(crop=0.6, size=64, fit="squeeze"),
    ),
    _celeba(
        "celeba-crop140",
        "WAE's central 140x140 at 64",
        "WAE, code: closecrop",
        _NINE_TO_ONE,
        Prepare(crop=140, size=64),
    ),
    _celeba(
        "celeba-crop148",
        "VAE/GAN's 148x148 at rows 40 to 188, columns 15 to 163, at 64",
        "VAE/GAN, code",
        USUAL,
        Prepare(crop=(15, 40, 148, 148), size=64),
    ),
    _celeba(
        "celeba-whole",
        "the whole image squeezed to 64, as Soft-IntroVAE and AS-IntroVAE",
        "Soft-IntroVAE and AS-IntroVAE, code",
        USUAL,
        Prepare(size=64, fit="squeeze"),
    ),
)
"""CelebA as each paper cuts it; scores across these cuts cannot be compared.

The originals are 178 wide and 218 high, and came with a split in the order of their files. Soft-IntroVAE
trains on the first 162,770 of them, which is exactly the training split. AVAE's code deals the images 9 : 1
at random, and WAE's shuffles them with a seed of its own and keeps 20,000 for testing. The nearest to both is
used here: `train` and `valid` together (182,637) for training, and `test` (19,962) for testing. The sizes are
nearly the same, the images are others.
"""

NAMED_DATASETS: Final[tuple[NamedDataset, ...]] = (
    NamedDataset(
        name="mnist",
        about="70,000 handwritten digits, 28x28 grey",
        folders=("mnist",),
        hub="ylecun/mnist",
        counts={"train": 60_000, "test": 10_000},
        preset="WAE, MNIST experiments: as they are",
    ),
    NamedDataset(
        name="fashion-mnist",
        about="70,000 articles of clothing, 28x28 grey",
        folders=("fashion-mnist", "fashion_mnist"),
        hub="zalando-datasets/fashion_mnist",
        counts={"train": 60_000, "test": 10_000},
        preset="Soft-IntroVAE, code: as they are",
    ),
    NamedDataset(
        name="cifar10",
        about="60,000 photographs of 10 classes, 32x32 RGB",
        folders=("cifar10",),
        hub="uoft-cs/cifar10",
        page="/tree/main/plain_text",
        counts={"train": 50_000, "test": 10_000},
        preset="AVAE, table 1: as they are",
    ),
    NamedDataset(
        name="cifar100",
        about="60,000 photographs of 100 classes, 32x32 RGB",
        folders=("cifar100",),
        hub="uoft-cs/cifar100",
        counts={"train": 50_000, "test": 10_000},
        preset="AVAE, table 1: as they are",
    ),
    NamedDataset(
        name="svhn",
        about="house numbers, 32x32 RGB: trained on the small split of 73,257",
        folders=("svhn",),
        hub="ufldl-stanford/svhn",
        config="cropped_digits",
        page="/blob/main/dataset_infos.json",
        counts={"train": 73_257, "test": 26_032, "extra": 531_131},
        preset="Soft-IntroVAE, code: as they are",
    ),
    NamedDataset(
        name="svhn-extra",
        about="house numbers, 32x32 RGB: trained on the 531,131 extra ones, as AVAE",
        folders=("svhn",),
        hub="ufldl-stanford/svhn",
        config="cropped_digits",
        page="/blob/main/dataset_infos.json",
        splits={"train": ("extra",), "test": ("test",)},
        counts={"train": 73_257, "test": 26_032, "extra": 531_131},
        preset="AVAE, table 1: train on `extra`",
    ),
    *CELEBA,
    NamedDataset(
        name="lsun-bedroom",
        about="bedrooms, squeezed to 64x64 RGB",
        folders=("lsun-bedroom", "lsun-bedrooms", "bedroom"),
        hub="pcuenq/lsun-bedrooms",
        page="/tree/main/data",
        preset="AVAE, table 1: the whole image, resized",
        prepare=Prepare(size=64, fit="squeeze"),
    ),
    NamedDataset(
        name="ffhq",
        about="70,000 faces at 256x256 RGB; a tenth is held out",
        folders=("ffhq", "ffhq256", "ffhq-256"),
        hub="merkol/ffhq-256",
        splits={"train": ("train",)},
        counts={"train": 70_000},
        preset="AVAE on StyleGAN2: 256x256",
        prepare=Prepare(size=256),
    ),
    NamedDataset(
        name="oxford-pets",
        about="7,349 cats and dogs, squeezed to 128x128 RGB",
        folders=("oxford-pets", "oxford-iiit-pet"),
        hub="timm/oxford-iiit-pet",
        counts={"train": 3_680, "test": 3_669},
        preset="AS-IntroVAE: one reading of `Oxford` at 128",
        prepare=Prepare(size=128, fit="squeeze"),
    ),
    NamedDataset(
        name="oxford-flowers",
        about="8,189 flowers of 102 kinds, squeezed to 128x128 RGB",
        folders=("oxford-flowers", "oxford_flowers102", "flowers102"),
        hub="dpdl-benchmark/oxford_flowers102",
        page="/viewer",
        splits={"train": ("train", "validation"), "test": ("test",)},
        preset="AS-IntroVAE: one reading of `Oxford` at 128",
        prepare=Prepare(size=128, fit="squeeze"),
    ),
    NamedDataset(
        name="oxford-buildings",
        about="buildings of Oxford, squeezed to 128x128 RGB; only from a folder",
        folders=("oxford-buildings", "oxbuild_images"),
        preset="AS-IntroVAE, code: a folder of images at 128",
        prepare=Prepare(size=128, fit="squeeze"),
    ),
    NamedDataset(
        name="lfw",
        about="13,233 faces, 64x64 RGB, nobody in both splits; only from a folder",
        folders=("lfw64",),
        counts={"train": 12_166, "test": 1_067},
        preset="files that were split by identity and cut (144x144 around the centre, at 64) beforehand",
        prepare=Prepare(size=64),
    ),
)
"""Every data set that has a name here."""

_BY_NAME: Final = {each.name: each for each in NAMED_DATASETS}


def named_dataset(source: str) -> tuple[NamedDataset, str | None] | None:
    """The data set and the revision that `source` (NAME or NAME@REVISION) means; None when it is no name.

    >>> found = named_dataset("cifar10@main")
    >>> found and (found[0].hub, found[1])
    ('uoft-cs/cifar10', 'main')
    """
    name, _, revision = source.partition("@")
    return (_BY_NAME[name], revision or None) if name in _BY_NAME else None


def preset(source: str) -> Prepare:
    """Default settings of `source`: those of its paper where it has a name, else images as they are.

    >>> preset("celeba-crop70").crop, preset("./photos") == Prepare()
    (0.7, True)
    """
    found = named_dataset(source)
    return Prepare() if found is None else found[0].prepare
