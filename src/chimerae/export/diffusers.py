"""Folders that the `AutoencoderKL` of diffusers opens.

Its layout of networks is that of `spatial`: only names differ. Neither writing nor reading needs diffusers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors.torch import save
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.files import write_bytes, write_text
from chimerae.networks import Spatial
from chimerae.networks.blocks import MapPosterior
from chimerae.networks.spatial import MULTIPLIERS
from chimerae.shapes import SIGNED, Shape, ValueRange

WEIGHTS: Final = "diffusion_pytorch_model.safetensors"
CONFIG: Final = "config.json"
BEGINNINGS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "encoder": (
        (r"body\.first\.", "conv_in."),
        (r"body\.level(\d+)\.block(\d+)\.", r"down_blocks.\1.resnets.\2."),
        (r"body\.level(\d+)\.down\.", r"down_blocks.\1.downsamplers.0."),
        (r"body\.middle\.before\.", "mid_block.resnets.0."),
        (r"body\.middle\.attention\.", "mid_block.attentions.0."),
        (r"body\.middle\.after\.", "mid_block.resnets.1."),
        (r"body\.norm\.", "conv_norm_out."),
        (r"head\.conv\.", "conv_out."),
        (r"head\.mix\.", "quant_conv."),
    ),
    "decoder": (
        (r"mix\.", "post_quant_conv."),
        (r"first\.", "conv_in."),
        (r"middle\.before\.", "mid_block.resnets.0."),
        (r"middle\.attention\.", "mid_block.attentions.0."),
        (r"middle\.after\.", "mid_block.resnets.1."),
        (r"level(\d+)\.block(\d+)\.", r"up_blocks.\1.resnets.\2."),
        (r"level(\d+)\.up\.", r"up_blocks.\1.upsamplers.0."),
        (r"norm\.", "conv_norm_out."),
        (r"last\.", "conv_out."),
    ),
}
"""Beginnings of our names of weights, and theirs, by network."""
OUTSIDE: Final = ("quant_conv.", "post_quant_conv.")
"""Beginnings of names that stand beside encoder and decoder."""
PARTS: Final = {
    "shortcut": "conv_shortcut",
    "attentions.0.norm": "attentions.0.group_norm",
    "query": "to_q",
    "key": "to_k",
    "value": "to_v",
    "out.": "to_out.0.",
}
"""Parts of the rest of a name, and theirs."""


def renamed(network: str, name: str) -> str:
    """The name that diffusers gives to the weight `name` of `network`.

    >>> renamed("encoder", "body.level1.block0.shortcut.weight")
    'encoder.down_blocks.1.resnets.0.conv_shortcut.weight'
    >>> renamed("decoder", "middle.attention.out.bias")
    'decoder.mid_block.attentions.0.to_out.0.bias'
    """
    for ours, theirs in BEGINNINGS[network]:
        if re.match(ours, name):
            beginning = re.sub(f"^{ours}.*", theirs, name)
            rest = re.sub(f"^{ours}", "", name)
            break
    else:
        raise InputError(f"{name} of the {network} has no place in an AutoencoderKL")
    whole = beginning + rest
    for part, other in PARTS.items():
        if part != "out." or "attentions" in whole:
            whole = whole.replace(part, other)
    return whole if whole.startswith(OUTSIDE) else f"{network}.{whole}"


def autoencoder_kl(
    networks: Mapping[str, nn.Module], arch: object, shape: Shape, value_range: ValueRange, scaling: float
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """`config.json` and weights of an `AutoencoderKL` that computes what `networks` do.

    Raises:
        InputError: these are not an encoder and a decoder of `spatial` whose codes are maps and whose images
            are in [-1, 1] without an activation at the end.
    """
    encoder, decoder = networks.get("encoder"), networks.get("decoder")
    heads = [m for m in (encoder or nn.Identity()).modules() if isinstance(m, MapPosterior)]
    if not isinstance(arch, Spatial) or encoder is None or decoder is None or not heads:
        raise InputError(
            "an AutoencoderKL needs an encoder and a decoder of --arch spatial with a map as code"
        )
    last = [*decoder.children()][-1]
    if heads[0].scale != "free" or not isinstance(last, nn.Identity) or value_range != SIGNED:
        raise InputError("an AutoencoderKL needs a deviation for every sample, and a decoder without tanh")
    widths = [arch.width * times for times in MULTIPLIERS[arch.factor]]
    config = {
        "_class_name": "AutoencoderKL",
        "in_channels": shape[0],
        "out_channels": shape[0],
        "down_block_types": ["DownEncoderBlock2D"] * len(widths),
        "up_block_types": ["UpDecoderBlock2D"] * len(widths),
        "block_out_channels": widths,
        "layers_per_block": arch.blocks,
        "act_fn": "silu",
        "latent_channels": heads[0].code[0],
        "norm_num_groups": arch.groups,
        "sample_size": list(shape[1:]) if shape[1] != shape[2] else shape[1],
        "scaling_factor": scaling,
        "use_quant_conv": arch.mixed_codes,
        "use_post_quant_conv": arch.mixed_codes,
        "mid_block_add_attention": arch.attention,
    }
    weights = {
        renamed(network, name): tensor.detach().cpu().contiguous().clone()
        for network, module in (("encoder", encoder), ("decoder", decoder))
        for name, tensor in module.state_dict().items()
    }
    return config, weights


def write_autoencoder_kl(folder: Path, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Path:
    """Write the files that `AutoencoderKL.from_pretrained(folder)` opens, and return the folder."""
    write_bytes(folder / WEIGHTS, save(dict(weights), {"format": "pt"}))
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    return folder
