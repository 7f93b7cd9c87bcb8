"""docs/conditions.md is made from the texts of the reasons."""

from pathlib import Path

import pytest

from tcpaddon.cli.conditions_page import main


def test_the_page_in_the_repository_is_current() -> None:
    root = Path(__file__).parents[3]
    assert main(["--check", str(root / "docs" / "conditions.md")]) == 0


def test_an_old_page_fails_the_check_and_is_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "conditions.md"
    path.write_text("old")
    assert main(["--check", str(path)]) == 1
    assert "run 'python -m tcpaddon.cli.conditions_page'" in capsys.readouterr().err
    assert main([str(path)]) == 0
    assert main(["--check", str(path)]) == 0
