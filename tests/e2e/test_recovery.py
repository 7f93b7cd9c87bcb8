"""What was killed is up again after the next command: a node, the container engine.

It runs last, since nothing of the cluster survives it unharmed but what is promised here.
"""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from cluster import dockerd
from tests.e2e.site import NAME, ROOT, Site, addon, app_secret, eventually, greeting


@pytest.mark.timeout(600)
def test_a_killed_node_and_a_killed_engine_are_up_again_after_the_next_command(
    site: Site, namespace: str
) -> None:
    def echo(version: str) -> dict[str, Any]:
        wanted = {
            "image": site.images.server,
            "ports": [{"name": "tcp", "containerPort": 7000}],
            "binding": {"secretRef": {"name": "app-env"}},
            "env": [{"name": "VERSION", "value": version}],
        }
        return addon("echo", wanted)

    site.apply(namespace, app_secret({}), echo("1"))
    url = site.ready(namespace, "echo")["status"]["url"]
    (pod,) = site.all(namespace, "pods", "tcpaddon.io/addon=echo")

    site.run("docker", "kill", pod["spec"]["nodeName"])
    up()
    eventually(lambda: _version(url) == "1", "the process is back at its address")
    site.apply(namespace, echo("2"))
    eventually(lambda: _version(url) == "2", "the operator works again")

    if site.cluster.docker_host != dockerd.HOST:
        return  # somebody else's engine is not ours to kill
    for pid_file in (dockerd.PID, dockerd.CONTAINERD_PID):
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
    up()
    eventually(lambda: _version(url) == "2", "the process is back at its address")
    site.apply(namespace, echo("3"))
    eventually(lambda: _version(url) == "3", "the operator works again")
    assert site.ready(namespace, "echo")["status"]["url"] == url


def up() -> None:
    """The next command."""
    command = [sys.executable, "-m", "cluster", "up", "--name", NAME]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def _version(url: str) -> str:
    try:
        return str(greeting(url)["version"])
    except (OSError, ValueError):
        return ""
