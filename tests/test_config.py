from __future__ import annotations

import json
from typing import Annotated

import pytest
from pydantic import Field
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT, from_dict, one_of, override, to_dict
from chimerae.errors import InputError
from tests.helpers.rows import through


class Animal:
    pass


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Cat(Animal):
    name = "cat"
    lives: int = Field(default=9, ge=1)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Dog(Animal):
    name = "dog"
    tricks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Room:
    warmth: float = 20.0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class House:
    animal: Annotated[Cat | Dog, one_of("animal", Animal, {"cat": Cat, "dog": Dog})]
    room: Room = Room()
    floors: int = Field(default=1, ge=0)


CATS, DOGS = House(animal=Cat(lives=3)), House(animal=Dog(tricks=("sit",)), floors=2)


@through("house", [CATS, DOGS])
def test_round_trip_through_json(house):
    assert from_dict(House, json.loads(json.dumps(to_dict(house)))) == house


def test_a_choice_is_written_with_its_name():
    assert to_dict(CATS) == {"animal": {"name": "cat", "lives": 3}, "room": {"warmth": 20.0}, "floors": 1}


def test_missing_fields_get_their_defaults():
    assert from_dict(House, {"animal": {"name": "cat"}}) == House(animal=Cat())


BAD = [
    ({"animal": {"name": "cta"}}, "unknown animal 'cta'; did you mean 'cat'?"),
    ({"animal": {"name": "horse"}}, "there are: cat, dog"),
    ({"animal": {"name": "cat", "livs": 3}}, "unknown setting 'livs'; did you mean 'lives'?"),
    ({"animal": {"name": "cat", "lives": 0}}, "lives = 0"),
    ({"animal": "cat"}, "an object with a 'name'"),
    ({"animal": {"lives": 3}}, "an object with a 'name'"),
    ({"animal": {"name": "cat"}, "flors": 2}, "did you mean 'floors'?"),
    ({"animal": {"name": "cat"}, "floors": -1}, "floors = -1"),
    ({"animal": {"name": "cat"}, "floors": "many"}, "floors = 'many'"),
    ({"animal": {"name": "cat"}, "room": {"warmth": float("nan")}}, "room.warmth = nan"),
    ({}, "animal"),
    (None, "must be an object"),
    ([1], "must be an object"),
]


@through("values, said", BAD)
def test_what_is_wrong_is_said_in_one_line(values, said):
    with pytest.raises(InputError) as refused:
        from_dict(House, values, "house")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_override():
    changed = override(CATS, {"animal.lives": 7, "room.warmth": 3, "floors": 5})
    assert changed == House(animal=Cat(lives=7), room=Room(warmth=3.0), floors=5)
    assert CATS.floors == 1
    assert override(CATS, {"animal": {"name": "dog"}}) == House(animal=Dog())
    assert override(CATS, {}) == CATS


@through(
    "path, value, said",
    [
        ("animal.livs", 3, "did you mean 'animal.lives'?"),
        ("animal.tricks", ["sit"], "unknown setting"),
        ("floor", 3, "did you mean 'floors'?"),
        ("floors", -3, "floors = -3"),
        ("room.warmth", "hot", "room.warmth = 'hot'"),
    ],
)
def test_override_refuses_in_one_line(path, value, said):
    with pytest.raises(InputError) as refused:
        override(CATS, {path: value})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
