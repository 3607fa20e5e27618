"""What every data source must do, whatever it is."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from chimerae.data import TOYS, Batches, Prepare, Prepared, SourceInfo, Split, prepare, source_info

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (30, 12, 10, 3), dtype=np.uint8)


def _folder(root: Path) -> str:
    for i, pixels in enumerate(IMAGES):
        image, folder = Image.fromarray(pixels), root / "photos" / f"class{i % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        if i % 3 == 0:
            exif = Image.Exif()
            exif[0x0112] = 6
            image.transpose(Image.Transpose.ROTATE_90).save(folder / f"{i}.png", exif=exif)
        elif i % 3 == 1:
            image.save(folder / f"{i}.jpg", quality=95)
        else:
            image.resize((20 + i, 30)).convert(("L", "RGBA", "P", "CMYK")[i % 4]).save(folder / f"{i}.tiff")
    return str(root / "photos")


def _zip(root: Path) -> str:
    folder = Path(_folder(root))
    with ZipFile(root / "photos.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(root))
    return str(root / "photos.zip")


def _shards(root: Path) -> str:
    for n in range(3):
        with tarfile.open(root / f"shard-{n}.tar", "w") as archive:
            for i in range(10 * n, 10 * n + 10):
                buffer = BytesIO()
                Image.fromarray(IMAGES[i]).save(buffer, "PNG")
                for ending, content in (("png", buffer.getvalue()), ("cls", str(i).encode())):
                    member = tarfile.TarInfo(f"{i:04}.{ending}")
                    member.size = len(content)
                    archive.addfile(member, BytesIO(content))
    return f"{root}/shard-{{0..2}}.tar"


def _parquet(root: Path) -> str:
    for split, images in (("train", IMAGES[:20]), ("test", IMAGES[20:])):
        cells = []
        for i, pixels in enumerate(images):
            buffer = BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            cells.append({"bytes": buffer.getvalue(), "path": f"{i}.png"})
        table = pa.table({"image": cells, "label": list(range(len(cells)))})
        pq.write_table(table, root / f"{split}-00000-of-00001.parquet", row_group_size=7)
    return str(root)


def _npz(root: Path) -> str:
    np.savez(
        root / "a.npz", x_train=IMAGES[:20], y_train=np.arange(20), x_test=IMAGES[20:], y_test=np.arange(10)
    )
    return str(root / "a.npz")


def _npy(root: Path) -> str:
    np.save(root / "a.npy", IMAGES[..., 0] / 127.5 - 1)
    return str(root / "a.npy")


def _points(root: Path) -> str:
    np.save(root / "points.npy", RANDOM.normal(size=(40, 3)))
    return str(root / "points.npy")


SOURCES: dict[str, tuple[Callable[[Path], str], Prepare]] = {
    "digits": (lambda root: "digits", Prepare()),
    "digits, padded": (lambda root: "digits", Prepare(size=16, fit="pad")),
    "patches": (lambda root: "patches", Prepare()),
    "step-edges": (lambda root: "step-edges", Prepare()),
    "folder": (_folder, Prepare(size=(12, 10))),
    "folder, grey": (_folder, Prepare(size=8, channels="1", fit="squeeze", hold_out=0.4)),
    "folder, cropped": (_folder, Prepare(crop=0.7, size=(8, 6), fit="squeeze")),
    "zip": (_zip, Prepare(size=8)),
    "shards": (_shards, Prepare()),
    "parquet": (_parquet, Prepare()),
    "npz": (_npz, Prepare()),
    "npy": (_npy, Prepare()),
    "points": (_points, Prepare()),
    **{toy.name: (lambda root, name=toy.name: name, Prepare()) for toy in TOYS},
}

Case = tuple[Prepared, SourceInfo, Callable[[Path], Prepared]]


@pytest.fixture(scope="module", params=SOURCES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The source prepared, looked at, and prepared again in another cache."""
    make, settings = SOURCES[request.param]
    source = make(tmp_path_factory.mktemp("source"))
    prepared = prepare(source, settings, cache=tmp_path_factory.mktemp("cache"))
    return prepared, source_info(source, settings), lambda cache: prepare(source, settings, cache=cache)


def splits(prepared: Prepared) -> list[Split]:
    return [prepared.train, prepared.test]


def contents(split: Split) -> set[bytes]:
    return {row.tobytes() for row in split.raw(range(len(split))).numpy()}


def test_the_look_kept_its_promise(case: Case) -> None:
    prepared, seen, _ = case
    assert seen.final == prepared.shape
    assert seen.kind == prepared.kind
    assert seen.counts == prepared.facts.counts


