"""`kubectl tcpaddon url` and `status`, run by the real kubectl against a real API server."""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import plugins
from tests.apiserver import ApiServer, Settings, running
from tests.operators import eventually, operator
from tests.waits import ready
from tests.worlds import world

SPEC: dict[str, Any] = {
    "image": "registry.example/broker:1",
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
}
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plugins.install(tmp_path_factory.mktemp("plugins"))


@pytest.fixture
def tcpaddon(apiserver: ApiServer, plugin: Path) -> Kubectl:
    """Run `kubectl tcpaddon …` as the administrator."""
    return lambda *words: asked(apiserver, plugin, apiserver.kubeconfig(), *words)


@pytest.fixture(scope="module")
def strict() -> Iterator[ApiServer]:
    """An API server that has never heard of TcpAddons, and on which `nobody` may do nothing."""
    with running(Settings(authorization="RBAC", users=["nobody"])) as server:
        yield server


def asked(
    server: ApiServer, plugin: Path, kubeconfig: str, *words: str
) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join([str(server.programs), os.environ["PATH"]])
    environment = {**os.environ, "KUBECONFIG": kubeconfig, "PATH": path}
    return plugins.kubectl("tcpaddon", *words, plugins=plugin, environment=environment)


def changed(kubeconfig: str, folder: Path, change: Callable[[Any], None]) -> str:
    """Write a kubeconfig anew with a change."""
    content = yaml.safe_load(Path(kubeconfig).read_text())
    change(content)
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return str(path)


async def test_url_prints_the_url_alone(apiserver: ApiServer, tcpaddon: Kubectl) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", SPEC)
        found = await ready(w, "mqtt")
        done = tcpaddon("url", "mqtt", "-n", w.namespace)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{found['status']['url']}\n"


async def test_without_an_address_url_says_in_the_conditions_words_why(
    apiserver: ApiServer, tcpaddon: Kubectl
) -> None:
    async with world(apiserver) as w:
        await w.create(
            "services", {"metadata": {"name": "mqtt-tcp"}, "spec": {"ports": [{"port": 80}]}}
        )
        await w.addon("mqtt", SPEC)
        unseen = tcpaddon("url", "mqtt", "-n", w.namespace)
        assert unseen.returncode == 1
        assert "no operator has looked at it so far" in unseen.stderr
        async with operator(apiserver.kubeconfig()):

            async def told() -> str:
                return str((await w.condition("mqtt", "AddressAssigned")).get("message", ""))

            message = await eventually(told, "the conflict is told")
        done = tcpaddon("url", "mqtt", "-n", w.namespace)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"error: TcpAddon 'mqtt' has no address yet: {message}\n"


