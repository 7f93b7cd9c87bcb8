"""Starts and stops a Docker daemon of our own, and clears up after one that was killed.

Its programs, images and log are in the cache folder, its socket and state under /run. A daemon that
died leaves containerd, shims, containers, mounts and pid files behind; a new one trips over them,
so all of that goes first. Whose a process is shows in its executable: ours live in the cache.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from cluster import cache, network
from cluster.commands import Commands
from cluster.errors import ClusterError

_RUN: Final = Path("/run/tcpaddon")
_SOCKET: Final = _RUN / "docker.sock"
PID: Final = _RUN / "dockerd.pid"
_STATE: Final = _RUN / "docker"
CONTAINERD_PID: Final = _STATE / "containerd" / "containerd.pid"
_MARK: Final = _RUN / "data"  # whose data the daemon works on: folder and identity
_IDENTITY: Final = "tcpaddon-id"
_SYSTEM_FOLDERS: Final = (Path("/usr/sbin"), Path("/sbin"))  # iptables, runc: not on every PATH
HOST: Final = f"unix://{_SOCKET}"

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


def is_own(docker_host: str) -> bool:
    """Whether that address is the daemon of ours."""
    return docker_host == HOST


def programs_folder(version: str) -> Path:
    """Where the programs of that version are unpacked."""
    return cache.root() / "engine" / f"programs-{version}"


def path_folders() -> list[Path]:
    """Folders for PATH with Docker's programs, the newest version's first."""
    found = [usr for home in _homes() for usr in home.glob("programs-*/usr")]
    newest = sorted(found, key=lambda usr: usr.stat().st_mtime, reverse=True)[:1]
    return [*(usr / sub for usr in newest for sub in ("bin", "sbin")), *_SYSTEM_FOLDERS]


def is_healthy() -> bool:
    """Whether a daemon of ours was started whose data are still there.

    Somebody may have emptied the cache folder under it: such a daemon answers and is of no use.
    """
    try:
        folder, identity = _MARK.read_text().split("\n")
        return (Path(folder) / "data" / _IDENTITY).read_text() == identity
    except (OSError, ValueError):
        return False


def start(commands: Commands, programs: Path) -> None:
    """Start the daemon in a session of its own and wait until it answers.

    Raises:
        ClusterError: it ended or did not answer in time; the detail is the end of its log.
    """
    stop()
    home = cache.root() / "engine"
    data = home / "data"
    identity = data / _IDENTITY
    if not identity.exists():  # new, or half deleted: a daemon makes nothing good of that
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        network.remove_bridges(commands)
        identity.write_text(os.urandom(8).hex())
    _STATE.mkdir(parents=True, exist_ok=True)
    path = [programs / "usr/bin", programs / "usr/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    argv = [
        *(programs / "usr/sbin/dockerd", "--host", HOST, "--pidfile", PID),
        *("--data-root", data, "--exec-root", _STATE),
        *("--bip", network.DOCKER0, "--default-address-pool", network.OTHER_NETWORKS),
    ]
    log = cache.root() / "logs" / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        daemon = subprocess.Popen(
            [str(word) for word in argv],
            env={**os.environ, "PATH": os.pathsep.join(map(str, path))},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # it outlives us
        )
    _wait_for(daemon, Commands(log, {"PATH": f"{os.environ.get('PATH')}:{path[0]}"}))
    network.fence_in(commands)
    _MARK.write_text(f"{home}\n{identity.read_text()}")


def stop() -> None:
    """End our daemon if it runs, and clear away whatever it or a killed one left."""
    homes = _homes()
    _MARK.unlink(missing_ok=True)
    ours = _own_processes(homes)
    daemons = [pid for pid, name in ours.items() if name == "dockerd"]
    for pid in daemons:
        _kill(pid, signal.SIGTERM)
    _wait_gone(daemons)
    # What is left now was orphaned: containers are the shims' children.
    ours = _own_processes(homes)
    shims = {pid for pid, name in ours.items() if name.startswith("containerd-shim")}
    for pid in [*ours, *_children(shims)]:
        _kill(pid, signal.SIGKILL)
    _wait_gone([*ours])
    for mount in reversed(_mounts_below(_STATE, *(home / "data" for home in homes))):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    shutil.rmtree(_RUN, ignore_errors=True)


def _homes() -> list[Path]:
    """Our folder, and the one of the daemon that runs or ran, should it be another."""
    found = {cache.root() / "engine"}
    with contextlib.suppress(OSError):
        found.add(Path(_MARK.read_text().split("\n")[0]))
    return sorted(found)


def _wait_for(daemon: subprocess.Popen[bytes], commands: Commands) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            break
        if commands.succeeds(["docker", "--host", HOST, "info"], timeout=5):
            return
        time.sleep(0.3)
    _kill(daemon.pid, signal.SIGKILL)
    raise ClusterError(
        f"The Docker daemon did not start; all of its output is in {commands.log}.",
        commands.tail(),
    )


def _own_processes(homes: list[Path]) -> dict[int, str]:
    """Processes whose program lies in our programs folder, also if it was deleted since."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                program = (entry / "exe").readlink()
                if any(program.is_relative_to(home) for home in homes):
                    found[int(entry.name)] = program.name.removesuffix(" (deleted)")
    return found


def _children(parents: set[int]) -> list[int]:
    """Processes whose parent is one of these: a container ends with its first process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) in parents:
                    found.append(int(entry.name))
    return found


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and any(_is_alive(pid) for pid in pids):
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _mounts_below(*folders: Path) -> list[str]:
    """Mount points in these folders, outer ones first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if any(Path(point).is_relative_to(f) for f in folders)]
