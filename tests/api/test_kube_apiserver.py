"""tests/apiserver.py: what it starts ends with whoever started it, however that ends."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apiserver import ApiServer, Settings, StartError, running
from tests.until import until

ROOT = Path(__file__).parents[2]
STARTER = """
import json, sys, time
from tests.apiserver import running
with running() as server:
    print(json.dumps([*server.pids.values(), str(server.folder)]), flush=True)
    time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the kernel's help is Linux's")
def test_its_processes_end_with_a_starter_that_is_killed(apiserver: ApiServer) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    *pids, folder = json.loads(starter.stdout.readline())
    assert all(is_alive(pid) for pid in pids)
    assert apiserver.call("GET", "/readyz")["message"] == "ok", "two run beside each other"
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    asyncio.run(until(lambda: not any(is_alive(pid) for pid in pids)))
    assert all(is_alive(pid) for pid in apiserver.pids.values()), "ours are left alone"
    shutil.rmtree(folder)


def test_the_end_leaves_neither_processes_nor_files() -> None:
    with running() as server:
        pids, folder = list(server.pids.values()), server.folder
    assert not any(is_alive(pid) for pid in pids)
    assert not folder.exists()


def test_an_api_server_that_does_not_start_tells_why() -> None:
    with (
        pytest.raises(StartError, match="unknown flag: --no-such-flag"),
        running(Settings(flags=["--no-such-flag"])),
    ):
        pass


def test_each_request_is_in_the_audit_log_with_who_and_what(apiserver: ApiServer) -> None:
    apiserver.call("POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": "audited"}})
    found = [
        (line["user"]["username"], line["verb"], line["responseStatus"]["code"])
        for line in apiserver.audit()
        if line["verb"] == "create" and line["objectRef"].get("name") == "audited"
    ]
    assert found == [("admin", "create", 201)]
