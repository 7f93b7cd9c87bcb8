"""What can be set from outside: each flag has an environment variable, and its meaning beneath."""

import argparse
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from tcpaddon.api.strings import is_network


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's settings; times in seconds."""

    namespace: str = "default"
    """Where the leader's Lease lives: the operator's own namespace."""

    identity: str = "tcpaddon"
    """This process among the operator's replicas: the pod's name."""

    leader_election: bool = True
    """Whether a Lease decides who works. Without it, only one process may run."""

    http_host: str = "0.0.0.0"  # noqa: S104 - the kubelet asks from outside the pod
    """The address that health and metrics are served on."""

    http_port: int = 8080
    """The port that health and metrics are served on; 0 picks a free one."""

    workers: int = 16
    """How many addons are worked on at the same time. Each waits for the API server most of the
    time; 16 keep a client of 400-500 applies a second busy."""

    cluster_networks: tuple[str, ...] = ()
    """Networks that the cluster's own pods connect from, as a load balancer sees them, those of the
    main address family first: let in wherever sourceRanges shuts others out. None given: the
    nodes' spec.podCIDRs."""

    log_format: str = "json"
    """`json` (a line is one object) or `text` (key=value, for people)."""

    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    kubeconfig: str = ""
    """A kubeconfig file; none given: the pod's own service account, else `KUBECONFIG`."""


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Read flags, and for what no flag says the variables `TCPADDON_<FLAG>`."""

    def default(flag: str, fallback: str) -> str:
        return environment.get("TCPADDON_" + flag.upper().replace("-", "_"), fallback)

    parser = argparse.ArgumentParser(
        prog="tcpaddon-operator", description="The operator for TcpAddons."
    )
    parser.add_argument("--namespace", default=default("namespace", "default"))
    parser.add_argument("--pod-name", default=default("pod-name", socket.gethostname()))
    parser.add_argument("--leader-election", default=default("leader-election", "true"))
    parser.add_argument("--http-host", default=default("http-host", "0.0.0.0"))  # noqa: S104 - see above
    parser.add_argument("--http-port", type=int, default=default("http-port", "8080"))
    parser.add_argument("--workers", type=int, default=default("workers", "16"))
    parser.add_argument("--cluster-networks", default=default("cluster-networks", ""))
    parser.add_argument(
        "--log-format", choices=("json", "text"), default=default("log-format", "json")
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default=default("log-level", "info"),
    )
    parser.add_argument("--kubeconfig", default=default("kubeconfig", ""))
    found = parser.parse_args(arguments)
    if found.workers < 1:
        parser.error("--workers: at least 1 worker is needed")
    if found.leader_election not in ("true", "false"):
        parser.error("--leader-election: true or false")
    networks = tuple(filter(None, found.cluster_networks.replace(" ", "").split(",")))
    for text in networks:
        if not is_network(text):
            parser.error(f"--cluster-networks: {text} is no network such as 10.244.0.0/16")
    return Settings(
        namespace=found.namespace,
        identity=found.pod_name,
        leader_election=found.leader_election == "true",
        http_host=found.http_host,
        http_port=found.http_port,
        workers=found.workers,
        cluster_networks=tuple(str(ip_network(text, strict=False)) for text in networks),
        log_format=found.log_format,
        log_level=found.log_level,
        kubeconfig=found.kubeconfig,
    )
