"""The page that runs ONNX files in a browser, with a stand-in for the runtime and with the real one."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chimerae.errors import InputError
from chimerae.export.graphs import Graph, Port
from chimerae.export.web import page_place, page_spec
from chimerae.export.write import Exported
from chimerae.model import Model
from chimerae.networks import DCGAN
from chimerae.report.onnx import onnx_page
from tests.export.exported import model_of
from tests.helpers.browser import Browser, browser
from tests.helpers.cases import Case, small

RUNTIME = "ONNXRUNTIME_WEB"
"""Environment variable with the folder of the package onnxruntime-web, as npm installs it."""
STAND_IN = """
export const env = { wasm: {} };
export class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
const decode = ({ code }) => {
  const [n, z] = code.dims, images = new Float32Array(n * 64);
  for (let i = 0; i < n; i++) images.fill(Math.max(0, Math.min(1, code.data[i * z])), i * 64, (i + 1) * 64);
  return { images: { type: "float32", data: images } };
};
const encode = ({ images }) => ({ code: { data: images.data.slice(0, 3) } });
export const InferenceSession = {
  create: async (file) => ({ run: async (given) => (file === "encode.onnx" ? encode : decode)(given) }),
};
"""
"""A runtime whose decoder paints a picture in its code's first number, and whose encoder reads pixels."""


def exported(name: str, inputs: tuple[Port, ...]) -> Exported:
    return Exported(Path(f"{name}.onnx"), Graph(name, torch.nn.Identity(), inputs, ()), 0.0)


def test_the_page_is_told_the_files_their_inputs_and_shapes():
    images, noise = Port("images", (1, 8, 8), torch.uint8), Port("noise", (5,))
    code = Port("code", (3,))
    method = small("avae", use_xi=True)
    done = [
        exported("encode", (images,)),
        exported("decode-decoder", (code,)),
        exported("decode-generator", (code, noise)),
    ]
    spec = page_spec(method, (1, 8, 8), done)
    assert json.loads(json.dumps(spec)) == spec
    assert spec["shape"] == [1, 8, 8]
    assert spec["code"] == [3]
    assert spec["generates"] is True
    assert spec["encode"] == {
        "file": "encode.onnx",
        "inputs": [{"name": "images", "shape": [1, 8, 8], "bytes": True}],
    }
    assert list(spec["decode"]) == ["decoder", "generator"]
    assert [port["name"] for port in spec["decode"]["generator"]["inputs"]] == ["code", "noise"]
    assert page_spec(small("gan"), (1, 8, 8), [exported("decode-generator", (code,))])["encode"] is None


def test_names_cannot_leave_their_place_in_the_page():
    page = onnx_page("</title><b>", "a & b", {"file": "</script><b>"})
    assert "<b>" not in page
    assert json.loads(re.search(r'application/json">(.*)</script>', page)[1]) == {"file": "</script><b>"}


def test_a_page_of_points_and_one_that_is_there_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="a page shows images, not 2-d points"):
        page_place(tmp_path, (2,), False)
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(InputError, match="add --overwrite"):
        page_place(tmp_path, (1, 8, 8), False)
    assert page_place(tmp_path, (1, 8, 8), True) == tmp_path / "index.html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """An empty folder, and the address of its server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as found:
        yield found


def seen(tab: Browser, canvas: str, x: int = 0, y: int = 0) -> list[int]:
    """The colour of a pixel of a canvas."""
    at = f"document.getElementById('{canvas}').getContext('2d').getImageData({x}, {y}, 1, 1).data"
    return list(tab.script(f"return [...{at}].slice(0, 3)"))


def move(tab: Browser, place: int) -> None:
    """Put the slider of the walk somewhere, and wait for its pictures."""
    tab.script(f"const at = document.getElementById('at'); at.value = {place}; at.oninput()")
    tab.script("return new Promise((done) => setTimeout(done, 50))")


