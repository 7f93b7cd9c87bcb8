"""The sample app in the cluster: applied, waited for, asked for its address."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cluster import Cluster, ClusterError
from cluster.commands import Commands

_MANIFESTS: Final = Path(__file__).parent.parent / "examples" / "mqtt" / "manifests"
_IMAGE: Final = "tcpaddon/example-mqtt"  # in the manifests, without a tag
NAMESPACE: Final = "mqtt-example"
ADDON: Final = "mqtt"
_SECRET: Final = "app-env"  # noqa: S105 - a name
_READY_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample app in one cluster."""

    cluster: Cluster
    commands: Commands

    def apply(self, image: str) -> None:
        """Apply the app and its TcpAddon, as its owner would, with this build of the image.

        Raises:
            ClusterError: the API server refuses them.
        """
        objects = with_image(image)
        self._kubectl("apply", "--server-side", "--filename=-", stdin=yaml.safe_dump_all(objects))

    def wait(self) -> None:
        """Wait until the TcpAddon is ready.

        Raises:
            ClusterError: it does not get ready; the message is the addon's own.
        """
        generation = self._addon()["metadata"]["generation"]
        try:
            self._kubectl(
                *("--namespace", NAMESPACE, "wait", f"tcp/{ADDON}"),
                *(
                    "--for=condition=Ready",
                    f"--for=jsonpath={{.status.observedGeneration}}={generation}",
                ),
                f"--timeout={_READY_SECONDS}s",
            )
        except ClusterError as error:
            conditions = self._addon().get("status", {}).get("conditions", [])
            ready = next((c["message"] for c in conditions if c["type"] == "Ready"), "no status")
            raise ClusterError(
                f"TcpAddon {ADDON} did not get ready in {_READY_SECONDS} s: {ready}", error.detail
            ) from error

    def url(self) -> str:
        """TCP_URL out of the app's Secret.

        Raises:
            ClusterError: it is not in there.
        """
        secret = json.loads(self._read("secret", _SECRET))
        if "TCP_URL" not in secret.get("data", {}):
            raise ClusterError(f"Secret {_SECRET} in {NAMESPACE} has no TCP_URL.")
        return base64.b64decode(secret["data"]["TCP_URL"]).decode()

    def _addon(self) -> dict[str, Any]:
        addon: dict[str, Any] = json.loads(self._read("tcp", ADDON))
        return addon

    def _read(self, kind: str, name: str) -> str:
        return self.commands.text(
            [*self._program, "--namespace", NAMESPACE, "get", kind, name, "--output=json"]
        )

    def _kubectl(self, *words: str, stdin: str | None = None) -> None:
        self.commands.run([*self._program, *words], stdin=stdin)

    @property
    def _program(self) -> list[str | Path]:
        return [
            *(self.cluster.programs / "kubectl", "--kubeconfig", self.cluster.kubeconfig),
            *("--context", self.cluster.context),
        ]


def with_image(image: str, manifests: Path = _MANIFESTS) -> list[dict[str, Any]]:
    """Return the objects of the sample app and its TcpAddon, running this image."""
    objects: list[dict[str, Any]] = [
        found
        for file in ("app.yaml", "addon.yaml")
        for found in yaml.safe_load_all((manifests / file).read_text(encoding="utf-8"))
    ]
    for found in objects:
        template = found.get("spec", {}).get("template", {})
        for container in template.get("spec", {}).get("containers", []):
            if container["image"] == _IMAGE:
                container["image"] = image
    return objects
