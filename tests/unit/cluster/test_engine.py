"""Where no Docker is to be had, one sentence says what to do."""

from pathlib import Path

import pytest

from cluster import ClusterError, debian, dockerd, engine


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no docker on it
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(dockerd, "is_healthy", lambda: False)


def test_who_has_no_docker_and_is_not_root_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(debian, "is_ours_to_change", lambda: False)
    with pytest.raises(ClusterError, match=r"install Docker Engine or Docker Desktop"):
        engine.ensure()


def test_a_docker_host_that_does_not_answer_is_named_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    monkeypatch.setattr(debian, "is_ours_to_change", lambda: True)
    with pytest.raises(ClusterError, match=r"DOCKER_HOST=tcp://127\.0\.0\.1:9: start it, or unset"):
        engine.ensure()
