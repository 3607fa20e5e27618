"""Answers to the page: pictures of codes, walks, maps, neighbours, and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from chimerae.errors import InputError, unknown
from chimerae.explore.shown import address, film, preview, sheet, whole
from chimerae.explore.spec import Spec, spec_of
from chimerae.explore.subject import Subject
from chimerae.explore.uploads import MOST_BYTES, Uploads
from chimerae.interpolation import WALKS
from chimerae.pictures import png
from chimerae.shapes import describe

Query = Mapping[str, str]
Json = dict[str, Any]

REACH: Final = 2.5
"""Places of the outermost pictures of a map, in deviations from the mean."""
FRAME: Final = 256
"""Longer side, in pixels, of a picture on a walk."""
THUMB: Final = 96
"""The same for a training image."""


class Explorer:
    """The runs of a page, and the pictures that were dropped on it.

    Its methods answer a query, and raise `InputError` where it is wrong. They are called one at a time.
    """

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = subjects
        self.uploads = Uploads([subject.model for subject in subjects])

    def about(self) -> Json:
        """Facts about the runs."""
        return {"most": MOST_BYTES, "reach": REACH, "runs": [_about(subject) for subject in self.subjects]}

    def take(self, name: str, content: bytes) -> Json:
        """Keep an uploaded picture; its code."""
        return {"code": f"mine-{self.uploads.take(name, content)}", "name": name}

    def code(self, query: Query) -> Json:
        """The pictures of a code by every network, its places along the directions, and the encoded image."""
        spec = _spec(query)

        def of(number: int, subject: Subject) -> Json:
            z = self._code(number, spec)
            made = subject.pictures(z)
            mine = None if spec.origin == "draw" else subject.image(spec, self._mine(number, spec))
            return {
                "pictures": {name: preview(x[0]) for name, x in made.items()},
                "places": [round(place, 3) for place in subject.directions.places(z)[0].tolist()],
                "image": None if mine is None else preview(mine[0]),
            }

        name = self.uploads.name(spec.which) if spec.origin == "mine" else ""
        return {"runs": list(self._each(query, of)), "name": name}

    def nearest(self, query: Query) -> Json:
        """The training images nearest to the picture of every network."""
        spec = _spec(query)

        def of(number: int, subject: Subject) -> Json:
            made = subject.pictures(self._code(number, spec))
            distances, images = subject.nearest(torch.cat(list(made.values())))
            rows = [
                [{**preview(x, THUMB), "distance": round(d, 1)} for x, d in zip(row, near, strict=True)]
                for row, near in zip(images, distances.tolist(), strict=True)
            ]
            return {"networks": dict(zip(made, rows, strict=True))}

        return {"runs": list(self._each(query, of))}

    def map(self, query: Query) -> Json:
        """The plane of the first two directions through a code, as one picture for each run."""
        spec = _spec(query)

        def of(number: int, subject: Subject) -> Json:
            images, columns = self._map(number, spec)
            rows = len(images) // columns
            return {"src": address(sheet(images, columns)), "columns": columns, "rows": rows}

        return {"runs": list(self._each(query, of))}

    def walk(self, query: Query) -> Json:
        """The pictures between two codes by every network, and the encoded images at both ends."""
        ends = _spec(query, "from"), _spec(query, "to")

        def of(number: int, subject: Subject) -> Json:
            steps = 9 if subject.is_large else 17
            made = subject.pictures(self._walk(number, ends, steps, query))
            return {
                "networks": {name: [preview(x, FRAME) for x in way] for name, way in made.items()},
                "ends": [
                    None
                    if end.origin == "draw"
                    else preview(subject.image(end, self._mine(number, end))[0], FRAME)
                    for end in ends
                ],
            }

        names = [self.uploads.name(end.which) if end.origin == "mine" else "" for end in ends]
        return {"runs": list(self._each(query, of)), "names": names}

    def picture_file(self, query: Query) -> bytes:
        """The picture of a code by one network, at full size, as a PNG."""
        number = self._one(query)
        made = self.subjects[number].pictures(self._code(number, _spec(query)))
        return png(whole(made[self._network(number, query)][0]))

    def map_file(self, query: Query) -> bytes:
        """The map of one run as a PNG."""
        return png(sheet(*self._map(self._one(query), _spec(query))))

    def walk_file(self, query: Query) -> bytes:
        """The walk between two codes by one network, there and back, as a GIF."""
        number, ends = self._one(query), (_spec(query, "from"), _spec(query, "to"))
        steps = 17 if self.subjects[number].is_large else 33
        made = self.subjects[number].pictures(self._walk(number, ends, steps, query))
        return film(list(made[self._network(number, query)]))

    def _code(self, number: int, spec: Spec) -> Tensor:
        return self.subjects[number].code(spec, self._mine(number, spec))

    def _mine(self, number: int, spec: Spec) -> Tensor | None:
        """The uploaded picture of a code."""
        method = self.subjects[number].model.method
        if spec.origin != "draw" and not method.encodes:
            raise InputError(f"{method.name} has no encoder: it makes pictures, and takes none")
        return self.uploads.get(spec.which, number) if spec.origin == "mine" else None

    def _walk(self, number: int, ends: tuple[Spec, Spec], steps: int, query: Query) -> Tensor:
        way = query.get("way", "spherical")
        mode = next((mode for mode in WALKS if mode == way), None)
        if mode is None:
            raise unknown("way", way, WALKS)
        a, b = (self._code(number, end) for end in ends)
        return self.subjects[number].codec.walk(a, b, steps, mode)[0]

    def _map(self, number: int, spec: Spec) -> tuple[Tensor, int]:
        """Pictures of the network that generates, from the upper left, and the number of columns."""
        subject = self.subjects[number]
        side = 5 if subject.is_large else 9
        places = torch.linspace(-REACH, REACH, side).tolist()
        rows = places[::-1] if len(subject.directions) > 1 else [0.0]
        codes = [self._code(number, spec.with_moves({0: x, 1: y})) for y in rows for x in places]
        return subject.pictures(torch.cat(codes))[subject.networks[-1]], side

    def _each(self, query: Query, of: Callable[[int, Subject], Json]) -> Iterator[Json]:
        """The answer of each wanted run; one with an error tells it in one line."""
        for number in self._numbers(query):
            try:
                yield {"run": number, **of(number, self.subjects[number])}
            except InputError as error:
                yield {"run": number, "error": " ".join(str(error).split())}

    def _numbers(self, query: Query) -> list[int]:
        every = {str(i): i for i in range(len(self.subjects))}
        wanted = query.get("runs", ".".join(every)).split(".")
        for wrong in set(wanted) - set(every):
            raise unknown("run", wrong[:20], every)
        return [every[word] for word in dict.fromkeys(wanted)]

    def _one(self, query: Query) -> int:
        return self._numbers({"runs": query.get("run", "0")})[0]

    def _network(self, number: int, query: Query) -> str:
        networks = self.subjects[number].networks
        wanted = query.get("network", networks[-1])
        if wanted not in networks:
            raise unknown("network", wanted[:80], networks)
        return wanted


def as_json(answer: Json) -> tuple[str, str]:
    """An answer with its media type."""
    return "application/json", json.dumps(answer, allow_nan=False)


def _spec(query: Query, key: str = "code") -> Spec:
    return spec_of(query.get(key, ""))


def _about(subject: Subject) -> Json:
    model, data = subject.model, subject.data
    method, source = model.method.name, model.config.get("data")
    of = f"of {len(data.train):,} training images" if data else ""
    return {
        "label": subject.label,
        "title": f"{method}{f' on {source}' if source else ''}, step {model.step:,}",
        "shape": describe(model.shape),
        "height": model.shape[1],
        "width": model.shape[2],
        "networks": subject.networks,
        "encodes": model.method.encodes,
        "draws": model.method.generates,
        "classes": model.label_names or tuple(map(str, range(model.method.label_dim))),
        "directions": len(subject.directions),
        "about": subject.directions.about,
        "held": len(data.test) if data and model.method.encodes else 0,
        "searched": f"Nearest {of}" + (f", {subject.searched:,} searched" if _is_part(subject) else ""),
        "lack": subject.lack,
        "large": subject.is_large,
    }


def _is_part(subject: Subject) -> bool:
    """True when only a part of the training images is searched."""
    return subject.data is not None and subject.searched < len(subject.data.train)
