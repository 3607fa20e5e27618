"""Autoencoders of diffusers: folders that `from_pretrained` opens, and modules."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, final

import torch
from torch import Tensor, nn

from chimerae.errors import InputError, first_line
from chimerae.extras import quiet, require
from chimerae.files import read_json
from chimerae.foreign.subject import CodeKind, Fitted, Foreign, Subject, digest_of
from chimerae.gaussian import Gaussian
from chimerae.heads import CodeMap
from chimerae.nets import Nets
from chimerae.shapes import SIGNED, Shape, ValueRange, is_image, numel

CONFIG: Final = "config.json"
WEIGHTS: Final = "diffusion_pytorch_model.safetensors"
CLASS: Final = "_class_name"
"""Key of the config with the name of the class."""
CLASSES: Final = ("AutoencoderKL", "AutoencoderTiny")
"""Classes that can be judged: they map images in [-1, 1] to maps and back."""
N_SHOWN: Final = 200


@final
@dataclass(frozen=True, kw_only=True)
class Diffusers(Foreign):
    """An autoencoder of diffusers."""

    name: ClassVar[str] = "diffusers"
    value_range: ClassVar[ValueRange] = SIGNED
    has_codes: ClassVar[bool] = True
    z_dim: int
    recon_code: CodeKind = "mean"
    """Code of a reconstruction; the library's own `forward` takes the mean."""

    def reconstruction_code(self, q: Gaussian, eps: Tensor) -> Tensor:
        """The code `[B, z_dim]` as `recon_code` says."""
        return q.mu if self.recon_code == "mean" else q.sample(eps)


class Encoder(CodeMap):
    """`x [B, C, H, W] -> Gaussian` over flattened code maps; a point where the autoencoder has no spread."""

    def __init__(self, autoencoder: Any, code: Shape) -> None:
        super().__init__()
        self.autoencoder, self.code = autoencoder, code

    def forward(self, x: Tensor) -> Gaussian:
        """Posterior of each sample."""
        made = self.autoencoder.encode(x)
        if hasattr(made, "latents"):
            return Gaussian.point(made.latents.flatten(1))
        return Gaussian(made.latent_dist.mean.flatten(1), made.latent_dist.logvar.flatten(1))


class Decoder(nn.Module):
    """`z [B, c h w] -> x [B, C, H, W]`."""

    def __init__(self, autoencoder: Any, code: Shape) -> None:
        super().__init__()
        self.autoencoder, self.code = autoencoder, code

    def forward(self, z: Tensor) -> Tensor:
        """Images of codes."""
        x: Tensor = self.autoencoder.decode(z.unflatten(1, self.code)).sample
        return x


def class_in(folder: Path) -> str:
    """The class that the config in `folder` names; '' when there is none."""
    if not (folder / CONFIG).is_file():
        return ""
    config = read_json(folder / CONFIG, "a config")
    return str(config.get(CLASS, "")) if isinstance(config, dict) else ""


def open_autoencoder(folder: Path, code: CodeKind = "mean") -> Subject:
    """The autoencoder in `folder`, with its weights as safetensors, on the CPU in float32.

    Raises:
        InputError: another class, a missing or damaged file, weights that do not fit, or no diffusers.
    """
    named = class_in(folder)
    if named not in CLASSES:
        raise InputError(
            f"{folder} has {f'a model of class {named}' if named else f'no class in its {CONFIG}'}; "
            f"{' and '.join(CLASSES)} can be judged"
        )
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder} has no {WEIGHTS}; only weights as safetensors are opened")
    require("diffusers", f"{folder} is a model of diffusers, and")
    try:
        with _silent():
            found, told = _class(named).from_pretrained(
                folder,
                use_safetensors=True,
                local_files_only=True,
                low_cpu_mem_usage=False,
                output_loading_info=True,
            )
    except Exception as error:  # the library raises many kinds for a damaged folder
        raise InputError(f"{folder} cannot be opened: {first_line(error)[:N_SHOWN]}") from None
    if misfit := next((f"{kind}: {sorted(map(str, keys))[0]}" for kind, keys in told.items() if keys), ""):
        raise InputError(f"the weights in {folder} do not fit its {CONFIG} ({misfit.replace('_', ' ')})")
    return of_autoencoder(found.float(), folder.name or str(folder.resolve().name), code)


def of_autoencoder(autoencoder: Any, name: str, code: CodeKind = "mean") -> Subject:
    """A module of one of `CLASSES` as a subject."""
    kind, config = type(autoencoder).__name__, _plain(autoencoder.config)
    digest = digest_of(autoencoder.state_dict().items(), json.dumps(config, sort_keys=True), code)

    def fitted(shape: Shape, device: torch.device) -> Fitted:
        maps = code_map(config, kind, shape)
        module = autoencoder.to(device).eval().requires_grad_(False)
        nets = Nets({"encoder": Encoder(module, maps), "decoder": Decoder(module, maps)})
        return Fitted(method=Diffusers(z_dim=numel(maps), recon_code=code), nets=nets)

    return Subject(
        name=name,
        method={"name": kind, "recon_code": code},
        arch={"name": "diffusers", **{key: value for key, value in config.items() if key != CLASS}},
        digest=digest,
        fitted=fitted,
        parameters={kind: sum(p.numel() for p in autoencoder.parameters())},
    )


def code_map(config: Mapping[str, Any], kind: str, shape: Shape) -> Shape:
    """Shape `(c, h, w)` of the codes of images of `shape`.

    Raises:
        InputError: the autoencoder does not take such images.
    """
    levels = len(config["block_out_channels"] if kind == CLASSES[0] else config["encoder_block_out_channels"])
    channels, factor = int(config["in_channels"]), 2 ** (levels - 1)
    if not is_image(shape):
        raise InputError(f"{kind} takes images, and the data are points")
    if shape[0] != channels:
        raise InputError(
            f"this {kind} takes images of {channels} channels, and the data have {shape[0]}; "
            f"prepare them with --prepare.channels {channels}"
        )
    if shape[1] % factor or shape[2] % factor:
        height, width = (max(side // factor, 1) * factor for side in shape[1:])
        raise InputError(
            f"this {kind} takes sides that are multiples of {factor}, not {shape[1]}x{shape[2]}; "
            f"prepare the data with --prepare.size {height} {width}"
        )
    return int(config["latent_channels"]), shape[1] // factor, shape[2] // factor


def _class(name: str) -> Any:
    import diffusers

    return getattr(diffusers, name)


@contextmanager
def _silent() -> Iterator[None]:
    """A block in which the library prints nothing: errors come as exceptions."""
    from diffusers.utils import logging as theirs

    level = theirs.get_verbosity()
    theirs.set_verbosity(logging.CRITICAL)
    try:
        with quiet("diffusers"):
            yield
    finally:
        theirs.set_verbosity(level)


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a config, without the library's own entries."""
    known: dict[str, Any] = json.loads(json.dumps(dict(config), default=str))
    return {key: value for key, value in known.items() if not key.startswith("_")}