async def test_status_tells_an_addon_as_lines_and_as_data(
    apiserver: ApiServer, tcpaddon: Kubectl
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.addon("mqtt", SPEC)

        async def told() -> bool:
            return (await w.condition("mqtt", "Ready")).get("reason") == "SecretNotFound"

        await eventually(told, "the missing Secret is told")
        text = tcpaddon("status", "mqtt", "-n", w.namespace).stdout
        said = (await w.condition("mqtt", "BindingPublished"))["message"]
        assert f"SecretNotFound: {said}\n" in text
        await w.secret("app-env", {})
        found = await ready(w, "mqtt")

        async def events() -> bool:
            listed = (await w.api.get(w.path("events")))["items"]
            return {"Ready", "SecretNotFound"} <= {event["reason"] for event in listed}

        await eventually(events, "the Events are there")
        text = tcpaddon("status", "mqtt", "-n", w.namespace).stdout
        assert "\x1b" not in text, "no colours in a pipe"
        lines = {
            line.partition(":")[0]: line.partition(":")[2].strip() for line in text.split("\n")
        }
        assert lines["Ready"] == "yes"
        assert lines["Address"] == found["status"]["url"]
        assert lines["Process"] == "tcp: 1 of 1 ready"
        assert lines["Revision"] == found["status"]["revision"]
        assert lines["Binding"] == "TCP_URL is in Secret app-env"
        assert "ago: Ready: Clients are served at" in text
        data = json.loads(tcpaddon("status", "mqtt", "-n", w.namespace, "-o", "json").stdout)
        assert (data["ready"], data["url"]) == ("True", found["status"]["url"])
        assert data["troubles"] == []
        assert "Ready" in [event["reason"] for event in data["events"]]


async def test_status_without_a_name_is_a_table(apiserver: ApiServer, tcpaddon: Kubectl) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        assert tcpaddon("status", "-n", w.namespace).stdout == (
            f"There is no TcpAddon in namespace '{w.namespace}'.\n"
        )
        await w.secret("app-env", {})
        await w.addon("mqtt", SPEC)
        await w.addon("redis", {"image": "registry.example/redis:1"})
        url = (await ready(w, "mqtt"))["status"]["url"]
        await ready(w, "redis")
        heads, first, second = tcpaddon("status", "-n", w.namespace).stdout.splitlines()
        assert heads.split()[:4] == ["NAME", "READY", "PROCESSES", "URL"]
        assert first.split() == ["mqtt", "yes", "1/1", url]
        assert second.split()[0] == "redis"
        everywhere = tcpaddon("status", "-A").stdout
        assert [w.namespace, "mqtt"] in [row.split()[:2] for row in everywhere.splitlines()]
        data = yaml.safe_load(tcpaddon("status", "-n", w.namespace, "-o", "yaml").stdout)
        assert [each["name"] for each in data] == ["mqtt", "redis"]


async def test_the_namespace_of_the_context_is_the_default(
    apiserver: ApiServer, plugin: Path, tmp_path: Path
) -> None:
    async with world(apiserver) as w:
        await w.addon("mqtt", SPEC)

        def into_it(content: Any) -> None:
            content["contexts"][0]["context"]["namespace"] = w.namespace

        kubeconfig = changed(apiserver.kubeconfig(), tmp_path, into_it)
        done = asked(apiserver, plugin, kubeconfig, "status")
        assert done.stdout.splitlines()[1].split()[:2] == ["mqtt", "unknown"]


async def test_a_name_that_is_not_there_is_told_with_those_that_are(
    apiserver: ApiServer, tcpaddon: Kubectl
) -> None:
    async with world(apiserver) as w:
        await w.addon("mqtt", SPEC)
        for command in ("url", "status"):
            done = tcpaddon(command, "mqqt", "-n", w.namespace)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == (
                f"error: There is no TcpAddon 'mqqt' in namespace '{w.namespace}'. "
                "There are: mqtt.\n"
            )


def test_a_cluster_without_the_definition_is_told(strict: ApiServer, plugin: Path) -> None:
    done = asked(strict, plugin, strict.kubeconfig(), "url", "mqtt")
    assert done.returncode == 1
    assert "the definition tcpaddons.tcpaddon.io is not installed" in done.stderr


def test_what_is_not_allowed_is_told_in_the_api_servers_words(
    strict: ApiServer, plugin: Path
) -> None:
    done = asked(strict, plugin, strict.kubeconfig("nobody"), "status")
    assert done.returncode == 1
    assert 'User "nobody" cannot list resource "tcpaddons"' in done.stderr
    assert "Ask for a role" in done.stderr


def test_an_account_that_is_not_known_is_told(
    strict: ApiServer, plugin: Path, tmp_path: Path
) -> None:
    def other(content: Any) -> None:
        content["users"][0]["user"] = {"token": "wrong"}

    done = asked(strict, plugin, changed(strict.kubeconfig(), tmp_path, other), *("url", "mqtt"))
    assert done.returncode == 1
    assert "(context 'api') does not know this account (user 'admin' of" in done.stderr


def test_a_cluster_that_is_not_there_is_told(
    strict: ApiServer, plugin: Path, tmp_path: Path
) -> None:
    def elsewhere(content: Any) -> None:
        content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"

    done = asked(
        strict, plugin, changed(strict.kubeconfig(), tmp_path, elsewhere), *("url", "mqtt")
    )
    assert done.returncode == 1
    assert "The API server https://127.0.0.1:9 (context 'api') does not answer" in done.stderr
    assert "Connection refused" in done.stderr


def test_a_server_that_another_authority_vouches_for_is_not_trusted(
    strict: ApiServer, plugin: Path, tmp_path: Path
) -> None:
    def systems_own(content: Any) -> None:
        del content["clusters"][0]["cluster"]["certificate-authority"]

    done = asked(
        strict, plugin, changed(strict.kubeconfig(), tmp_path, systems_own), *("url", "mqtt")
    )
    assert done.returncode == 1
    assert "cannot be trusted" in done.stderr


async def test_the_account_may_come_from_a_plugin_and_the_way_lead_through_a_proxy(
    apiserver: ApiServer, plugin: Path, tmp_path: Path
) -> None:
    told = {"kind": "ExecCredential", "status": {"token": apiserver.tokens["admin"]}}
    with proxy() as (address, asked_for):

        def other(content: Any) -> None:
            arguments = ["-c", f"print('''{json.dumps(told)}''')"]
            exec_ = {"command": sys.executable, "args": arguments}
            exec_ |= {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
            content["users"][0]["user"] = {"exec": exec_}
            content["clusters"][0]["cluster"]["proxy-url"] = address

        async with world(apiserver) as w:
            await w.addon("mqtt", SPEC)
            kubeconfig = changed(apiserver.kubeconfig(), tmp_path, other)
            done = asked(apiserver, plugin, kubeconfig, "status", "-n", w.namespace)
            assert done.stdout.splitlines()[1].split()[:2] == ["mqtt", "unknown"], done.stderr
    assert asked_for == [f"127.0.0.1:{apiserver.port}"]


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """Run an HTTP proxy that knows CONNECT; gives its address, and what it was asked for."""
    asked_for: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            asked_for.append(target)
            while self.rfile.readline().strip():
                pass
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=carry, args=(far, self.connection))
                back.start()
                carry(self.connection, far)
                back.join()

    def carry(source: Any, target: Any) -> None:
        while data := source.recv(1 << 16):
            target.sendall(data)
        with suppress(OSError):  # its other side may be closed already
            target.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked_for
        server.shutdown()
        thread.join()
