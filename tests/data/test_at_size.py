"""Large data: parallel preparation, interrupted preparation, arrays that are read row by row."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import torch

from chimerae.data import (
    Batches,
    Prepare,
    Prepared,
    Split,
    build,
    intact,
    journal,
    prepare,
    unfinished,
)
from chimerae.data.large import READS_ROWS, LargeArray
from chimerae.data.manifest import ArrayFile, Unread
from chimerae.data.pixels import Bytes
from chimerae.data.sources import MOST_PIXELS, Item
from chimerae.data.transform import ImageTransform
from chimerae.data.unfinished import Killed, unfinished_folder
from chimerae.data.workers import UNIT, _SharedRoom
from chimerae.errors import InputError
from tests.data.data_files import Make
from tests.helpers.rows import through

N = 70
"""Pictures: three tasks of a process."""


def contents(data: Prepared) -> tuple[bytes, ...]:
    assert data.folder is not None
    return tuple(path.read_bytes() for path in sorted(data.folder.iterdir()))


@pytest.fixture
def mixed(photos: Make) -> Path:
    """Pictures in class folders, two of them unreadable."""
    root = photos(N, under="photos/a")
    photos(3, under="photos/b", seed=1)
    (root / "5.png").write_bytes(b"no picture")
    (root / "50.png").write_bytes((root / "50.png").read_bytes()[:60])
    return root.parent


def test_any_number_of_processes_makes_the_same_files(mixed: Path, tmp_path: Path) -> None:
    made = [prepare(str(mixed), cache=tmp_path / str(n), processes=n) for n in (1, 2, 3)]
    assert contents(made[0]) == contents(made[1]) == contents(made[2])
    assert [each.name for each in made[2].facts.unreadable] == ["a/5.png", "a/50.png"]


def test_a_script_without_a_guard_is_run_once(mixed: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        dedent(f"""
        print("begun")
        from chimerae.data import prepare
        prepare({str(mixed)!r}, processes=2)
        """)
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\n", "")


def test_errors_of_a_process_are_one_line(photos: Make) -> None:
    photos(40)
    root = photos(2, height=9, under="photos/more")
    with pytest.raises(InputError, match=r"differ in size"):
        prepare(str(root.parent), Prepare(), processes=2)
    with pytest.raises(InputError, match=r"too few for --prepare\.crop 9"):
        prepare(str(root.parent), Prepare(crop=9, size=8), processes=2)


def test_items_that_cannot_be_sent_are_transformed_here(tmp_path: Path) -> None:
    from chimerae.data.memory import held

    class Own(np.ndarray):
        """Of a class that other processes cannot find."""

    images = [np.full((4, 4, 3), i, np.uint8).view(Own) for i in range(10)]
    with held(images) as name:
        assert name is not None
        found = [prepare(name, cache=tmp_path / str(n), processes=n) for n in (1, 2)]
    assert contents(found[0]) == contents(found[1])


def test_few_images_start_no_process(photos: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    plain = build.makers

    def spy(n: int) -> object:
        seen.append(n)
        return plain(1)

    monkeypatch.setattr(build, "makers", spy)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    prepare(str(photos(5)))
    monkeypatch.setattr(build, "FEW", 5)
    prepare(str(photos(6)))
    assert seen == [1, 6]


class Dies(ImageTransform):
    """A transform whose process is killed once the other one had time to finish."""

    def __call__(self, item: Item) -> Bytes | Unread:
        if item.name == "b/0.png":
            time.sleep(1)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(item)


def test_a_killed_process_is_one_line_and_its_work_is_kept(
    mixed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SHARD", 1)
    plain = build._transform
    monkeypatch.setattr(build, "_transform", lambda *given: Dies(**vars(plain(*given))))
    with pytest.raises(Killed, match=r"was killed.*the same command resumes"):
        prepare(str(mixed), processes=2)
    (left,) = cache.iterdir()
    assert left.name.endswith(unfinished.ENDING)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_preparation_resumes(mixed: Path, cache: Path, how: signal.Signals) -> None:
    """No process is left behind, no recorded item is decoded again, and the files are the same."""
    command = [sys.executable, "-c", SLOW, str(mixed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        workers = [int(pid) for pid in started.stdout.readline().split()]
        started.send_signal(how)
        assert "SpawnProcess" not in started.communicate(timeout=60)[1]
    for _ in range(600):
        if not any(is_alive(pid) for pid in workers):
            break
        time.sleep(0.1)
    assert workers
    assert not any(is_alive(pid) for pid in workers)
    (left,) = cache.iterdir()
    assert left.name.endswith(unfinished.ENDING)
    heard: list[int] = []
    data = prepare(str(mixed), progress=lambda done, *_: heard.append(done))
    assert heard[0] >= 32
    assert heard[-1] == N + 3
    assert contents(data) == contents(prepare(str(mixed), cache=cache / "anew"))
    assert sorted(path.name for path in cache.iterdir()) == sorted(["anew", Path(str(data.folder)).name])


SLOW = """
import os, signal, sys, time
from pathlib import Path
from chimerae.data import journal, prepare
signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background ignores it
journal.SHARD = 1
def hear(done, total, what):
    if done >= 64:
        print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
        time.sleep(60)
