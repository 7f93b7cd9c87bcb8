"""MetalLB: gives Services of type LoadBalancer addresses that answer on the Docker network."""

import json
import time
from pathlib import Path

import yaml

from cluster import cache, versions
from cluster.commands import Commands
from cluster.errors import ClusterError
from cluster.network import Pool

_MANIFEST = cache.HERE / "files" / f"metallb-{versions.METALLB}.yaml"
_WEBHOOK_SECONDS = 120.0
_KINDS = ("deployment/controller", "daemonset/speaker")


def objects(pool: Pool) -> str:
    """What tells MetalLB its addresses, as JSON for ``kubectl apply``."""
    metadata = {"name": "tcpaddon", "namespace": "metallb-system"}
    version = "metallb.io/v1beta1"
    items = [
        {
            "apiVersion": version,
            "kind": "IPAddressPool",
            "metadata": metadata,
            "spec": {"addresses": [str(pool)]},
        },
        {
            "apiVersion": version,
            "kind": "L2Advertisement",
            "metadata": metadata,
            "spec": {"ipAddressPools": ["tcpaddon"]},
        },
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def install(commands: Commands, kubectl: list[str | Path], pool: Pool) -> None:
    """Install MetalLB and its addresses, and wait until it works.

    Raises:
        ClusterError: it was not ready in time.
    """
    apply: list[str | Path] = [*kubectl, "apply", "--server-side", "--force-conflicts", "-f"]
    # The types and our addresses go first: once MetalLB's webhook is registered, they would have to
    # wait until it answers (on a second run they do).
    commands.run([*apply, "-"], stdin=_types(), timeout=60)
    deadline = time.monotonic() + _WEBHOOK_SECONDS
    while True:
        try:
            commands.run([*apply, "-"], stdin=objects(pool), timeout=30)
            break
        except ClusterError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    commands.run([*apply, _MANIFEST], timeout=120)
    for workload in _KINDS:
        wait = ["rollout", "status", workload, "--namespace=metallb-system", "--timeout=120s"]
        commands.run([*kubectl, *wait], timeout=150)


def _types() -> str:
    """The namespace and the types out of MetalLB's manifest."""
    documents = yaml.safe_load_all(_MANIFEST.read_text())
    wanted = ("Namespace", "CustomResourceDefinition")
    items = [item for item in documents if item and item["kind"] in wanted]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
