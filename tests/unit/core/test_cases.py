"""Every file of tests/unit/cases: reading the folder is reading the behaviour of `plan`."""

from pathlib import Path

import pytest

from tests.unit.core.cases import load, paths


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_the_plan_is_the_one_of_the_file(path: Path) -> None:
    case = load(path)
    assert case.actual() == case.expected
