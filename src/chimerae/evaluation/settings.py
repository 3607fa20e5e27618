"""Settings of an evaluation; importable without torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT

Fitted = Literal["gaussian", "mixture", "kmeans", "flow"]
"""Priors fitted to codes: a Gaussian, a mixture of ten, clusters of k-means, or a normalising flow."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Evaluation:
    """Settings of an evaluation. All affect the meaning of a score and are written beside it."""

    n: int | None = Field(default=None, ge=1)
    """Test samples at most, evenly spread over the split; None: all."""
    batch_size: int = Field(default=256, ge=1)
    """Samples at a time; changes no score unless `bn` is 'batch'."""
    seed: int = Field(default=0, ge=0)
    """Seed of the noise in posterior codes, prior codes and generators."""
    bn: Literal["running", "batch"] = "running"
    """Statistics that BatchNorm uses: those it kept while training, or those of the batch at hand."""
    samples: int | None = Field(default=None, ge=2)
    """Images that each network draws for metrics of samples; None: as many as there are test images, of which
    EfficientNet sees 2000. Papers mostly draw 50000, with `real` train."""
    real: Literal["test", "train"] = "test"
    """Split that samples are compared with. The other one is scored too, under the name data."""
    labels: str | None = None
    """Source of labelled images whose classifier makes the features of FD-classifier and the like; None: the
    data's own labels."""
    resize: Literal["tensorflow", "clean", "pytorch"] = "tensorflow"
    """Resizing to the 299 pixels of FID's network: as in the original code, in clean-fid, or in pytorch-fid.
    Values of different ones cannot be compared."""
    improve: bool = False
    """Also score samples whose codes were improved (`chimerae sample --improve`), for methods that encode."""
    priors: tuple[Fitted, ...] = ()
    """Also score images of codes from priors fitted to the codes of training images (`chimerae sample
    --prior`), for methods that encode."""
    rebuild_train: bool = False
    """Also score and draw reconstructions of the training split; the names of these scores end in [train]."""
    metrics: tuple[str, ...] | None = None
    """Names of metrics (`chimerae list metrics`), or references to your own, such as ./my_metric.py:METRIC;
    None: all that apply."""

    @property
    def of_networks(self) -> dict[str, str | int]:
        """The part of a protocol that concerns the outputs of networks."""
        facts: dict[str, str | int] = {"bn": self.bn}
        return facts | {"batch_size": self.batch_size} if self.bn == "batch" else facts

    @field_validator("metrics")
    @classmethod
    def _known(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None:
            from chimerae.errors import InputError
            from chimerae.metrics import metrics_of

            if not names:
                raise InputError("no metric is named; leave --metrics away for all that apply")
            metrics_of(names)
        return names
