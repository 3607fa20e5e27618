"""Run folders as training and evaluation write them, made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from chimerae import pictures


def write_run(
    root: Path,
    *,
    method: str = "avae",
    seed: int = 0,
    beta: float = 1.0,
    reached: int = 100,
    value: float = 20.0,
    protocol: dict[str, Any] | None = None,
    n: int = 360,
    evaluated: bool = True,
    data: dict[str, Any] | None = None,
    schema: int = 1,
) -> Path:
    """Write the run folder `root`, and return it."""
    networks = ["decoder", "generator"] if method == "avae" else ["decoder"]
    settings = {"method": {"name": method, "beta": beta}, "arch": {"name": "dcgan", "width": 16}}
    about = data or {}
    size = about["shape"][-1] if "shape" in about else None
    rest = {
        "data": about.get("source", "digits"),
        "prepare": {"size": size},
        "training": {"batch_size": 64},
    }
    record = {
        "schema": schema,
        "chimerae": "0.1.0",
        "command": f"chimerae train {method} --data /home/somebody/digits --out runs/{root.name}",
        "run": {**settings, **rest, "steps": 100, "seed": seed},
    }
    _json(root / "run.json", record)
    _json(root / "env.json", {"python": "3.12.1", "device": "cpu", "threads": 2})
    _json(root / "data.json", {"shape": [1, 8, 8], "counts": {"train": 1437, "test": 360}, **about})
    _json(root / "model" / "config.json", {"parameters": dict.fromkeys(["encoder", *networks], 1000)})
    (root / "log.jsonl").write_text("".join(_line(step, method) for step in range(10, reached + 1, 10)))
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    rows = {"originals": images} | dict.fromkeys(networks, images * (0.5 + seed / 10))
    for step in range(0, reached + 1, 50):
        pictures.save(pictures.rows(rows), root / "samples" / f"reconstructions-{step:08d}.png")
        pictures.save(pictures.grid(images), root / "samples" / f"samples-{step:08d}.png")
    if evaluated:
        pictures.save(pictures.rows(rows), root / "pictures" / "reconstructions.png")
        pictures.save(pictures.grid(images), root / "pictures" / "samples.png")
        _json(root / "scores.json", _scores(networks, value, n, protocol or {}))
    return root


def _line(step: int, method: str) -> str:
    losses = {"vae": 1000.0 / step} | ({"generator": 1.0, "critic": 1.2} if method == "avae" else {})
    logged = {"kl": 3.0, "c_real": 1.0, "c_fake": -1.0}
    health = "code unused" if 30 <= step < 50 else "ok"
    entry = {"step": step, "seconds": step / 10, "images_per_second": 640.0}
    return json.dumps({**entry, "losses": losses, "logged": logged, "health": health}) + "\n"


def _scores(networks: list[str], value: float, n: int, protocol: dict[str, Any]) -> dict[str, Any]:
    scores = [
        {"metric": metric, "of": name, "value": v, "std": 0.5, "n": n, "better": better, "protocol": p}
        for name in networks
        for metric, v, better, p in [
            ("psnr", value, "higher", {"range": "[0,1]", "split": "test", "seed": 0} | protocol),
            ("mse_unit", 1 / value, "lower", {"range": "[0,1]", "split": "test", "seed": 0}),
        ]
    ]
    return {"schema": 1, "step": 100, "scores": scores}


def _json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
