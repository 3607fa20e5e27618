"""Table of the health words that the committed runs on images deserve, from their pictures and scores.

Their logs have no measurements of `training.probe`. `variety` and `offset` are estimated from each sheet of
64 samples against the test images of its data, `returned` from the 16 reconstructions that were drawn,
`rec_error` and `used_codes` from the scores; all as the probe defines them, up to the pictures' compression.

    python -m tests.helpers.health_of_results --mnist DIR --cifar10 DIR --lfw DIR
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn.functional import interpolate

from chimerae.data import Prepare, prepare
from chimerae.data.settings import Fit
from chimerae.pictures.files import opened
from chimerae.pictures.grids import strips
from chimerae.training.health import health
from chimerae.training.measures import of_pairs, of_samples

RESULTS = Path(__file__).parents[2] / "docs" / "results"
GRID, ROW = 8, 16
"""Samples in a row and in a column of a sheet; reconstructions in a row."""
ORIGINALS = 4096


def main(args: list[str]) -> None:
    """Print one row per committed run on images that has a sheet of samples."""
    data = {name.removeprefix("--"): path for name, path in zip(args[::2], args[1::2], strict=True)}
    print("| run | variety | offset | rec_error | returned | used_codes | losses alone | word now |")
    print("|---|---|---|---|---|---|---|---|")
    for folder in folders():
        run = json.loads((folder / "run.json").read_text("utf-8"))["run"]
        source = data.get(Path(run["data"]).name)
        if source is not None:
            print(row(folder, run, source))


def folders() -> Iterator[Path]:
    """Records of runs whose samples can be taken apart."""
    sheets = [*RESULTS.rglob("samples.png"), *RESULTS.rglob("samples.webp")]
    places = {path.parent.parent if path.parent.name == "pictures" else path.parent for path in sheets}
    yield from sorted(place for place in places if (place / "run.json").is_file())


def row(folder: Path, run: Mapping[str, Any], source: str) -> str:
    """The table's row for one record."""
    size = run["prepare"]["size"]
    x = originals(source, size if isinstance(size, int | None) else tuple(size), run["prepare"]["fit"])
    values = of_samples(samples(folder, x).flatten(1), x.flatten(1)) | of_scores(folder, run, x)
    values |= of_rows(folder, x)
    logged, before = last_line(folder)
    shown = [f"{values[name]:.3f}" if name in values else "" for name in VALUES]
    name = str(folder.relative_to(RESULTS)).replace("studies/", "").replace("/cells/", ": ")
    return " | ".join([f"| {name}", *shown, before, f"{health(logged | values)} |"])


VALUES = ("variety", "offset", "rec_error", "returned", "used_codes")


@cache
def originals(source: str, size: int | tuple[int, int] | None, fit: Fit) -> Tensor:
    """Test images `[n, *shape]` in [0, 1], as the run saw them."""
    prepared = prepare(source, Prepare(size=size, fit=fit))
    return prepared.test.take(range(min(len(prepared.test), ORIGINALS))).double()


def samples(folder: Path, like: Tensor) -> Tensor:
    """The samples on the sheet of a record, `[64, *shape]` in [0, 1], cut out and reduced to their size."""
    (path,) = [*folder.rglob("samples.png"), *folder.rglob("samples.webp")]
    return _tiles(opened(path.read_bytes()), like, GRID, GRID, 1)


def _tiles(picture: Image, like: Tensor, lines: int, columns: int, line: int) -> Tensor:
    """The images of a picture as `[n, *shape]` in [0, 1], without the white lines of width `line`."""
    channels, height, width = like.shape[1:]
    picture = picture.convert("RGB" if channels == 3 else "L")
    sheet = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    sheet = sheet.view(picture.height, picture.width, channels).permute(2, 0, 1).double() / 255
    down, across = edges(lines, picture.height, line), edges(columns, picture.width, line)
    tiles = [sheet[:, a : b - line, c : d - line] for a, b in pairwise(down) for c, d in pairwise(across)]
    return torch.cat([interpolate(tile[None], (height, width), mode="area") for tile in tiles])


def edges(n: int, length: int, line: int) -> list[int]:
    """Where `n` equal tiles begin on a side of a picture, and where one more would."""
    return [round(i * (length + line) / n) for i in range(n + 1)]


def of_rows(folder: Path, like: Tensor) -> dict[str, float]:
    """`returned` of the network that generates, from the 16 originals and reconstructions that were drawn."""
    drawn = [*folder.rglob("reconstructions.png"), *folder.rglob("reconstructions.webp")]
    if not drawn:
        return {}
    x, *_, rebuilt = (_tiles(row, like, 1, ROW, 2) for row in strips(opened(drawn[0].read_bytes())).values())
    return {"returned": of_pairs(rebuilt.flatten(1), x.flatten(1))["returned"]}


def of_scores(folder: Path, run: Mapping[str, Any], x: Tensor) -> dict[str, float]:
    """`rec_error` of the network that generates and `used_codes`, where they were evaluated."""
    scores = json.loads((folder / "scores.json").read_text("utf-8"))["scores"]
    made = {(score["metric"], score["of"]): score["value"] for score in scores}
    values = {}
    for of in ("decoder", "generator"):
        if ("mse_unit", of) in made:
            values["rec_error"] = made["mse_unit", of] / x.var(0).mean().item()
    if ("active_units", "encoder") in made:
        values["used_codes"] = made["active_units", "encoder"] / run["method"]["z_dim"]
    return values


def last_line(folder: Path) -> tuple[dict[str, float], str]:
    """Watched means and health word at the end of a record's log."""
    if (folder / "log.jsonl").is_file():
        line = json.loads((folder / "log.jsonl").read_text("utf-8").splitlines()[-1])
        return line["logged"], line["health"]
    with (folder / "log.csv").open(encoding="utf-8") as file:
        line = list(csv.DictReader(file))[-1]
    kept = {name for name in line if name not in ("step", "seconds", "health")}
    return {name: float(line[name]) for name in kept if line[name]}, line["health"]


if __name__ == "__main__":
    main(sys.argv[1:])