def test_shape_type_and_range(case: Case) -> None:
    prepared, _, _ = case
    for split in splits(prepared):
        x = split.take(range(len(split)))
        assert x.shape == (len(split), *prepared.shape)
        assert split.shape == prepared.shape
        assert x.dtype == torch.float32
        assert x.isfinite().all()
        if prepared.kind == "images":
            assert prepared.shape[0] in (1, 3)
            assert x.min() >= 0
            assert x.max() <= 1
            assert x.max() - x.min() > 0.5


def test_splits_share_nothing(case: Case) -> None:
    prepared, _, _ = case
    assert len(prepared.train) >= len(prepared.test) >= 1
    if prepared.facts.source == "step-edges":  # drawn apart, but of one number: there are 3,061 such images
        return
    assert contents(prepared.train).isdisjoint(contents(prepared.test))


def test_labels_belong_to_samples(case: Case) -> None:
    prepared, _, _ = case
    for split in splits(prepared):
        if split.labels is not None:
            assert split.labels.shape == (len(split),)
            assert split.labels.dtype == torch.int64
            assert split.labels.min() >= 0


def test_batches_are_pure(case: Case) -> None:
    prepared, _, _ = case
    for split in splits(prepared):
        first, again = (Batches(split, batch_size=7, seed=5, flip=True) for _ in range(2))
        ahead = [first(step) for step in range(5)]
        assert all(torch.equal(ahead[step], again(step)) for step in reversed(range(5)))
        assert ahead[0].shape == (7, *prepared.shape)
        assert not torch.equal(ahead[0], Batches(split, batch_size=7, seed=6)(0))


def test_an_epoch_holds_every_sample_once(case: Case) -> None:
    prepared, _, _ = case
    if prepared.toy is not None:
        assert not torch.equal(*(Batches(prepared.train, batch_size=9, seed=0)(step) for step in (0, 1)))
        return
    batches = Batches(prepared.train, batch_size=9, seed=0)
    n = len(prepared.train)
    order = torch.cat([batches.indices(step) for step in range(2 * n // 9 + 1)])
    assert torch.equal(order[:n].sort().values, torch.arange(n))
    assert torch.equal(order[n : 2 * n].sort().values, torch.arange(n))


def test_the_manifest_tells_everything_in_json(case: Case) -> None:
    prepared, _, _ = case
    facts = json.loads(json.dumps(prepared.manifest, allow_nan=False))
    assert facts == prepared.manifest
    assert facts["counts"] == {"train": len(prepared.train), "test": len(prepared.test)}
    assert facts["shape"] == list(prepared.shape)
    assert facts["unreadable"] == []
    assert len(facts["checksum"]) == 32
    assert prepared.verify() == []


def test_the_same_again_elsewhere(case: Case, tmp_path: Path) -> None:
    prepared, _, again = case
    other = again(tmp_path)
    assert other.manifest == prepared.manifest
    assert torch.equal(other.test.take(range(len(other.test))), prepared.test.take(range(len(prepared.test))))
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert again(tmp_path).manifest == prepared.manifest
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == written


def test_patches_share_no_pixel() -> None:
    from chimerae.data.builtin import PATCH_SIDE, PHOTOGRAPHS, _patch_boxes

    for photograph, (height, width, _) in enumerate(PHOTOGRAPHS):
        seen = np.zeros((2, height, width), bool)
        for k, split in enumerate(("train", "test")):
            for which, y, x in _patch_boxes(split):
                if which == photograph:
                    assert y + PATCH_SIDE <= height
                    assert x + PATCH_SIDE <= width
                    seen[k, y : y + PATCH_SIDE, x : x + PATCH_SIDE] = True
        assert not (seen[0] & seen[1]).any()
        assert seen.any(0).mean() > 0.95


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "counts", "shape", "means", "deviations"),
    [
        ("mnist", (60_000, 10_000), (1, 28, 28), [0.1325], [0.3105]),
        ("cifar10", (50_000, 10_000), (3, 32, 32), [0.4942, 0.4851, 0.4504], [0.2467, 0.2429, 0.2616]),
    ],
)
def test_real_sets(
    tmp_path: Path,
    name: str,
    counts: tuple[int, int],
    shape: tuple[int, ...],
    means: list[float],
    deviations: list[float],
) -> None:
    """The test file alone is prepared, to be quick; means and deviations are its own, to the last digit."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"the real data set {name} is not beside the checkout")
    seen = source_info(str(SHARED / name))
    assert tuple(seen.counts.values()) == counts
    assert seen.shape == shape
    prepared = prepare(str(next((SHARED / name).glob("test-*.parquet"))), cache=tmp_path)
    pixels = torch.tensor(np.asarray(prepared.train.stored)).float() / 255
    assert pixels.shape == (10_000, *shape)
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(means, abs=1e-4)
    assert pixels.std((0, 2, 3)).tolist() == pytest.approx(deviations, abs=1e-4)
