"""Metrics under the names that the field gives them, and the kinds in which tables group them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chimerae.run_folder.scores import TRAIN

FAMILIES: Final = {"efficientnet": "EfficientNet", "classifier": "classifier"}
"""Networks of features, by the endings of names of metrics, the preferred one first."""
_NAMES: Final = {
    "rfid": "rFID",
    "rfd": "rFD",
    "mse_signed": "MSE (−1 to 1)",
    "mse_unit": "MSE (0 to 1)",
    "mse_points": "MSE",
    "fvu": "Variance unexplained",
    "rmse_255": "RMSE (0 to 255)",
    "ms_ssim": "MS-SSIM",
    "nearest_train": "Nearest training image, RMSE",
    "copied": "Copies",
    "interpolation_rmse": "Interpolation, RMSE",
    "label_agreement": "Label agreement",
    "prior_mmd": "MMD to the prior",
    "prior_p": "p of the prior",
    "kl_published": "KL (published units)",
    "jsd_published": "JSD (published units)",
    "kl_nats": "KL (nats)",
    "jsd_nats": "JSD (nats)",
    "kl_per_sample": "KL (nats per sample)",
    "lpips_vgg": "LPIPS (VGG16)",
    "perceptual": "Perceptual error",
}
_ACRONYMS: Final = frozenset(
    {"fd", "fid", "is", "jsd", "kd", "kid", "kl", "lpips", "mmd", "mse", "psnr", "rmse", "ssim", "swd"}
)
KINDS: Final = {
    "Reconstruction": (
        [
            "mse_signed",
            "mse_unit",
            "fvu",
            "rmse_255",
            "psnr",
            "ssim",
            "lpips",
            "lpips_vgg",
            "perceptual",
            "rfid",
            "rfd",
            "label_agreement",
            "mse_points",
            "cycle_cost",
        ]
    ),
    "Realism of samples": ["fid", "kid", "inception_score", "fd", "kd", "swd", "sharpness"],
    "Samples among the data": ["precision", "recall", "density", "coverage"],
    "Variety and copies": ["variety", "ms_ssim", "copied", "nearest_train", "interpolation_rmse"],
    "Points": [
        "kl_published",
        "jsd_published",
        "kl_nats",
        "jsd_nats",
        "modes_covered",
        "in_modes",
        "near_data",
        "on_branches",
        "both_branches",
        "code_rank",
    ],
    "Codes": [
        "prior_mmd",
        "prior_p",
        "code_information",
        "active_units",
        "kl_per_sample",
        "probe_accuracy",
        "edge_open",
        "both_signs",
    ],
}
"""Kinds of metrics, and the metrics of each without the network of their features."""
OTHER: Final = "Other scores"


def title(metric: str) -> str:
    """A metric's name as the field writes it, with the network of its features.

    >>> title("psnr"), title("fd_classifier[cifar10]"), title("kd_efficientnet"), title("ssim[train]")
    ('PSNR', 'FD (classifier of cifar10)', 'KD (EfficientNet)', 'SSIM, training images')
    """
    if metric.endswith(TRAIN):
        return f"{title(metric.removesuffix(TRAIN))}, training images"
    name, _, labels = metric.rstrip("]").partition("[")
    stem, family = split_family(name)
    told = _NAMES.get(stem) or _written(stem)
    features = FAMILIES.get(family, "") + (f" of {labels}" if labels else "")
    return f"{told} ({features.strip()})" if features else told


def split_family(name: str) -> tuple[str, str]:
    """A metric's stem and the network of its features; '' where there is none.

    >>> split_family("fd_classifier"), split_family("psnr")
    (('fd', 'classifier'), ('psnr', ''))
    """
    stem, _, family = name.rpartition("_")
    return (stem, family) if family in FAMILIES else (name, "")


def grouped(metrics: Iterable[str]) -> dict[str, list[str]]:
    """Metrics by kind, kinds in the order of `KINDS`; metrics keep the order of their kind.

    >>> grouped(["swd", "psnr", "fd_classifier", "mine"])
    {'Reconstruction': ['psnr'], 'Realism of samples': ['fd_classifier', 'swd'], 'Other scores': ['mine']}
    """
    found: dict[str, list[str]] = {}
    unique = list(dict.fromkeys(metrics))
    for kind, stems in KINDS.items():
        own = [m for stem in stems for m in unique if split_family(m.partition("[")[0])[0] == stem]
        found |= {kind: own} if own else {}
    rest = [m for m in unique if not any(m in own for own in found.values())]
    return found | ({OTHER: rest} if rest else {})


def _written(stem: str) -> str:
    parts = [word.upper() if word in _ACRONYMS else word for word in stem.replace("-", "_").split("_")]
    return " ".join([parts[0][:1].upper() + parts[0][1:], *parts[1:]])


def listed(words: Iterable[str]) -> str:
    """Words in a sentence, each once.

    >>> listed(["VAE", "GAN", "VAE"]), listed(["VAE", "GAN", "AVAE"]), listed(["VAE"])
    ('VAE and GAN', 'VAE, GAN and AVAE', 'VAE')
    """
    *most, last = dict.fromkeys(words)
    return f"{', '.join(most)} and {last}" if most else last
