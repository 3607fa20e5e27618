"""The studies of published tables and figures, which can be run by name."""

from __future__ import annotations

from chimerae.errors import unknown
from chimerae.studies.papers import (
    as_introvae_images,
    as_introvae_schedule,
    as_introvae_table1,
    avae_frozen,
    avae_table1,
    avae_toy,
    biadversarial_images,
    biadversarial_posterior,
    bigan_modes,
    blur,
    family_map,
    lfw_faces,
    wae_introvae,
    wae_prior,
)
from chimerae.studies.study import Study

STUDIES: tuple[Study, ...] = (
    as_introvae_table1.STUDY,
    as_introvae_schedule.SCHEDULE,
    as_introvae_schedule.TUNING,
    avae_toy.STUDY,
    blur.STUDY,
    bigan_modes.STUDY,
    biadversarial_posterior.STUDY,
    biadversarial_images.STUDY,
    wae_prior.STUDY,
    avae_table1.STUDY,
    as_introvae_images.TABLE2,
    as_introvae_images.TABLE3,
    wae_introvae.RMSE,
    wae_introvae.DIVERSITY,
    wae_introvae.TUNING,
    lfw_faces.STUDY,
    avae_frozen.STUDY,
    family_map.STUDY,
)


def study(name: str) -> Study:
    """The study called `name`.

    Raises:
        InputError: there is none.
    """
    by_name = {each.name: each for each in STUDIES}
    if name not in by_name:
        raise unknown("study", name, by_name)
    return by_name[name]