prepare(sys.argv[1], processes=2, progress=hear)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def stopped(mixed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a preparation that was interrupted after 40 items."""
    monkeypatch.setattr(journal, "SHARD", 10)
    monkeypatch.setattr("chimerae.data.transform._CHUNK", 10)

    def stop(done: int, *_: object) -> None:
        if done == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(str(mixed), progress=stop)
    (left,) = cache.iterdir()
    return left


def resumed(mixed: Path, cache: Path) -> int:
    """Items that a preparation finds done; it ends as one that was never interrupted."""
    heard: list[int] = []
    data = prepare(str(mixed), progress=lambda done, *_: heard.append(done))
    assert contents(data) == contents(prepare(str(mixed), cache=cache / "anew"))
    return heard[0]


def test_recorded_items_are_not_decoded_again(stopped: Path, mixed: Path, cache: Path) -> None:
    assert resumed(mixed, cache) == 40


def cut_journal(left: Path) -> None:
    text = (left / journal.NAME).read_bytes()
    (left / journal.NAME).write_bytes(text[:-20])


def flip_row(left: Path) -> None:
    data = bytearray((left / "train").read_bytes())
    data[0] ^= 1
    (left / "train").write_bytes(data)


def cut_rows(left: Path) -> None:
    os.truncate(left / "train", 100)


def other_pillow(left: Path) -> None:
    text = (left / journal.NAME).read_text()
    (left / journal.NAME).write_text(text.replace("pillow ", "pillow 0."))


def no_journal(left: Path) -> None:
    (left / journal.NAME).unlink()


def strange_line(left: Path) -> None:
    with (left / journal.NAME).open("a") as file:
        file.write('{"split": "train", "done": 60}\n')


@pytest.mark.parametrize(
    ("harm", "kept"),
    [(cut_journal, 30), (flip_row, 0), (cut_rows, 0), (other_pillow, 0), (no_journal, 0), (strange_line, 0)],
)
def test_damaged_work_is_done_again(
    stopped: Path, mixed: Path, cache: Path, harm: Callable[[Path], None], kept: int
) -> None:
    harm(stopped)
    assert resumed(mixed, cache) == kept


def test_work_resumes_twice(stopped: Path, mixed: Path, cache: Path) -> None:
    cut_journal(stopped)

    def stop(done: int, *_: object) -> None:
        if done == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(str(mixed), progress=stop)
    assert resumed(mixed, cache) == 50


def test_an_error_keeps_no_work(mixed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SHARD", 1)

    def fail(*_: object) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr(build, "write_manifest", fail)
    with pytest.raises(OSError, match="away"):
        prepare(str(mixed))
    assert list(cache.iterdir()) == []


def test_old_work_is_swept(stopped: Path, photos: Make, cache: Path) -> None:
    prepare(str(photos(3, under="others")))
    assert stopped.exists()
    for path in (*stopped.iterdir(), stopped):
        os.utime(path, (time.time() - unfinished.KEPT_SECONDS - 60,) * 2)
    prepare(str(photos(4, under="further")))
    assert not stopped.exists()


def _held(entry: str, come: object, go: object) -> None:
    with unfinished_folder(Path(entry)):
        come.set()  # type: ignore[attr-defined]
        go.wait(60)  # type: ignore[attr-defined]


def test_one_process_at_a_time_has_the_unfinished_work(tmp_path: Path) -> None:
    context = get_context("spawn")
    come, go = context.Event(), context.Event()
    other = context.Process(target=_held, args=(str(tmp_path / "entry"), come, go))
    other.start()
    assert come.wait(60)
    with unfinished_folder(tmp_path / "entry") as work:
        assert work.name != "entry.unfinished"
    go.set()
    other.join(60)
    with unfinished_folder(tmp_path / "entry") as work:
        assert work.name == "entry.unfinished"
    assert list(tmp_path.iterdir()) == []


def test_grey_work_that_became_coloured_resumes(
    photos: Make, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look may see grey ones only; the work of the second pass is found again."""
    from tests.data.test_image_folder import _grey_only

    monkeypatch.setattr(journal, "SHARD", 10)
    monkeypatch.setattr("chimerae.data.transform._CHUNK", 10)
    monkeypatch.setattr(build, "info_of_open", _grey_only)
    root = photos(30, channels=3)

    def stop(done: int, *_: object) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(str(root), progress=stop)
    heard: list[int] = []
    assert prepare(str(root), progress=lambda done, *_: heard.append(done)).shape == (3, 8, 8)
    assert heard[0] == 10


def test_processes_share_the_room_for_pixels() -> None:
    context = get_context("spawn")
    room = _SharedRoom(context.Lock(), context.Semaphore(MOST_PIXELS // UNIT))
    with room.taken(UNIT + 1), room.taken(MOST_PIXELS - 2 * UNIT):
        assert not room.units.acquire(block=False)
    with room.taken(2 * MOST_PIXELS):  # no more than there is
        assert not room.units.acquire(block=False)


@pytest.fixture
def rows(tmp_path: Path) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 2), np.uint8)
    (tmp_path / "rows").write_bytes(values.tobytes())
    return values


@pytest.fixture
def large(tmp_path: Path, rows: np.ndarray) -> LargeArray:
    return LargeArray(tmp_path / "rows", ArrayFile(dtype="uint8", shape=rows.shape, checksum=""))


@through("chosen", [[], [3], [19, 0], [4, 5, 6, 2, 2, 3, 19], list(range(20))])
@pytest.mark.skipif(not READS_ROWS, reason="it reads no single rows")
def test_rows_are_those_of_the_file(large: LargeArray, rows: np.ndarray, chosen: list[int]) -> None:
    wanted = np.array(chosen, np.int64)
    assert np.array_equal(large[wanted], rows[wanted])
    assert torch.equal(Split("train", large).raw(chosen), torch.from_numpy(rows[wanted]))


@through("chosen", [[20], [-1], [3, 25]])
def test_rows_that_are_not_there_are_an_error(large: LargeArray, chosen: list[int]) -> None:
    with pytest.raises(IndexError):
        large[np.array(chosen)]


def test_an_array_that_is_cut_while_it_is_used_is_one_line(large: LargeArray) -> None:
    os.truncate(large.path, 30)
    assert len(large[np.array([1])]) == 1
    with pytest.raises(InputError, match=r"is shorter than it was; delete the folder"):
        large[np.array([2])]


def test_large_arrays_are_read_row_by_row(photos: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(photos(12))
    small = prepare(root)
    monkeypatch.setattr(intact, "AT_ONCE", 0)
    data = prepare(root)
    assert isinstance(data.train.stored, LargeArray) == READS_ROWS
    batches = [Batches(split, batch_size=4, seed=0, flip=True) for split in (small.train, data.train)]
    assert all(torch.equal(batches[0](step), batches[1](step)) for step in range(5))


def test_memory_does_not_grow_with_what_was_read(tmp_path: Path) -> None:
    """A memory map keeps what was read in the memory of the process."""
    path, count = tmp_path / "rows", 20_000
    with path.open("wb") as file:
        file.truncate(count * 3 * 64 * 64)
    array = LargeArray(path, ArrayFile(dtype="uint8", shape=(count, 3, 64, 64), checksum=""))
    before = of_files()
    for start in range(0, count, 500):
        array[np.arange(start, start + 500)]
    assert of_files() - before < 50


def of_files() -> int:
    """MB of files in the memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssFile:")[1].split()[0]) // 1024


def test_flips_leave_the_stored_images_alone() -> None:
    stored = np.random.default_rng(0).integers(0, 256, (10, 3, 4, 5), np.uint8)
    before = stored.copy()
    Batches(Split("train", stored), batch_size=10, seed=0, flip=True)(0)
    assert np.array_equal(stored, before)


def test_progress_is_told_before_the_first_image(photos: Make) -> None:
    heard: list[tuple[int, int]] = []
    prepare(str(photos(5)), progress=lambda done, total, *_: heard.append((done, total)))
    assert heard[0] == (0, 5)
