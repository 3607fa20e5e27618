"""The YAML header of a model card, from which the hub sorts, filters and shows models."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chimerae.extensions import brief
from chimerae.report.names import title
from chimerae.run_folder.scores import DATA, Score
from chimerae.shapes import is_image
from chimerae.sharing.files import LIBRARY
from chimerae.sharing.licences import licence_entries
from chimerae.sharing.public import DataName

GENERATES: Final = "unconditional-image-generation"
ENCODES: Final = "image-feature-extraction"
OTHER: Final = "other"
"""Task of models of points, for which the hub has no word."""
_BARE: Final = re.compile(r"[A-Za-z][\w.-]*(/[\w.-]+)?")
"""Words that YAML reads as text without quotes, but for `_NOT_BARE`."""
_NOT_BARE: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def task(config: Mapping[str, Any]) -> str:
    """The hub's word for the task of the model of `config`; `OTHER` where it has none.

    >>> task({"shape": [1, 8, 8]}), task({"shape": [1, 8, 8], "generates": False}), task({"shape": [2]})
    ('unconditional-image-generation', 'image-feature-extraction', 'other')
    """
    if not is_image(tuple(config["shape"])):
        return OTHER
    return GENERATES if config.get("generates", True) else ENCODES


def header(
    config: Mapping[str, Any], name: str, data: DataName, licence: str | None, scores: Sequence[Score]
) -> str:
    """The header of the model of `config` called `name`, with its `---` lines.

    Args:
        config: shareable content of its `config.json`.
        name: name of the model in the list of results.
        data: public name of its data.
        licence: SPDX name; None leaves the entry out.
        scores: scores of the model and of its data; those of the data are left out.

    Raises:
        InputError: there is no such licence.
    """
    doing, own = task(config), [brief(str(config[part]["name"])) for part in ("method", "arch")]
    entries: dict[str, Any] = {
        "library_name": LIBRARY,
        **({} if doing == OTHER else {"pipeline_tag": doing}),
        **(licence_entries(licence) if licence else {}),
        "tags": list(dict.fromkeys([LIBRARY, *own, "adversarial-autoencoders"])),
        **({"datasets": [data.hub]} if data.hub else {}),
    }
    if results := list(_results(doing, data, scores)):
        entries["model-index"] = [{"name": name, "results": results}]
    return "\n".join(["---", *entry_lines(entries), "---"]) + "\n"


def _results(doing: str, data: DataName, scores: Sequence[Score]) -> Iterator[dict[str, Any]]:
    """An entry of the list of results for each split that scores were measured on."""
    own = [score for score in scores if score.of != DATA and math.isfinite(score.value)]
    for split in dict.fromkeys(_split(score) for score in own):
        state = {"split": split, "revision": data.revision}
        yield {
            "task": {"type": doing},
            "dataset": {
                "name": data.name,
                "type": data.hub or _slug(data.name),
                **{key: value for key, value in state.items() if value is not None},
            },
            "metrics": [_metric(score) for score in own if _split(score) == split],
        }


def _split(score: Score) -> str | None:
    """The split that a score was measured on or against; None where there is none."""
    split = score.protocol.get("split", score.protocol.get("real"))
    return None if split is None else str(split)


def _metric(score: Score) -> dict[str, Any]:
    facts = {"network": score.of, "n": score.n, "std": score.std}
    protocol = {key: value for key, value in score.protocol.items() if key not in ("data", "n")}
    told = {key: value for key, value in {**facts, **protocol}.items() if value is not None}
    return {
        "type": _slug(score.metric),
        "value": score.value,
        "name": f"{title(score.metric)}, {score.of}",
        "args": told,
    }


def _slug(text: str) -> str:
    """`text` in the letters that the hub takes for names of data and metrics.

    >>> _slug("local data"), _slug("fd_classifier[cifar10]")
    ('local-data', 'fd_classifier-cifar10')
    """
    return re.sub(r"[^\w.-]+", "-", text).strip("-")


def entry_lines(value: Any, indent: str = "") -> Iterator[str]:
    """YAML in block form of a JSON value that is an object or a list."""
    pairs = value.items() if isinstance(value, dict) else ((None, each) for each in value)
    for key, each in pairs:
        lead = f"{indent}-" if key is None else f"{indent}{_scalar(str(key))}:"
        if not isinstance(each, dict | list) or not each:
            yield f"{lead} {_scalar(each)}"
        elif key is None:
            first, *rest = entry_lines(each, f"{indent}  ")
            yield from (f"{lead} {first.lstrip()}", *rest)
        else:
            yield lead
            yield from entry_lines(each, f"{indent}  " if isinstance(each, dict) else indent)


def _scalar(value: Any) -> str:
    """A value as YAML reads it: text in quotes where it could be read as something else.

    >>> _scalar("dcgan"), _scalar("no"), _scalar("a: b"), _scalar(1e-5)
    ('dcgan', '"no"', '"a: b"', '1.0e-05')
    """
    if isinstance(value, str) and _BARE.fullmatch(value) and value.lower() not in _NOT_BARE:
        return value
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        return repr(value).replace("e", ".0e")  # YAML 1.1 has no 1e-05
    return json.dumps(value, ensure_ascii=False)
