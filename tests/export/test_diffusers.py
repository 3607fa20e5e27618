"""An `AutoencoderKL` of diffusers: its files, and the same bits where diffusers is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from chimerae.errors import InputError
from chimerae.export.diffusers import CONFIG, WEIGHTS, autoencoder_kl, renamed, write_autoencoder_kl
from chimerae.networks import DCGAN, Spatial
from chimerae.shapes import SIGNED, UNIT
from tests.helpers.rows import through

SHAPE = (3, 32, 48)
ARCHS = [
    Spatial(width=8),
    Spatial(width=12, factor=4, blocks=2, attention=False, code_channels=3),
    Spatial(width=4, factor=16, code_channels=2),
    Spatial(width=8, factor=4, mixed_codes=True),
]


def networks_of(arch, **options):
    torch.manual_seed(0)
    z = arch.code_dim(SHAPE)
    encoder = arch.encoder(SHAPE, z, scale=options.get("scale", "free"))
    return {"encoder": encoder, "decoder": arch.decoder(z, SHAPE, output=options.get("output", "linear"))}


@through("arch", ARCHS)
def test_every_weight_has_a_name_of_its_own_and_keeps_its_bits(arch, tmp_path_factory):
    networks = networks_of(arch)
    folder = write_autoencoder_kl(
        tmp_path_factory.mktemp("kl"), *autoencoder_kl(networks, arch, SHAPE, SIGNED, 0.25)
    )
    weights, config = load_file(folder / WEIGHTS), json.loads((folder / CONFIG).read_text())
    own = {renamed(n, k): t for n, m in networks.items() for k, t in m.state_dict().items()}
    assert len(own) == sum(len(m.state_dict()) for m in networks.values()) == len(weights)
    assert all(torch.equal(own[name], tensor) for name, tensor in weights.items())
    assert config["latent_channels"] == arch.code_channels
    assert 2 ** (len(config["block_out_channels"]) - 1) == arch.factor
    assert config["scaling_factor"] == 0.25


@through("arch", ARCHS)
def test_diffusers_opens_the_folder_and_computes_the_same_bits(arch, tmp_path_factory):
    kind = pytest.importorskip("diffusers").AutoencoderKL
    networks, folder = networks_of(arch), tmp_path_factory.mktemp("kl")
    write_autoencoder_kl(folder, *autoencoder_kl(networks, arch, SHAPE, SIGNED, 0.25))
    theirs, told = kind.from_pretrained(folder, output_loading_info=True)
    assert not any(told.values()), told
    x = torch.rand(2, *SHAPE) * 2 - 1
    with torch.no_grad():
        q, p = networks["encoder"](x), theirs.encode(x).latent_dist
        assert torch.equal(q.mu, p.mean.flatten(1))
        assert torch.equal(q.logvar, p.logvar.flatten(1))
        code = q.mu.unflatten(1, arch.code_map(SHAPE, arch.code_channels))
        assert torch.equal(networks["decoder"](q.mu), theirs.decode(code).sample)


@pytest.mark.parametrize(
    ("networks", "arch", "value_range"),
    [
        (networks_of(ARCHS[0], output="tanh"), ARCHS[0], SIGNED),
        (networks_of(ARCHS[0], scale="shared"), ARCHS[0], SIGNED),
        (networks_of(ARCHS[0]), ARCHS[0], UNIT),
        (networks_of(DCGAN(width=2)), DCGAN(width=2), SIGNED),
        ({"generator": ARCHS[0].decoder(24, SHAPE)}, ARCHS[0], SIGNED),
    ],
    ids=["tanh", "shared deviation", "range", "dcgan", "no encoder"],
)
def test_other_networks_are_refused_in_one_line(networks, arch, value_range):
    with pytest.raises(InputError, match="an AutoencoderKL needs") as refused:
        autoencoder_kl(networks, arch, SHAPE, value_range, 1.0)
    assert "\n" not in str(refused.value)


def test_a_run_becomes_such_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd):
    from chimerae.cli import main

    monkeypatch.chdir(tmp_path)
    small = (
        *("--arch.width", "4", "--arch.factor", "2", "--method.perceptual-weight", "0", "--steps", "2"),
        *("--training.batch-size", "4", "--arch.patch-width", "2"),
    )
    assert main(["train", "kl-gan", "--data", "digits", "--out", "run", *small]) == 0
    asked = ["export", "run", "--to", "diffusers", "--scaling", "0.5"]
    assert main(asked) == 0
    config = json.loads((tmp_path / "run/export/diffusers" / CONFIG).read_text())
    assert (config["in_channels"], config["scaling_factor"], config["sample_size"]) == (1, 0.5, 8)
    capfd.readouterr()
    assert main(asked) == 2
    assert "--overwrite" in capfd.readouterr().err
    assert main([*asked, "--overwrite"]) == 0
