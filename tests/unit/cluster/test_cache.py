"""What is in the cache is whole, and named by all that it was made of."""

from pathlib import Path

import pytest

from cluster import cache


def test_the_cache_folder_follows_xdg_cache_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.root() == tmp_path / "tcpaddon"


def test_a_fingerprint_is_the_same_for_the_same_parts() -> None:
    assert cache.fingerprint("a", ("b", 1)) == cache.fingerprint("a", ("b", 1))


@pytest.mark.parametrize(("left", "right"), [(("ab", "c"), ("a", "bc")), (("a",), ("a", ""))])
def test_a_fingerprint_tells_where_a_part_ends(
    left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    assert cache.fingerprint(*left) != cache.fingerprint(*right)


def test_a_fingerprint_changes_with_a_files_content(tmp_path: Path) -> None:
    file = tmp_path / "main.go"
    file.write_text("one")
    before = cache.fingerprint(tmp_path)
    file.write_text("two")
    assert cache.fingerprint(tmp_path) != before


def test_a_fingerprint_changes_with_a_files_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("same")
    before = cache.fingerprint(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert cache.fingerprint(tmp_path) != before


def test_a_result_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    made: list[Path] = []
    for _ in range(2):
        cache.whole(tmp_path / "result", made.append)
    assert len(made) == 1


def test_a_result_whose_making_failed_is_not_there(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        (draft / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.whole(tmp_path / "result", fail)
    assert not (tmp_path / "result").exists()


def test_what_a_failed_making_left_is_not_in_the_next_result(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        (draft / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.whole(tmp_path / "result", fail)
    result = cache.whole(tmp_path / "result", lambda draft: (draft / "all").touch())
    assert [path.name for path in result.iterdir()] == ["all"]


def test_a_new_result_takes_the_place_of_those_of_other_versions_and_of_nothing_else(
    tmp_path: Path,
) -> None:
    for name in ("api-1", "api-tools-1", "node-1"):
        (tmp_path / name).mkdir()
    cache.newest(tmp_path / "api-2", lambda draft: (draft / "etcd").touch())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api-2", "api-tools-1", "node-1"]


def test_unreadable_timings_are_no_timings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "tcpaddon").mkdir()
    (tmp_path / "tcpaddon/timings.json").write_text("{")
    assert cache.read_timings() == {}


def test_who_waits_for_a_lock_is_told_and_goes_on_when_the_other_did_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told: list[str] = []
    with (
        cache.exclusive("up", lambda: told.append("free")),
        cache.exclusive("up", lambda: told.append("taken"), enough=lambda: bool(told)),
    ):
        assert told == ["taken"]
