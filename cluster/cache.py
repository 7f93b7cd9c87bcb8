"""The cache folder: where everything that was built or started is found again.

Results are named by a hash of what they are made of, and appear by a rename once whole, so that a
run that was interrupted leaves nothing that looks finished.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent

_LOCK_SECONDS = 0.2
_TELL_SECONDS = 30.0


def root() -> Path:
    """The folder of all caches, honouring ``XDG_CACHE_HOME``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).absolute() / "tcpaddon"


def fingerprint(*parts: object) -> str:
    """Twelve hex digits that change with any part; a ``Path`` counts by its content."""
    digest = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    return digest.hexdigest()[:12]


def _pieces(part: object) -> Iterator[bytes]:
    if not isinstance(part, Path):
        yield repr(part).encode()
    elif part.is_dir():
        for path in sorted(part.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(part).as_posix().encode()
                yield path.read_bytes()
    else:
        yield part.read_bytes()


def whole(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return ``folder``, made by ``make`` in a folder beside it if it is not there yet."""
    if not folder.exists():
        draft = folder.with_name(folder.name + ".part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        make(draft)
        draft.rename(folder)
    return folder


def newest(folder: Path, make: Callable[[Path], None]) -> Path:
    """As `whole`, for a folder ``<name>-<fingerprint>``: those of other fingerprints are deleted.

    They are of versions that are gone. A program that runs out of one of them goes on.
    """
    whole(folder, make)
    name = folder.name.rpartition("-")[0]
    for other in folder.parent.glob(f"{name}-*"):
        if other != folder and other.name.rpartition("-")[0] == name:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def read_timings() -> dict[str, float]:
    """Seconds each step took when it last ran on this machine."""
    try:
        found = json.loads((root() / "timings.json").read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): float(seconds) for name, seconds in found.items()}


def write_timing(name: str, seconds: float) -> None:
    """Remember how long a step took, for the next run's estimate."""
    with exclusive("timings", lambda: None):
        timings = read_timings() | {name: round(seconds, 1)}
        draft = root() / "timings.json.part"
        draft.write_text(json.dumps(timings, indent=1, sort_keys=True))
        draft.rename(root() / "timings.json")


def write_running(titles: list[str]) -> None:
    """Note what this run is at, for those who wait for it."""
    root().mkdir(parents=True, exist_ok=True)
    (root() / "running").write_text(", ".join(titles))


def read_running() -> str:
    """What the run that holds the lock is at."""
    try:
        return (root() / "running").read_text()
    except OSError:
        return ""


@contextmanager
def exclusive(
    name: str, waiting: Callable[[], None], enough: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Hold the lock ``name``, so that two runs do not build the same thing.

    Args:
        name: of the lock.
        waiting: called when somebody else has it, and every half minute from then on.
        enough: ends the wait without the lock once it is true: the other has done what we need.
    """
    root().mkdir(parents=True, exist_ok=True)
    with (root() / f"{name}.lock").open("w") as lock:
        tell_again = 0.0
        while not _locked(lock) and not enough():
            if time.monotonic() >= tell_again:
                waiting()
                tell_again = time.monotonic() + _TELL_SECONDS
            time.sleep(_LOCK_SECONDS)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
