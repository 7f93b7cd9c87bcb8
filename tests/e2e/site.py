"""What the e2e tests stand on: a kind cluster of their own, images in it, the operator by Helm."""

import base64
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

import cluster
from image import Example, OperatorImage

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "tcpaddon"
NAME = "tcpaddon-e2e"
OPERATOR_NAMESPACE = "tcpaddon"
OURS = "tcpaddon-e2e=yes"  # the label of namespaces that tests made
# Seconds until a promise counts as broken; nothing waits longer than it must.
PATIENCE = 120.0
PROXIES_PATIENCE = 5.0
T = TypeVar("T")


class Refused(Exception):
    """kubectl or helm said no; the message is what it printed."""


@dataclass(frozen=True, slots=True)
class Images:
    """The images that the tests use, all in the cluster."""

    operator: str
    server: str
    example: str


@dataclass(frozen=True, slots=True)
class Site:
    """The cluster with the operator in it."""

    cluster: cluster.Cluster
    images: Images
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the tests began: the cluster may be of an earlier run."""

    # --- programs -------------------------------------------------------------------------------
    def run(self, *command: str, stdin: str = "", limit: float = 300) -> str:
        """Run a program against this cluster; raises Refused with its words."""
        cluster.require_own_context(self.cluster.kubeconfig)
        done = subprocess.run(
            command,
            input=stdin,
            env=self.cluster.env,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        if done.returncode:
            raise Refused((done.stderr or done.stdout).strip())
        return done.stdout

    def kubectl(self, *words: str, stdin: str = "") -> str:
        """Run kubectl."""
        return self.run("kubectl", *words, stdin=stdin)

    def helm(self, *words: str) -> str:
        """Run helm."""
        return self.run("helm", *words)

    # --- the operator ---------------------------------------------------------------------------
    def install(self, *options: str, chart: Path = CHART) -> str:
        """Install or upgrade the operator, from the chart in this checkout if not from another."""
        repository, _, tag = self.images.operator.rpartition(":")
        return self.helm(
            *("upgrade", "--install", "tcpaddon", str(chart)),
            *("--namespace", OPERATOR_NAMESPACE, "--create-namespace"),
            *("--set", f"image.repository={repository}", "--set", f"image.tag={tag}"),
            *("--wait", "--timeout", "3m"),
            *options,
        )

    def restart_operator(self) -> None:
        """Delete the operator's pods at once, as a lost node would."""
        self.kubectl(
            *("-n", OPERATOR_NAMESPACE, "delete", "pod", "-l", "app.kubernetes.io/name=tcpaddon"),
            *("--grace-period=0", "--force", "--wait=false"),
        )

    @contextmanager
    def namespace(self, suffix: str) -> Iterator[str]:
        """A namespace of these tests' own."""
        name = f"e2e-{os.getpid()}-{suffix}"
        self.kubectl("create", "namespace", name)
        self.kubectl("label", "namespace", name, OURS)
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    # --- objects --------------------------------------------------------------------------------
    def apply(self, namespace: str, *objects: Mapping[str, Any]) -> str:
        """Apply objects as a user does."""
        return self.kubectl("-n", namespace, "apply", "-f", "-", stdin=yaml.dump_all(objects))

    def get(self, namespace: str, kind: str, name: str) -> Any:
        """Read an object; None where it is not there."""
        said = self.kubectl("-n", namespace, "get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(said) if said else None

    def all(self, namespace: str, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """List objects."""
        said = self.kubectl("-n", namespace, "get", kind, "-l", selector, "-o", "json")
        found: list[dict[str, Any]] = json.loads(said)["items"]
        return found

    def ready(self, namespace: str, name: str) -> Any:
        """Wait as a user does until an addon is Ready at its generation; returns it."""

        def now() -> Any:
            addon = self.get(namespace, "tcpaddon", name)
            ready = condition(addon, "Ready")
            current = (
                addon.get("status", {}).get("observedGeneration") == addon["metadata"]["generation"]
            )
            return addon if current and ready.get("status") == "True" else None

        addon = eventually(now, lambda: f"{name} is Ready\n{self.account(namespace, name)}")
        _until_the_nodes_know(addon)
        return addon

    def told(self, namespace: str, name: str, kind: str, reason: str) -> str:
        """Wait until a condition gives this reason; returns its sentence."""

        def now() -> str:
            found = condition(self.get(namespace, "tcpaddon", name), kind)
            return str(found["message"]) if found.get("reason") == reason else ""

        return eventually(now, lambda: f"{kind} gives {reason}\n{self.account(namespace, name)}")

    def account(self, namespace: str, name: str) -> str:
        """Tell everything about an addon, for the message of a failed test."""
        parts = []
        for words in (
            ("get", "tcpaddon", name, "-o", "yaml"),
            ("get", "service,deployment,replicaset,pod", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
        ):
            try:
                parts.append(self.kubectl("-n", namespace, *words))
            except Refused as error:
                parts.append(str(error))
        try:
            log = self.kubectl("-n", OPERATOR_NAMESPACE, "logs", "deployment/tcpaddon", "--tail=60")
        except Refused as error:
            log = str(error)
        return "\n".join([*parts, "The operator's log:", log])

    # --- the audit log --------------------------------------------------------------------------
    def requests(self, namespace: str) -> list[dict[str, Any]]:
        """Every request of the operator's about a namespace, watches left out, oldest first."""
        return [
            line
            for line in self.all_requests()
            if line.get("objectRef", {}).get("namespace") == namespace and line["verb"] != "watch"
        ]

    def all_requests(self) -> list[dict[str, Any]]:
        """Every request of the operator's since the tests began, oldest first."""
        operator = f"system:serviceaccount:{OPERATOR_NAMESPACE}:tcpaddon"
        return [
            line
            for line in cluster.audit_events(self.cluster)
            if line["user"].get("username") == operator and moment(line) > self.began
        ]


def is_write(line: Mapping[str, Any]) -> bool:
    """Tell whether a request of the audit log writes an object; Events are counted apart."""
    return line["verb"] not in ("get", "list") and line["objectRef"]["resource"] != "events"


def moment(line: Mapping[str, Any]) -> datetime:
    """Return when a request of the audit log ended."""
    return datetime.fromisoformat(line["stageTimestamp"])


def condition(addon: Mapping[str, Any] | None, kind: str) -> dict[str, Any]:
    """Return one condition of an addon's generation; empty where it is not told."""
    if addon is None:
        return {}
    for found in addon.get("status", {}).get("conditions", []):
        if found["type"] == kind and found["observedGeneration"] == addon["metadata"]["generation"]:
            return dict(found)
    return {}


def secret_value(secret: Mapping[str, Any], key: str) -> str:
    """Decode a value of a Secret."""
    return base64.b64decode(secret["data"][key]).decode()


def eventually(now: Callable[[], T], otherwise: Callable[[], str] | str) -> T:
    """Wait until something is true and return it; `otherwise` says what should have been."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = now()
        if found:
            return found
        if time.monotonic() > deadline:
            said = otherwise if isinstance(otherwise, str) else otherwise()
            raise AssertionError(f"not within {PATIENCE:.0f} s: {said}")
        time.sleep(0.2)


def _until_the_nodes_know(addon: Mapping[str, Any]) -> None:
    """Give kube-proxy the second that it takes for its rules: it looks once a second at most.

    Only the first connection needs it. Where none comes about, that is the test's own business.
    """
    if not addon["status"].get("url") or not addon["status"].get("readyReplicas"):
        return
    deadline = time.monotonic() + PROXIES_PATIENCE
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(address_of(addon["status"]["url"]), timeout=1):
                return
        except OSError:
            time.sleep(0.1)


# --- clients from outside ---------------------------------------------------------------------
def address_of(url: str) -> tuple[str, int]:
    """Take a TCP_URL apart."""
    assert url.startswith("tcp://"), url
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    return host.strip("[]"), int(port)


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Connect from outside of the cluster."""
    with socket.create_connection(address_of(url), timeout=10) as connection:
        yield connection


def greeting(url: str) -> dict[str, Any]:
    """Connect to the test server and return its greeting."""
    with connected(url) as connection, connection.makefile("rb") as lines:
        said: dict[str, Any] = json.loads(lines.readline())
        return said


def build_site(workers: int | None) -> Site:
    """Bring everything up; all of it is quick where it stands already."""
    made = cluster.up(NAME, workers)
    commands = cluster.start_engine().commands("e2e")
    images = Images(OperatorImage(commands).build(), _server(), Example(commands).build())
    for tag in (images.operator, images.server, images.example):
        cluster.load_image(made, tag)
    return Site(made, images)


def _server() -> str:
    base = cluster.base_image("python")
    sources = Path(__file__).parent / "server"
    with tempfile.TemporaryDirectory() as folder:
        for file in sources.iterdir():
            (Path(folder) / file.name).write_bytes(file.read_bytes())
        return cluster.build_image(Path(folder), "tcpaddon-e2e/server:1", {"BASE": base})


def addon(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Write a TcpAddon down."""
    return {
        "apiVersion": "tcpaddon.io/v1alpha1",
        "kind": "TcpAddon",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def app_secret(values: Mapping[str, str]) -> dict[str, Any]:
    """Write the app's Secret down."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "app-env"},
        "stringData": dict(values),
    }


def app(name: str, image: str, command: Sequence[str] = (), version: str = "") -> dict[str, Any]:
    """Write the app's own Deployment down."""
    container: dict[str, Any] = {"name": "web", "image": image}
    if command:
        container["command"] = list(command)
    if version:
        container["env"] = [{"name": "VERSION", "value": version}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }
