"""Gets a cluster to stand: made, or started again after it was stopped or killed."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

from cluster import clients, health, kind, metallb, model, network, nodes
from cluster.commands import Commands
from cluster.engine import Engine
from cluster.errors import ClusterError
from cluster.kind import Container, Shape
from cluster.nodes import Node

_READY_SECONDS = 180.0
_API_PORT = 6443


@dataclass(frozen=True, slots=True)
class Standing:
    """One cluster on one engine."""

    engine: Engine
    shape: Shape
    commands: Commands

    def complaint(self) -> str:
        """What is wrong with the cluster, in a few words; empty when all is well."""
        if model.record(self.shape.name).fingerprint != self.shape.fingerprint:
            return "it was not made yet, or made otherwise"
        if not model.kubeconfig(self.shape.name).exists():
            return "its kubeconfig is missing"
        try:
            containers = self._containers()
            for container in containers:
                if container.state != "running":
                    return f"node {container.name} is {container.state}"
            if len(containers) != 1 + self.shape.workers:
                return "a node is missing"
            started = {container.name: container.started for container in containers}
            return health.complaint(self.nodes(), self._get("pods"), started)
        except ClusterError as error:
            return str(error)

    def make_or_start(self) -> None:
        """Bring the nodes up: start those that stopped, and where that is no use make new ones."""
        if self._containers():
            if model.record(self.shape.name).fingerprint == self.shape.fingerprint:
                try:
                    self._start_again()
                except ClusterError as error:
                    self._note(f"starting it again failed ({error}), making it anew")
                else:
                    return
            kind.delete(self.commands, self._kind, self.shape.name)
        kind.create(self.commands, self._kind, self.shape)
        self._connect(time.monotonic() + _READY_SECONDS)
        model.Record(self.shape.fingerprint, self.shape.workers).write(self.shape.name)

    def give_addresses(self, pool: network.Pool) -> None:
        """Install MetalLB and wait until all of the cluster is well."""
        metallb.install(self.commands, self._kubectl, pool)
        deadline = time.monotonic() + _READY_SECONDS
        while found := self.complaint():
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"The cluster {self.shape.name} did not get ready: {found}. Run `python -m"
                    f" cluster down --name {self.shape.name}` and try again."
                )
            time.sleep(0.5)

    def reconnect(self) -> None:
        """Set the nodes' routes again: one that somebody restarted has lost them."""
        if self.shape.workers and not self.complaint():
            self._connect(time.monotonic())

    def has_addresses(self, pool: network.Pool) -> bool:
        """Whether MetalLB was given these addresses."""
        template = "jsonpath={.items[*].spec.addresses[*]}"
        show = ["get", "ipaddresspools.metallb.io", "--all-namespaces", "-o", template]
        try:
            return self.commands.text([*self._kubectl, *show], timeout=10) == str(pool)
        except ClusterError:
            return False

    def nodes(self) -> list[Node]:
        """The cluster's nodes as its API has them."""
        return nodes.parse(self._get("nodes"))

    def host_can_route(self) -> bool:
        """Whether this machine reaches the nodes' network: Docker Desktop's is in another one."""
        try:
            address = self._containers()[0].address
            with socket.create_connection((address, _API_PORT), timeout=3):
                return True
        except (OSError, IndexError, ClusterError):
            return False

    def _start_again(self) -> None:
        for container in self._containers():
            if container.state == "paused":
                self.commands.run(["docker", "unpause", container.name], timeout=60)
            elif container.state != "running":
                self.commands.run(["docker", "start", container.name], timeout=60)
        if not model.kubeconfig(self.shape.name).exists():
            kind.export_kubeconfig(self.commands, self._kind, self.shape.name)
        deadline = time.monotonic() + _READY_SECONDS
        self._connect(deadline)
        while found := self.complaint():
            if time.monotonic() > deadline:
                raise ClusterError(found)
            time.sleep(0.5)

    def _connect(self, deadline: float) -> None:
        """Give our own nodes their pod network as soon as they have their share of addresses."""
        if not self.shape.node_image:
            return
        while True:
            try:
                found = self.nodes()
                if len(found) == 1 + self.shape.workers and all(node.pods for node in found):
                    addresses = {c.name: c.address for c in self._containers()}
                    nodes.connect(self.commands, found, addresses)
                    return
            except ClusterError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise ClusterError(f"The nodes of {self.shape.name} did not join the cluster.")
            time.sleep(0.5)

    def _containers(self) -> list[Container]:
        return kind.containers(self.commands, self.shape.name)

    def _get(self, what: str) -> str:
        every = ["--all-namespaces"] if what == "pods" else []
        show = [*self._kubectl, "get", what, *every, "-o", "json", "--request-timeout=5s"]
        return self.commands.text(show, timeout=10)

    def _note(self, text: str) -> None:
        with self.commands.log.open("a") as log:
            log.write(f"{text}\n")

    @property
    def _kind(self) -> Path:
        return clients.all_programs()["kind"]

    @property
    def _kubectl(self) -> list[str | Path]:
        return [
            *(clients.folder() / "kubectl", "--kubeconfig", model.kubeconfig(self.shape.name)),
            *("--context", f"kind-{self.shape.name}"),
        ]
