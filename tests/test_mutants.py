"""The list of mutants is up to date. Running them takes minutes and is not done here: see docs/testing.md."""

from __future__ import annotations

from tests.mutants import MUTANTS, ROOT


def test_every_fault_can_be_put_in_its_place_and_is_python():
    for mutant in MUTANTS:
        compile(mutant.text(), mutant.file, "exec")
        assert mutant.before != mutant.after


def test_every_fault_has_a_name_and_tests_that_there_are():
    assert len({mutant.what for mutant in MUTANTS}) == len(MUTANTS) >= 40
    for mutant in MUTANTS:
        paths = mutant.tests.split(" -k ")[0].split()
        assert paths
        assert all((ROOT / path).exists() for path in paths), mutant.tests
