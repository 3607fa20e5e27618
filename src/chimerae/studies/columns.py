"""Columns of study tables, by metric: a metric has the same title in every study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chimerae.studies.study import MetricColumn

TITLES: Final[Mapping[str, str]] = {
    "binary": "black or white",
    "code_information": "information",
    "cycle_cost": "cost",
    "edge_misfit": "misfit",
    "edge_open": "left open, pixels",
    "edge_places": "places, pixels",
    "edge_width": "width, pixels",
    "fd_classifier": "FD-classifier",
    "fd_efficientnet": "FD, EfficientNet",
    "fid": "FID",
    "fvu": "variance unexplained",
    "interpolation_rmse": "RMSE, interpolations to nearest",
    "jsd_nats": "JSD, nats",
    "jsd_published": "JSD, published units",
    "kd_classifier": "KD-classifier",
    "kid": "KID",
    "kl_nats": "KL, nats",
    "kl_published": "KL, published units",
    "lpips": "LPIPS",
    "modes_covered": "modes",
    "ms_ssim": "MS-SSIM of pairs",
    "mse_points": "MSE",
    "mse_signed": "MSE",
    "mse_unit": "MSE",
    "precision_efficientnet": "precision",
    "prior_mmd": "distance from prior",
    "prior_p": "p",
    "psnr": "PSNR",
    "recall_efficientnet": "recall",
    "rmse_255": "RMSE",
    "rmse_255[train]": "RMSE, training images",
    "ssim": "SSIM",
    "swd": "SWD",
    "variety_efficientnet": "variety",
}
"""Titles of metrics whose name does not read as one."""


def columns(*metrics: str) -> tuple[MetricColumn, ...]:
    """A column for each metric, under its usual title.

    >>> [column.title for column in columns("modes_covered", "in_modes")]
    ['modes', 'in modes']
    """
    return tuple(MetricColumn(name, TITLES.get(name, name.replace("_", " "))) for name in metrics)
