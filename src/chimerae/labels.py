"""Labels of samples as inputs of networks: weights of classes, and modules that join them with a network.

A label is a row of weights `[N]` over N classes: 1 in the place of its class. Mixtures of classes are rows
between two of these.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.heads import Logit, StyledDecoder
from chimerae.shapes import Shape, is_image

NO_LABELS: Final = "this model learnt with labels and needs one for each sample: give labels=, or --label"
TINY: Final = 1e-8
"""Added to variances before the root, whose slope at 0 is infinite."""
LEAST: Final = 1e-3
"""Smallest deviation of all features by which those of classes are divided."""
MOST_COLUMNS: Final = 20
"""Classes that still have a column each on a sheet."""


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Weights `[n, classes]`, float32, of labels `[n]` in 0 to `classes - 1`.

    >>> one_hot(torch.tensor([1, 0]), 3)
    tensor([[0., 1., 0.],
            [1., 0., 0.]])
    """
    return nn.functional.one_hot(labels.long(), classes).float()


def weights(labels: Tensor | None, classes: int) -> Tensor | None:
    """`one_hot` of `labels` `[n]`; None where there are no classes, 0.

    Raises:
        InputError: there are classes and no labels, or a label that is none of them.
    """
    if not classes:
        return None
    if labels is None:
        raise InputError(NO_LABELS)
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        wrong = next(label for label in labels.tolist() if not 0 <= label < classes)
        raise InputError(f"no label {wrong}: this model learnt with labels from 0 to {classes - 1}")
    return one_hot(labels, classes)


def even(n: int, classes: int, *, like: Tensor | None = None) -> Tensor:
    """Equal weights of all classes `[n, classes]`, for work whose result is dropped, on the device of `like`.

    >>> even(1, 4)
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    return torch.full((n, classes), 1.0 / classes, device=None if like is None else like.device)


def in_turn(n: int, classes: int) -> Tensor:
    """Labels `[n]` that run through the classes again and again: a sheet of `classes` columns has one in
    each.

    >>> in_turn(5, 3).tolist()
    [0, 1, 2, 0, 1]
    """
    return torch.arange(n) % classes


def columns_for(classes: int) -> int | None:
    """Columns of a sheet of samples whose labels are `in_turn`: one a class, where these are few."""
    return classes if 0 < classes <= MOST_COLUMNS else None


def placed(share: Tensor, frequencies: Tensor) -> Tensor:
    """Labels `[n]` at `share` `[n]` in [0, 1] of the classes, which have `frequencies` `[N]` that sum to 1.

    >>> placed(torch.tensor([0.0, 0.4, 0.6, 1.0]), torch.tensor([0.5, 0.0, 0.5])).tolist()
    [0, 0, 2, 2]
    """
    ends = frequencies.double().cumsum(0)
    found = torch.searchsorted(ends / ends[-1], share.double().to(ends.device), right=True)
    return found.clamp(max=int(frequencies.nonzero().max()))


class Labelled(nn.Module):
    """A network whose last input are labels `[B, N]`. `Nets.labelled` gives them; methods do not see them."""


class LabelledDecoder(Labelled):
    """`z [B, z_dim], y [B, N] -> x`: the code beside an embedding of the label, as long as the code.

    Sources: the label beside the code is that of Mirza and Osindero 2014 (arXiv 1411.1784), figure 1, and of
    Kingma et al. 2014 (arXiv 1406.5298), equation 2; the embedding that of BigGAN (Brock et al. 2019, arXiv
    1809.11096), appendix B.
    """

    def __init__(self, inner: nn.Module, classes: int, width: int) -> None:
        super().__init__()
        self.inner, self.embedding = inner, nn.Parameter(torch.randn(classes, width))

    def joined(self, z: Tensor, y: Tensor) -> Tensor:
        """Input `[B, z_dim + width]` of the inner network."""
        return torch.cat([z, y.to(z) @ self.embedding.to(z)], 1)

    def forward(self, z: Tensor, *rest: Tensor) -> Tensor:
        """Samples of `z` and of labels, the last input; a second code and its layers are those of
        `StyledDecoder`.
        """
        *mixed, y = rest
        other = [self.joined(mixed[0], y), *mixed[1:]] if mixed else []
        x: Tensor = self.inner(self.joined(z, y), *other)
        return x


class LabelledEncoder(Labelled):
    """`x [B, *shape], y [B, N] -> Gaussian`: the posterior q(z | x, y), by an encoder that sees the label
    with the data.

    Images have a learned plane for each class as one more channel (Denton et al. 2015, arXiv 1506.05751,
    section 3.1); points have the weights of the classes beside their coordinates. q(z | x, y) is that of
    Kingma et al. 2014, equation 4, and of Sohn et al. 2015.
    """

    def __init__(self, inner: nn.Module, classes: int, shape: Shape) -> None:
        super().__init__()
        self.inner = inner
        self.planes = nn.Parameter(torch.randn(classes, *shape[1:])) if is_image(shape) else None

    @staticmethod
    def wider(shape: Shape, classes: int) -> Shape:
        """Shape of the inner encoder's samples."""
        return (shape[0] + (1 if is_image(shape) else classes), *shape[1:])

    def forward(self, x: Tensor, y: Tensor) -> object:
        """Posterior of each sample."""
        if self.planes is None:
            return self.inner(torch.cat([x, y.to(x)], 1))
        seen = (y.to(x) @ self.planes.to(x).flatten(1)).view(-1, 1, *self.planes.shape[1:])
        return self.inner(torch.cat([x, seen], 1))


