"""The nodes' pod network: configuration and routes out of what API and engine say."""

import json

from cluster import nodes
from cluster.nodes import Node

CONTROL = Node("control", "198.18.16.0/24", ready=True)
WORKER = Node("worker", "198.18.17.0/24", ready=True)
ADDRESSES = {"control": "198.18.8.2", "worker": "198.18.8.3"}


def test_a_nodes_pods_get_addresses_of_its_share() -> None:
    plugin = json.loads(nodes.conflist(WORKER))["plugins"][0]
    assert plugin["ipam"]["ranges"] == [[{"subnet": "198.18.17.0/24"}]]


def test_a_node_has_a_route_to_every_other_nodes_pods() -> None:
    routes = nodes.routes(CONTROL, [CONTROL, WORKER], ADDRESSES)
    assert routes == [["replace", "198.18.17.0/24", "via", "198.18.8.3"]]


def test_a_single_node_needs_no_route() -> None:
    assert nodes.routes(CONTROL, [CONTROL], ADDRESSES) == []


def test_a_node_is_read_from_the_api() -> None:
    listed = {
        "items": [
            {
                "metadata": {"name": "worker"},
                "spec": {"podCIDR": "198.18.17.0/24"},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }
        ]
    }
    assert nodes.parse(json.dumps(listed)) == [WORKER]


def test_a_node_that_just_joined_is_not_ready_and_has_no_share() -> None:
    listed = {"items": [{"metadata": {"name": "worker"}, "spec": {}, "status": {}}]}
    assert nodes.parse(json.dumps(listed)) == [Node("worker", "", ready=False)]
