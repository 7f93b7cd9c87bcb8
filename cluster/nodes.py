"""The pod network of our own nodes: what kindnet does for kind's, with files and routes.

Each node gets a CNI configuration with its share of the pods' addresses, and a route to every other
node's share. Nothing runs for it, and nothing watches: the nodes are known here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cluster.commands import Commands

_CONFIG = "/etc/cni/net.d/10-tcpaddon.conflist"


@dataclass(frozen=True, slots=True)
class Node:
    """A node as its API object has it."""

    name: str
    pods: str
    """Its share of the pods' addresses; empty until it was given one."""
    ready: bool


def parse(listed: str) -> list[Node]:
    """Nodes out of the API's JSON list."""
    return [
        Node(
            name=item["metadata"]["name"],
            pods=item["spec"].get("podCIDR", ""),
            ready=any(
                entry["type"] == "Ready" and entry["status"] == "True"
                for entry in item["status"].get("conditions", [])
            ),
        )
        for item in json.loads(listed)["items"]
    ]


def conflist(node: Node) -> str:
    """The CNI configuration of a node."""
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "tcpaddon",
            "plugins": [
                {
                    "type": "ptp",
                    "ipMasq": False,  # masquerade.nft does it, for what leaves all pods' networks
                    "mtu": 1500,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": "/run/cni-ipam-state",
                        "routes": [{"dst": "0.0.0.0/0"}],
                        "ranges": [[{"subnet": node.pods}]],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        },
        indent=1,
    )


def routes(node: Node, nodes: list[Node], addresses: Mapping[str, str]) -> list[list[str]]:
    """Arguments of ``ip route`` that lead a node to the other nodes' pods."""
    return [
        ["replace", other.pods, "via", addresses[other.name]]
        for other in nodes
        if other.name != node.name
    ]


def connect(commands: Commands, nodes: list[Node], addresses: Mapping[str, str]) -> None:
    """Give every node its configuration and routes; safe to repeat.

    The ``addresses`` are the engine's: after a start the API may still have those of before.
    """
    for node in nodes:
        inside = ["docker", "exec", "-i", node.name]
        draft = f"{_CONFIG}.part"
        commands.run([*inside, "cp", "/dev/stdin", draft], stdin=conflist(node))
        commands.run([*inside, "mv", draft, _CONFIG])
        for route in routes(node, nodes, addresses):
            commands.run([*inside, "ip", "route", *route])
