"""Ways of a model out of its run: into a folder, and to the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from chimerae.config import to_dict
from chimerae.errors import InputError
from chimerae.files import write_bytes
from chimerae.methods import Method
from chimerae.model.files import described, write_model
from chimerae.nets import Nets
from chimerae.progress import Progress, silent
from chimerae.run_folder.schema import MODEL, RUN, SCORES
from chimerae.shapes import Shape
from chimerae.sharing.files import FOLDER
from chimerae.sharing.upload import check_name, look, upload

if TYPE_CHECKING:
    from chimerae.data import Prepare
    from chimerae.data.given import Given
    from chimerae.export import Exported
    from chimerae.model.model import Model


class Shared:
    """The methods of a `Model` that write it down for others."""

    method: Method
    nets: Nets
    shape: Shape
    prepare: Prepare
    config: Mapping[str, Any]
    origin: Path | None

    def save(
        self,
        folder: str | Path,
        *,
        license: str | None = None,
        name: str | None = None,
        pictures: bool = True,
    ) -> Path:
        """Write the model into `folder`, from which `chimerae.load` opens it; a model there is replaced.

        The folder can be shared: beside weights and config it has a model card, and the pictures of its run.
        Nothing in it tells of this machine; data of this machine are called "local data".

        Args:
            folder: place for `config.json`, `model.safetensors`, `README.md`, `scores.json` and `pictures/`.
            license: SPDX name of the model's licence, such as "Apache-2.0"; the card goes without when not
                given.
            name: name in the card, or OWNER/NAME on the hub; that of `folder` when not given.
            pictures: False leaves pictures out.

        Raises:
            InputError: `folder` is a file or a run, or cannot be written; the run of the model is damaged, or
                has a link that leads out of it; there is no such licence; a setting is a path.
        """
        from chimerae.evaluation import Results, write_scores
        from chimerae.sharing.folder import material

        folder = Path(folder)
        if (folder / RUN).exists() or (folder / MODEL).exists():
            raise InputError(f"{folder} is a run folder, which holds its own model; choose another folder")
        title = folder.name if name is None else name
        config = {"prepare": to_dict(self.prepare), **self.config}
        made = material(config, title, self.origin, license, pictures=pictures)
        write_model(folder, made.config, dict(self.nets.items()), title, readme=made.card)
        for kind, content in made.pictures.items():
            write_bytes(folder / FOLDER / f"{kind}.png", content)
        write_scores(Results(scores=made.scores), int(config["step"]), folder / SCORES)
        return folder

    def export(
        self,
        folder: str | Path,
        *,
        to: str = "onnx",
        uint8: bool = False,
        reconstruct: bool = False,
        overwrite: bool = False,
        inputs: Given | None = None,
        progress: Progress = silent,
    ) -> list[Exported]:
        """Write the networks with their whole paths into `folder`, and compare each file with PyTorch.

        Args:
            folder: place of `encode`, `decode-NETWORK` and so on; it is made if it is missing.
            to: "onnx" or "torch.export".
            uint8: images are bytes in place of floats in [0, 1].
            reconstruct: also write `reconstruct-NETWORK`, from samples to samples.
            overwrite: replace files that exist.
            inputs: samples to compare on, beside random ones.
            progress: listener for the number of written files.

        Raises:
            InputError: a file exists, a package is missing, or an exported network differs from PyTorch.
        """
        from chimerae.codec import Codec
        from chimerae.export import Wanted, export_graphs
        from chimerae.model.model import Model

        assert isinstance(self, Model)
        real = None if inputs is None else self._checked(self._taken(inputs))
        wanted, about = Wanted(to, uint8, reconstruct, overwrite), described(self.config)
        codec = Codec(self.method, self.nets, self.shape)
        return export_graphs(codec, Path(folder), wanted, about=about, real=real, progress=progress)

    def save_diffusers(self, folder: str | Path, *, scaling: float = 1.0) -> Path:
        """Write encoder and decoder as a folder that `AutoencoderKL.from_pretrained` of diffusers opens.

        Writing does not need diffusers. Its networks see images in [-1, 1] and give the same bits as ours.

        Args:
            folder: place for `config.json` and `diffusion_pytorch_model.safetensors`.
            scaling: factor that gives codes the deviation 1, as `stats.json` of `chimerae encode` has it.

        Raises:
            InputError: the networks are no `spatial` ones whose code is a map, or their decoder ends in tanh.
        """
        from chimerae import networks
        from chimerae.config import from_dict
        from chimerae.export.diffusers import autoencoder_kl, write_autoencoder_kl

        settings = dict(self.config["arch"])
        arch = networks.BY_NAME.get(str(settings.pop("name", "")))
        built = None if arch is None else from_dict(arch, settings)
        made = autoencoder_kl(self.nets.modules, built, self.shape, self.method.value_range, scaling)
        return write_autoencoder_kl(Path(folder), *made)

    def save_pretrained(self, save_directory: str | Path, *, license: str | None = None) -> Path:
        """`save` under the name that it has in other libraries of the hub."""
        return self.save(save_directory, license=license)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | Path, *, revision: str | None = None, device: str = "auto"
    ) -> Model:
        """`chimerae.load` under the name that it has in other libraries of the hub."""
        from chimerae.model.store import load

        return load(pretrained_model_name_or_path, revision=revision, device=device)

    def push_to_hub(
        self, repo_id: str, *, license: str | None = None, private: bool = True, pictures: bool = True
    ) -> str:
        """Upload the model as `save` writes it to `repo_id` on the Hugging Face hub, as one commit.

        Args:
            repo_id: OWNER/NAME; it is made if missing. Files there that are none of a model stay.
            license: SPDX name; that of the card of an earlier `save` when not given.
            private: True for a repository that only its owner sees.
            pictures: False leaves pictures out.

        Returns:
            The address of the commit.

        Raises:
            InputError: as `save`; or no licence is given, the library or a token is missing, or the hub
                refuses the upload.
        """
        from chimerae.sharing.folder import licence_of

        check_name(repo_id)
        licence = license or (licence_of(self.origin) if self.origin else None)
        if licence is None:
            raise InputError('a shared model needs a licence: give one, such as license="Apache-2.0"')
        look(repo_id, private=private)
        with TemporaryDirectory(prefix="chimerae-") as place:
            folder = self.save(Path(place, MODEL), license=licence, name=repo_id, pictures=pictures)
            return upload(folder, repo_id, private=private)