class LabelledCritic(Labelled):
    """`x [B, *shape], y [B, N] -> logit [B]`: the projection critic, `psi(phi(x)) + y^T V phi(x) + w s(y)`.

    `phi` is the critic without its last layer, `psi` that layer. `V` begins at 0. Source: Miyato and Koyama
    2018 (arXiv 1802.05637), equation 3. `s` is `spread_of_class`, and `w` begins at 1: a critic that sees one
    sample of a class at a time lets the generator draw one image for it. In evaluation mode `s` is 0, so that
    the logit of a sample does not depend on the others.
    """

    def __init__(self, critic: nn.Module, classes: int) -> None:
        """Take over `critic`, whose last layer must be a `Logit`.

        Raises:
            InputError: it has none, or several.
        """
        super().__init__()
        heads = [name for name, part in critic.named_modules() if isinstance(part, Logit) and name]
        if len(heads) != 1:
            raise InputError(f"labels need a critic that ends in one Logit, and this one has {len(heads)}")
        self.logit = critic.get_submodule(heads[0])
        width = next(weight for weight in self.logit.parameters() if weight.dim() == 2).shape[1]
        parent, _, last = heads[0].rpartition(".")
        setattr(critic.get_submodule(parent), last, nn.Identity())
        self.features = critic
        self.projection = nn.Parameter(torch.zeros(classes, width))
        self.spread_weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Logit of each sample with its label; > 0 means real."""
        h: Tensor = self.features(x)
        logit: Tensor = self.logit(h)
        logit = logit + (h * (y.to(h) @ self.projection.to(h))).sum(1)
        return logit + self.spread_weight * spread_of_class(h, y) if self.training else logit


def spread_of_class(h: Tensor, y: Tensor) -> Tensor:
    """Deviation of the features `h` `[B, F]` of a sample's class within the batch, `[B]`: the mean over
    features, divided by the deviation of all values of `h`; 0 for a sample alone in its class.

    It is the minibatch standard deviation of Karras et al. 2018 (arXiv 1710.10196, section 3), taken within
    the classes of `y` `[B, N]`.

    >>> h = torch.tensor([[0.0], [2.0], [5.0]])
    >>> (spread_of_class(h, one_hot(torch.tensor([0, 0, 1]), 2)) * h.std(correction=0)).round(decimals=3)
    tensor([1., 1., 0.])
    """
    with torch.autocast(h.device.type, enabled=False):
        h = h.float() if h.dtype == torch.bfloat16 else h
        y = y.to(h)
        share = y / y.sum(0).clamp(min=TINY)
        variance = share.T @ (h - y @ (share.T @ h)).square()
        deviation = ((y @ variance + TINY).sqrt() - TINY**0.5).mean(1)
        spread: Tensor = deviation / h.detach().std(correction=0).clamp(min=LEAST)
        return spread


def unlabelled(decoder: nn.Module, z: Tensor, y: Tensor | None) -> tuple[nn.Module, Tensor]:
    """The network inside a decoder with labels, and its input for the code `z`; others are themselves."""
    if isinstance(decoder, LabelledDecoder) and y is not None:
        return decoder.inner, decoder.joined(z, y)
    return decoder, z


def styled(decoder: nn.Module) -> StyledDecoder | None:
    """The decoder with styles that `decoder` is or contains; None where there is none."""
    inner = decoder.inner if isinstance(decoder, LabelledDecoder) else decoder
    return inner if isinstance(inner, StyledDecoder) else None
