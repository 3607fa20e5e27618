"""Licences by their SPDX names, and the identifiers that the hub has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chimerae.errors import InputError, unknown

OWN: Final = "LicenseRef-"
"""Prefix by which SPDX marks a licence outside its list."""
_OF_HUB: Final = (
    *("AFL-3.0", "AGPL-3.0", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause"),
    *("BSD-3-Clause-Clear", "BSL-1.0", "CC0-1.0", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0"),
    *("CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0"),
    *("CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0"),
    *("CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "CDLA-Sharing-1.0", "ECL-2.0", "EPL-1.0", "EPL-2.0"),
    *("etalab-2.0", "EUPL-1.1", "EUPL-1.2", "GPL-2.0", "GPL-3.0", "ISC", "LGPL-2.1", "LGPL-3.0"),
    *("LPPL-1.3c", "MIT", "MPL-2.0", "MS-PL", "NCSA", "OFL-1.1", "OSL-3.0", "PostgreSQL", "Unlicense"),
    *("WTFPL", "Zlib"),
)
"""Names that the hub spells in lower case."""
_GNU: Final = ("AGPL-3.0", "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0")
IDENTIFIERS: Final[Mapping[str, str]] = {
    **{name: name.lower() for name in _OF_HUB},
    **{f"{name}-{which}": name.lower() for name in _GNU for which in ("only", "or-later")},
    "ODbL-1.0": "odbl",
    "ODC-By-1.0": "odc-by",
    "PDDL-1.0": "pddl",
}
"""SPDX name -> identifier of the hub."""


def licence_entries(given: str) -> dict[str, str]:
    """Entries of a card's header for the licence `given`, an SPDX name in any case.

    A licence of one's own is named LicenseRef-NAME; the hub files it under `other`.

    Raises:
        InputError: there is no such licence.

    >>> licence_entries("mit"), licence_entries("GPL-3.0-only")
    ({'license': 'mit'}, {'license': 'gpl-3.0'})
    >>> licence_entries("LicenseRef-our-terms")
    {'license': 'other', 'license_name': 'our-terms'}
    """
    wanted = given.strip()
    if wanted.lower().startswith(OWN.lower()) and len(wanted) > len(OWN):
        return {"license": "other", "license_name": wanted[len(OWN) :]}
    known = {name.lower(): identifier for name, identifier in IDENTIFIERS.items()}
    if wanted.lower() in known:
        return {"license": known[wanted.lower()]}
    if wanted.lower() in known.values():
        return {"license": wanted.lower()}
    raise InputError(f"{unknown('licence', wanted, IDENTIFIERS)}; a licence of your own is {OWN}NAME")
