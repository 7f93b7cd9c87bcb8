"""What an addon and its pods are right now, by watches: waiting costs the small cluster nothing."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from bench.load.tally import Retired
from tests.e2e.site import Site, condition

_WATCH: Final = "watch=1&timeoutSeconds=7200"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of the addon's."""

    name: str
    version: str
    """Its variable VERSION."""
    ready: bool
    retired: Retired | None


class Live:
    """The newest state of one addon and its pods, in this process."""

    def __init__(self, namespace: str, addon: str) -> None:
        self.addon = addon
        self.retired: dict[str, Retired] = {}
        """By name, pods that were asked to go; those that are gone too."""
        self._changed = threading.Condition()
        self._object: dict[str, Any] = {}
        self._pods: dict[str, Pod] = {}
        self._paths: dict[str, Callable[[str, dict[str, Any]], None]] = {
            f"/apis/tcpaddon.io/v1alpha1/namespaces/{namespace}/tcpaddons"
            f"?{_WATCH}&fieldSelector=metadata.name={addon}": self._on_addon,
            f"/api/v1/namespaces/{namespace}/pods"
            f"?{_WATCH}&labelSelector=tcpaddon.io/addon={addon}": self._on_pod,
        }

    @property
    def pods(self) -> Mapping[str, Pod]:
        """Return the pods that are there, by name."""
        return MappingProxyType(dict(self._pods))

    def is_ready(self) -> bool:
        """Whether the addon says that it is Ready as it is now."""
        return bool(self._object) and condition(self._object, "Ready").get("status") == "True"

    def runs(self, version: str, replicas: int) -> bool:
        """Whether so many pods of a version are ready."""
        pods = self.pods.values()
        return sum(p.ready and not p.retired and p.version == version for p in pods) == replicas

    def runs_only(self, version: str) -> bool:
        """Whether no pod of another version is left."""
        return all(pod.version == version for pod in self.pods.values())

    def until(self, holds: Callable[[], bool], what: str, seconds: float) -> float:
        """Wait until something holds; returns when it was seen. Ends the program if it never is."""
        with self._changed:
            if not self._changed.wait_for(holds, seconds):
                told = condition(self._object, "Ready") if self._object else {}
                raise TimeoutError(
                    f"Not within {seconds:.0f} s: {what}. The addon says: "
                    f"{told.get('message', 'nothing about its generation')}"
                )
            return time.time()

    @contextmanager
    def watching(self, site: Site) -> Iterator[None]:
        """Follow the cluster meanwhile."""
        processes = [
            subprocess.Popen(
                ["kubectl", "get", "--raw", path],
                env=site.cluster.env,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            for path in self._paths
        ]
        readers = [
            threading.Thread(target=self._read, args=(process, take))
            for process, take in zip(processes, self._paths.values(), strict=True)
        ]
        try:
            for reader in readers:
                reader.start()
            yield
        finally:
            for process in processes:
                process.kill()
            for reader in readers:
                reader.join()
            for process in processes:
                process.wait()

    def _read(
        self, process: subprocess.Popen[str], take: Callable[[str, dict[str, Any]], None]
    ) -> None:
        assert process.stdout
        for line in process.stdout:
            event = json.loads(line)
            with self._changed:
                take(event["type"], event["object"])
                self._changed.notify_all()

    def _on_addon(self, kind: str, addon: dict[str, Any]) -> None:
        self._object = {} if kind == "DELETED" else addon

    def _on_pod(self, kind: str, found: dict[str, Any]) -> None:
        pod = _pod(found)
        if kind == "DELETED":
            self._pods.pop(pod.name, None)
        else:
            self._pods[pod.name] = pod
        if pod.retired:
            # The last words of a pod have a grace period of 0: the first ones count.
            self.retired.setdefault(pod.name, pod.retired)


def _pod(found: Mapping[str, Any]) -> Pod:
    metadata, (container, *_) = found["metadata"], found["spec"]["containers"]
    env = {variable["name"]: variable.get("value", "") for variable in container.get("env", ())}
    statuses = found.get("status", {}).get("conditions", ())
    retired = None
    if "deletionTimestamp" in metadata:
        limit = datetime.fromisoformat(metadata["deletionTimestamp"]).timestamp()
        retired = Retired(
            told_at=limit - metadata["deletionGracePeriodSeconds"],
            limit_at=limit,
            pre_stop=_pre_stop(container),
        )
    return Pod(
        name=metadata["name"],
        version=env.get("VERSION", ""),
        ready=any(s["type"] == "Ready" and s["status"] == "True" for s in statuses),
        retired=retired,
    )


def _pre_stop(container: Mapping[str, Any]) -> float:
    hook = container.get("lifecycle", {}).get("preStop", {})
    return float(hook.get("sleep", {}).get("seconds", 0))