def test_samples_pictures_and_walks_are_drawn_from_what_the_networks_say(
    tab: Browser, folder: tuple[Path, str]
):
    place, address = folder
    write_runtime(place, STAND_IN)
    code, images = Port("code", (3,)), Port("images", (1, 8, 8))
    done = [exported("encode", (images,)), exported("decode-decoder", (code,))]
    (place / "index.html").write_text(onnx_page("run", "about", page_spec(small("vae"), (1, 8, 8), done)))
    tab.errors()
    tab.open(address)
    tab.until("document.body.dataset.ready")
    samples = [seen(tab, "samples-decoder", 9 * (i % 4), 9 * (i // 4)) for i in range(16)]
    assert len({tuple(each) for each in samples}) > 2  # two thirds of the codes are black or white
    move(tab, 0)
    assert seen(tab, "between-decoder") == samples[0]
    move(tab, 100)
    assert seen(tab, "between-decoder") == samples[1]
    box = "document.getElementById('samples-decoder')"
    tab.script(
        f"const b = {box}.getBoundingClientRect(); {box}.dispatchEvent(new MouseEvent('click', {{bubbles: "
        "true, clientX: b.left + 0.6 * b.width, clientY: b.top + 0.9 * b.height}))"
    )
    tab.until("document.getElementById('to').textContent === 'sample 15'")
    move(tab, 100)
    assert seen(tab, "between-decoder") == samples[14]

    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, 4] = (0, 255, 0)  # the first column that is left after the cut, in grey 150
    Image.fromarray(picture).save(place / "me.png")
    tab.keys("#file", str(place / "me.png"))
    tab.until("document.getElementById('from').textContent === 'me.png'")
    assert seen(tab, "rebuilt-original") == [150] * 3
    assert seen(tab, "rebuilt-original", 1) == [0] * 3
    assert seen(tab, "rebuilt-decoder", 5, 5) == [150] * 3
    move(tab, 0)
    assert seen(tab, "between-decoder") == [150] * 3
    (place / "notes.png").write_text("hello")
    tab.keys("#file", str(place / "notes.png"))
    tab.until("document.getElementById('problem').textContent.includes(\"'notes.png' is no picture\")")
    assert tab.errors() == []


def write_runtime(place: Path, module: str) -> None:
    there = place / "node_modules" / "onnxruntime-web" / "dist"
    there.mkdir(parents=True)
    (there / "ort.wasm.bundle.min.mjs").write_text(module)


def test_a_page_without_the_runtime_says_how_to_get_it(tab: Browser, folder: tuple[Path, str]):
    place, address = folder
    done = [exported("decode-generator", (Port("code", (3,)),))]
    (place / "index.html").write_text(onnx_page("run", "about", page_spec(small("gan"), (1, 8, 8), done)))
    tab.open(address)
    tab.until("document.getElementById('problem').textContent.includes('npm install onnxruntime-web')")
    assert tab.script("return document.getElementById('draws').hidden")
    tab.errors()


@pytest.mark.skipif(RUNTIME not in os.environ, reason=f"{RUNTIME} does not name an installed onnxruntime-web")
@pytest.mark.parametrize("uint8", [False, True])
def test_the_real_runtime_reconstructs_as_pytorch_does(tab: Browser, folder: tuple[Path, str], uint8: bool):
    place, address = folder
    model: Model = model_of(Case(small("avae"), DCGAN(width=8), (3, 16, 16)))
    done = model.export(place, uint8=uint8)
    (place / "index.html").write_text(onnx_page("run", "about", page_spec(model.method, model.shape, done)))
    (place / "node_modules").mkdir()
    (place / "node_modules" / "onnxruntime-web").symlink_to(Path(os.environ[RUNTIME]).resolve())
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(place / "me.png")
    tab.open(address)
    tab.until("document.body.dataset.ready")
    tab.keys("#file", str(place / "me.png"))
    tab.until("document.getElementById('from').textContent === 'me.png'")
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    code = model.encode(x).mu
    for network in ("decoder", "generator"):
        y = (model.decode(code, network=network)[0] * 255).round().permute(1, 2, 0)
        at = f"document.getElementById('rebuilt-{network}').getContext('2d').getImageData(0, 0, 16, 16).data"
        shown = torch.tensor(tab.script(f"return [...{at}]")).view(16, 16, 4)[..., :3]
        assert (shown - y).abs().max() <= 1
        assert y.std() > 5
