"""The kind cluster itself: its configuration, its node containers, its life."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from cluster import cache, model, network
from cluster.commands import Commands

_AUDIT_POLICY = cache.HERE / "files" / "audit.yaml"
_POLICY_IN_NODE = "/etc/kubernetes/tcpaddon/audit.yaml"
_LOG_IN_NODE = "/var/log/tcpaddon"
AUDIT_LOG_IN_NODE = f"{_LOG_IN_NODE}/audit.log"
_LABEL = "io.x-k8s.kind.cluster"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a cluster is made like; another shape is another cluster."""

    name: str
    workers: int
    node_image: str
    """Our own node image; empty: kind's default one, with its own pod network."""

    @property
    def fingerprint(self) -> str:
        """Changes when the cluster would have to be made anew."""
        return cache.fingerprint(configuration(self, Path("/")), self.node_image)


@dataclass(frozen=True, slots=True)
class Container:
    """A node as the engine has it."""

    name: str
    state: str
    """``running``, ``exited``, ``paused``, …"""
    started: str
    """When it started last (RFC 3339)."""
    address: str
    """Its address now: nodes may swap theirs when they start again."""


def configuration(shape: Shape, folder: Path) -> dict[str, object]:
    """Kind's configuration for a cluster whose files are in ``folder``."""
    image = {"image": shape.node_image} if shape.node_image else {}
    mounts = [
        {"hostPath": str(_AUDIT_POLICY), "containerPath": _POLICY_IN_NODE, "readOnly": True},
        {"hostPath": str(folder / "audit"), "containerPath": _LOG_IN_NODE},
    ]
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {
            "podSubnet": network.PODS,
            "serviceSubnet": network.SERVICES,
            "disableDefaultCNI": bool(shape.node_image),
            "kubeProxyMode": "nftables",
        },
        "nodes": [
            {"role": "control-plane", **image, "extraMounts": mounts},
            *({"role": "worker", **image} for _ in range(shape.workers)),
        ],
        "kubeadmConfigPatches": [yaml.safe_dump(patch) for patch in _patches()],
    }


def _patches() -> list[dict[str, object]]:
    arguments = {
        "audit-policy-file": _POLICY_IN_NODE,
        "audit-log-path": AUDIT_LOG_IN_NODE,
        "audit-log-maxsize": "500",  # MB; then one old file is kept
        "audit-log-maxbackup": "1",
    }
    volumes = [
        {
            "name": "audit-policy",
            "hostPath": _POLICY_IN_NODE,
            "mountPath": _POLICY_IN_NODE,
            "readOnly": True,
            "pathType": "File",
        },
        {
            "name": "audit-log",
            "hostPath": _LOG_IN_NODE,
            "mountPath": _LOG_IN_NODE,
            "readOnly": False,
            "pathType": "DirectoryOrCreate",
        },
    ]
    return [
        {"kind": "KubeletConfiguration", "failCgroupV1": False},
        {
            "kind": "ClusterConfiguration",
            "apiServer": {
                "extraArgs": [{"name": name, "value": text} for name, text in arguments.items()],
                "extraVolumes": volumes,
            },
        },
    ]


def create(commands: Commands, kind: Path, shape: Shape) -> None:
    """Create the cluster; its nodes get ready only once they have a pod network."""
    folder = model.folder(shape.name)
    (folder / "audit").mkdir(parents=True, exist_ok=True)
    config = folder / "kind.yaml"
    config.write_text(yaml.safe_dump(configuration(shape, folder), sort_keys=False))
    commands.run(
        [
            *(kind, "create", "cluster", "--name", shape.name, "--config", config),
            *("--kubeconfig", model.kubeconfig(shape.name)),
        ],
        timeout=600,
    )


def delete(commands: Commands, kind: Path, name: str) -> None:
    """Delete the cluster and its files; not there is fine."""
    commands.run(
        [kind, "delete", "cluster", "--name", name, "--kubeconfig", model.kubeconfig(name)],
        timeout=120,
    )
    shutil.rmtree(model.folder(name), ignore_errors=True)


def containers(commands: Commands, name: str) -> list[Container]:
    """The cluster's node containers, sorted by name: the control plane comes first."""
    names = commands.text(
        [
            *("docker", "ps", "--all", "--filter", f"label={_LABEL}={name}"),
            *("--format", "{{.Names}}"),
        ]
    ).split()
    if not names:
        return []
    shown = commands.text(["docker", "inspect", *sorted(names)])
    return [
        Container(
            name=item["Name"].removeprefix("/"),
            state=item["State"]["Status"],
            started=item["State"]["StartedAt"],
            address=item["NetworkSettings"]["Networks"].get(network.NAME, {}).get("IPAddress", ""),
        )
        for item in json.loads(shown)
    ]


def export_kubeconfig(commands: Commands, kind: Path, name: str) -> None:
    """Write the cluster's kubeconfig again."""
    commands.run(
        [kind, "export", "kubeconfig", "--name", name, "--kubeconfig", model.kubeconfig(name)],
        timeout=60,
    )
