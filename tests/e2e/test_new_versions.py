"""A new version on real nodes: it fails to boot, it takes over at once, the old one goes slowly."""

import json
from contextlib import ExitStack
from io import BufferedRWPair
from typing import Any

from tests.e2e.site import Site, addon, condition, connected, eventually, greeting

HANGS = ["python3", "-uc", "import time; print('waiting for the database'); time.sleep(600)"]
CRASHES = ["python3", "-c", "import sys; sys.exit('no database')"]


def spec(site: Site, version: str, replicas: int = 1, **rollout: Any) -> dict[str, Any]:
    limits = {"startupTimeoutSeconds": 5, "drainSeconds": 10, "preStopSeconds": 2}
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "env": [{"name": "VERSION", "value": version}],
        "replicas": replicas,
        "rollout": {**limits, **rollout},
    }


def bad(site: Site, command: list[str]) -> dict[str, Any]:
    return {**spec(site, "bad"), "command": command}


def pods(site: Site, namespace: str) -> set[str]:
    """Names of the pods that are not going."""
    found = site.all(namespace, "pod", "tcpaddon.io/addon=echo")
    return {p["metadata"]["name"] for p in found if "deletionTimestamp" not in p["metadata"]}


def still_there(lines: BufferedRWPair) -> bool:
    """Tell whether a connection still answers."""
    try:
        lines.write(b"still there?\n")
        lines.flush()
        return lines.readline() == b"still there?\n"
    except ConnectionError:
        return False


def rolled_back(site: Site, namespace: str, before: set[str]) -> str:
    """Wait until only the pods of before are left and it is told why; returns the sentence."""

    def now() -> str:
        told = condition(site.get(namespace, "tcpaddon", "echo"), "Progressing")
        done = told.get("reason") == "BootTimeout" and pods(site, namespace) == before
        return str(told["message"]) if done else ""

    return eventually(now, lambda: f"it is rolled back\n{site.account(namespace, 'echo')}")


def test_a_version_that_never_listens_is_rolled_back_and_no_connection_notices(
    site: Site, namespace: str
) -> None:
    site.apply(namespace, addon("echo", spec(site, "1")))
    url = site.ready(namespace, "echo")["status"]["url"]
    before = pods(site, namespace)
    with connected(url) as connection, connection.makefile("rwb") as lines:
        assert json.loads(lines.readline())["version"] == "1"
        site.apply(namespace, addon("echo", bad(site, HANGS)))
        sentence = rolled_back(site, namespace, before)
        assert still_there(lines)
    assert "within 5 s" in sentence
    assert "waiting for the database" in sentence
    assert "Rejected" not in sentence
    assert greeting(url)["version"] == "1"
    events = site.kubectl("-n", namespace, "get", "events", "-o", "jsonpath={.items[*].reason}")
    assert events.split().count("BootTimeout") == 1


def test_a_version_that_crashes_is_rolled_back_with_its_last_words(
    site: Site, namespace: str
) -> None:
    site.apply(namespace, addon("echo", spec(site, "1")))
    site.ready(namespace, "echo")
    before = pods(site, namespace)
    site.apply(namespace, addon("echo", bad(site, CRASHES)))
    sentence = rolled_back(site, namespace, before)
    assert "exit code 1" in sentence
    assert "no database" in sentence
    site.restart_operator()
    site.apply(namespace, addon("echo", spec(site, "3")))
    url = site.ready(namespace, "echo")["status"]["url"]
    eventually(lambda: greeting(url)["version"] == "3", "the mended version serves")


def test_a_switch_never_shows_clients_two_versions(site: Site, namespace: str) -> None:
    site.apply(namespace, addon("echo", spec(site, "1", replicas=2, strategy="Switch")))
    url = site.ready(namespace, "echo")["status"]["url"]
    site.apply(namespace, addon("echo", spec(site, "2", replicas=2, strategy="Switch")))
    seen: list[str] = []

    def done() -> bool:
        # One client after the other: what the first new one sees, no later one may fall behind.
        seen.extend(greeting(url)["version"] for _ in range(20))
        ready = condition(site.get(namespace, "tcpaddon", "echo"), "Ready")
        return ready.get("status") == "True" and seen[-1] == "2"

    eventually(done, lambda: f"the switch is made\n{site.account(namespace, 'echo')}")
    assert seen == sorted(seen), seen
    assert seen[0] == "1"


def test_old_processes_drain_one_after_the_other(site: Site, namespace: str) -> None:
    drain = {"intervalSeconds": 8}
    site.apply(namespace, addon("echo", spec(site, "1", replicas=2, drain=drain)))
    url = site.ready(namespace, "echo")["status"]["url"]
    with ExitStack() as stack:
        clients: dict[str, BufferedRWPair] = {}

        def both_reached() -> bool:
            lines = stack.enter_context(stack.enter_context(connected(url)).makefile("rwb"))
            clients.setdefault(json.loads(lines.readline())["host"], lines)
            return len(clients) == 2

        eventually(both_reached, "both processes have a client")
        site.apply(namespace, addon("echo", spec(site, "2", replicas=2, drain=drain)))
        left = dict(clients)

        def one_has_ended() -> bool:
            for host, lines in clients.items():
                if not still_there(lines):
                    del left[host]
            return bool(left != clients)

        eventually(one_has_ended, lambda: f"one goes\n{site.account(namespace, 'echo')}")
        assert [still_there(lines) for lines in left.values()] == [True], "both went at once"
    site.ready(namespace, "echo")
