"""What the tests' own API server leaves behind, and who clears it away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import apiserver


def test_the_folder_of_a_process_that_was_killed_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [tmp_path / f"tcpaddon-api-{os.getpid()}-x", tmp_path / "tcpaddon-api-notes"]
    for folder in (*kept, tmp_path / f"tcpaddon-api-{dead.pid}-x"):
        folder.mkdir()
    apiserver._remove_what_killed_ones_left()
    assert sorted(tmp_path.iterdir()) == sorted(kept)
