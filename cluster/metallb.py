"""MetalLB: gives Services of type LoadBalancer addresses that answer on the Docker network."""

import json
import time
from pathlib import Path

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
    commands.run([*apply, _MANIFEST], timeout=120)
    deadline = time.monotonic() + _WEBHOOK_SECONDS
    while True:
        try:  # its webhook checks these, once it is there
            commands.run([*apply, "-"], stdin=objects(pool), timeout=30)
            break
        except ClusterError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    for workload in _KINDS:
        wait = ["rollout", "status", workload, "--namespace=metallb-system", "--timeout=120s"]
        commands.run([*kubectl, *wait], timeout=150)


def is_ready(commands: Commands, kubectl: list[str | Path]) -> bool:
    """Whether all of MetalLB runs."""
    template = "{range .items[*]}{.status.readyReplicas}{.status.numberReady} {end}"
    show = ["get", *_KINDS, "--namespace=metallb-system", "-o", f"jsonpath={template}"]
    try:
        counts = commands.text([*kubectl, *show], timeout=10).split()
    except ClusterError:
        return False
    return len(counts) == len(_KINDS) and all(int(count) > 0 for count in counts)
