"""Talks to a real API server about the TcpAddons of one namespace."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.apiserver import ApiServer

CRD = Path(__file__).parents[2] / "manifests/crds/tcpaddon.io_tcpaddons.yaml"
CRD_NAME = "tcpaddons.tcpaddon.io"
GROUP_PATH = "/apis/tcpaddon.io/v1alpha1"
_PATIENCE = 60  # seconds that the API server may take to serve a new CRD
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Addons:
    """The TcpAddons of one namespace; every call returns the object or the Status."""

    server: ApiServer
    namespace: str

    @property
    def path(self) -> str:
        """The collection's path."""
        return f"{GROUP_PATH}/namespaces/{self.namespace}/tcpaddons"

    def try_out(self, body: dict[str, Any], validation: str = "Strict") -> dict[str, Any]:
        """Create an addon as a trial: nothing is stored."""
        query = {"dryRun": "All", "fieldValidation": validation}
        return self.server.call("POST", self.path, body, **query)

    def apply(self, body: dict[str, Any], manager: str = "user") -> dict[str, Any]:
        """Apply an addon server-side."""
        path = f"{self.path}/{body['metadata']['name']}"
        query = {"fieldManager": manager, "force": "true"}
        return self.server.call("PATCH", path, body, content_type=_APPLY, **query)

    def apply_status(self, name: str, status: dict[str, Any]) -> dict[str, Any]:
        """Apply the status of an addon, as the operator does."""
        body = {
            "apiVersion": "tcpaddon.io/v1alpha1",
            "kind": "TcpAddon",
            "metadata": {"name": name},
            "status": status,
        }
        query = {"fieldManager": "tcpaddon-status", "force": "true"}
        path = f"{self.path}/{name}/status"
        return self.server.call("PATCH", path, body, content_type=_APPLY, **query)

    def get(self, name: str, subresource: str = "") -> dict[str, Any]:
        """Get an addon or one of its subresources."""
        return self.server.call("GET", f"{self.path}/{name}{subresource}")

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.server.kubectl("-n", self.namespace, *words, stdin=stdin)


def causes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the (field, sentence) of each fault of a refused object."""
    assert (answer["kind"], answer.get("code")) == ("Status", 422), answer
    return [(cause["field"], cause["message"]) for cause in answer["details"]["causes"]]


@contextmanager
def serving(server: ApiServer, namespace: str) -> Iterator[Addons]:
    """Install the CRD, and yield a namespace for the tests of one module."""
    server.install(CRD)
    server.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    addons = Addons(server, namespace)
    _wait_until_served(addons)
    yield addons
    server.call("DELETE", addons.path)


def _wait_until_served(addons: Addons) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (answer := addons.server.call("GET", addons.path))["kind"] != "TcpAddonList":
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
