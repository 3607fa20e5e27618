"""The model card: origin, use, pictures, training, scores with their protocols, health, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chimerae.extensions import brief, is_reference
from chimerae.remedies.known import MEANINGS
from chimerae.report import facts
from chimerae.report.compare import flatten, name_runs
from chimerae.report.scores import ScoreCell, ScoreTable, score_tables
from chimerae.report.verdict import NOTHING, verdict
from chimerae.run_folder.fields import number, section
from chimerae.shapes import describe, is_image
from chimerae.sharing.files import FOLDER, SHOWN
from chimerae.sharing.header import header
from chimerae.sharing.public import DataName
from chimerae.sharing.subject import Subject
from chimerae.tables import code, markdown_table, plain, plural

PLACE: Final = "path/to/this/folder"
"""Name of the model in the card of a folder that is on no hub."""
SEEN: Final = "Seen on the pictures drawn in training:"


def model_card(
    config: Mapping[str, Any],
    name: str,
    *,
    subject: Subject | None = None,
    data: DataName,
    licence: str | None = None,
    pictures: Sequence[str] = (),
) -> str:
    """The card of a model, in Markdown under a header of YAML.

    Args:
        config: shareable content of its `config.json`.
        name: OWNER/NAME on the hub, or the name of its folder.
        subject: the run behind it; None where that is not at hand.
        data: public name of its data.
        licence: SPDX name.
        pictures: kinds of the pictures beside the card.

    Raises:
        InputError: there is no such licence, or a picture of the run cannot be read.
    """
    parts = [
        f"# {plain(name.rpartition('/')[2])}",
        *_warnings(config, subject),
        _origin(config, data),
        *_verdict(subject),
        "## Use",
        _use(config, name if "/" in name else PLACE),
        *_looks(pictures),
        *_training(config, data, subject),
        "## Scores",
        *_scores(config, subject),
        "## Health",
        _health(subject),
        "## Limits",
        "\n".join(f"- {each}" for each in _limits(config, licence, subject, pictures)),
    ]
    head = header(config, name.rpartition("/")[2], data, licence, subject.run.scores if subject else ())
    return head + "\n" + "\n\n".join(filter(None, parts)) + "\n"


def _warnings(config: Mapping[str, Any], subject: Subject | None) -> Iterator[str]:
    """Sentences in front of everything else about a run that is ill or unfinished."""
    if subject is None:
        return
    run = subject.run
    word = run.log[-1].ailment if run.log else ""
    if word:
        meaning = f"{word} ({MEANINGS[word]})" if word in MEANINGS else word
        yield f"**Not healthy at its last logged step: {plain(meaning)}.**"
    if config["step"] < run.steps:
        yield f"**Not finished: step {config['step']:,} of {run.steps:,}.**"


def _origin(config: Mapping[str, Any], data: DataName) -> str:
    names = [str(config[part]["name"]) for part in ("method", "arch")]
    method, arch = map(brief, names)
    outside = [code(name) for name in names if is_reference(name)]
    needed = f" It needs {' and '.join(outside)}, which is no part of chimerae." if outside else ""
    shape, seed = tuple(config["shape"]), f", seed {config['seed']}" if "seed" in config else ""
    values = "float32 in [0, 1]" if is_image(shape) else "float32"
    made = "samples" if config.get("generates", True) else "outputs"
    version, steps = plain(str(config.get("chimerae", ""))), plural(config["step"], "step")
    return (
        f"A {code(method)} model ({plain(arch)} networks) trained with chimerae {version} on "
        f"{code(data.name)} for {steps}{seed}. "
        f"Its {made} are {describe(shape)}, {values}.{needed}"
    )


def _verdict(subject: Subject | None) -> Iterator[str]:
    """The verdict of the run's report, in words."""
    if subject is None or (told := verdict(subject.run)) == NOTHING:
        return
    yield plain(told if subject.evaluated else f"{SEEN} {told[0].lower()}{told[1:]}")


def _use(config: Mapping[str, Any], name: str) -> str:
    shape = ", ".join(map(str, config["shape"]))
    draws = config.get("generates", True)
    call = f"x = model.sample(16)  # [16, {shape}]" if draws else f"y = model.reconstruct(x)  # [B, {shape}]"
    lines = ["```python", "import chimerae", "", f'model = chimerae.load("{name}")', call, "```"]
    return "\n".join(lines)


def _looks(pictures: Sequence[str]) -> Iterator[str]:
    if pictures:
        yield "## Pictures"
    for kind in pictures:
        yield f"{SHOWN[kind]}:"
        yield f"![{SHOWN[kind]}]({FOLDER}/{kind}.png)"


def _training(config: Mapping[str, Any], data: DataName, subject: Subject | None) -> Iterator[str]:
    yield "## Training"
    rows = {"data": data.name + (f" at {data.revision}" if data.revision else "")}
    if subject is not None:
        counts = section(subject.run.data, "counts")
        rows["samples of the data"] = ", ".join(f"{number(n):,.0f} {split}" for split, n in counts.items())
    rows["steps"] = f"{config['step']:,}"
    if subject is not None:
        rows |= _course(config, subject)
    rows["weights"] = "average over the last steps (EMA)" if config["averaged"] else "those of the last step"
    counts = {name: number(n) for name, n in section(config, "parameters").items()}
    rows["parameters"] = ", ".join(f"{name} {n:,.0f}" for name, n in counts.items())
    yield markdown_table(["", ""], [[plain(key), plain(value)] for key, value in rows.items() if value])
    tree = subject.run.settings if subject else {key: config[key] for key in ("method", "arch")}
    settings = {key: value for key, value in flatten(tree).items() if "." in key}
    yield "<details><summary>Settings</summary>"
    yield markdown_table(["setting", "value"], [[code(k), plain(brief(v))] for k, v in settings.items()])
    yield "</details>"


def _course(config: Mapping[str, Any], subject: Subject) -> dict[str, str]:
    """Facts about how long the run took."""
    batch = number(section(subject.run.settings, "training").get("batch_size"))
    found = {"samples seen": f"{config['step'] * batch:,.0f}, in batches of {batch:.0f}"}
    if subject.run.log:
        found["learning time"] = facts.duration(subject.run.log[-1].seconds)
    return found


def _scores(config: Mapping[str, Any], subject: Subject | None) -> Iterator[str]:
    if subject is None:
        yield "Its scores are unknown here: the run that made it was not at hand."
    elif subject.other_step is not None:
        yield (
            f"Not evaluated: the scores of its run belong to step {subject.other_step:,}, "
            f"and this is step {config['step']:,}."
        )
    elif not subject.evaluated:
        yield "Not evaluated."
    else:
        for kind, table in score_tables(name_runs([subject.run])).items():
            yield f"### {kind}"
            yield from _table(table)
        yield (
            "One run with one seed: no spread over seeds is known. The row `data` has the value of the data "
            "themselves. All metrics are those of chimerae."
        )


def _table(table: ScoreTable) -> Iterator[str]:
    rows = [[plain(row.network), *(_cell(cell) for cell in row.cells)] for row in table.rows]
    yield markdown_table(["network", *map(plain, table.columns)], rows, 1)
    if table.common:
        yield f"All values: {plain(table.common)}."
    if table.own:
        yield " ".join(f"{plain(column)}: {plain(told)}." for column, told in table.own)
    if table.marks:
        yield " ".join(f"{mark}: {plain(told)}." for mark, told in table.marks)


def _cell(cell: ScoreCell) -> str:
    return cell.text + (f"<sup>{cell.mark}</sup>" if cell.mark else "")


def _health(subject: Subject | None) -> str:
    if subject is None:
        return "Unknown here: the run that made it was not at hand."
    if not subject.run.log:
        return "Nothing was logged."
    ailments = facts.ailments(subject.run)
    return f"{'; '.join(ailments)}." if ailments else "ok at every logged step."


def _limits(
    config: Mapping[str, Any], licence: str | None, subject: Subject | None, pictures: Sequence[str]
) -> Iterator[str]:
    yield "The model knows what its training data showed and nothing else. Their faults and gaps are its own."
    shape = tuple(config["shape"])
    if is_image(shape):
        yield f"It takes and makes images of {describe(shape)}; others are cropped and resized to that."
    if not config.get("generates", True):
        yield "It encodes and reconstructs; it draws no samples."
    if not (subject and subject.evaluated):
        yield "Nothing has been measured on it."
    if "reconstructions" in pictures:
        yield "The picture of reconstructions shows images of the data, to which their own licence applies."
    if licence is None:
        yield "No licence was named for it."
