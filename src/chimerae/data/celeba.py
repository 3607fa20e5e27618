"""CelebA as each paper cuts it; scores across these cuts cannot be compared.

The originals are 178 wide and 218 high, and came with a split in the order of their files. Soft-IntroVAE
trains on the first 162,770 of them, which is exactly the training split. AVAE's code deals the images 9 : 1
at random, and WAE's shuffles them with a seed of its own and keeps 20,000 for testing. Nearest to both is to
train on `train` and `valid` together (182,637) and to test on `test` (19,962), as is done here: nearly the
same sizes, other images.
"""

from __future__ import annotations

from typing import Final

from chimerae.data.choose import Wanted
from chimerae.data.entry import USUAL, Named
from chimerae.data.settings import Prepare

_FACES: Final = {"train": 162_770, "valid": 19_867, "test": 19_962}
_NINE_TO_ONE: Final[Wanted] = {"train": ("train", "valid"), "test": ("test",)}


def _celeba(name: str, about: str, preset: str, splits: Wanted, prepare: Prepare) -> Named:
    return Named(
        name=name,
        about=f"CelebA, faces: {about}",
        folders=("celeba", "img_align_celeba"),
        hub="flwrlabs/celeba",
        documented="huggingface.co/datasets/flwrlabs/celeba/blob/main/README.md",
        splits=splits,
        counts=_FACES,
        in_order=True,
        preset=preset,
        prepare=prepare,
    )


CELEBA: Final[tuple[Named, ...]] = (
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
