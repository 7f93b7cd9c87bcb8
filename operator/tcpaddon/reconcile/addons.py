"""The addons as last seen: what kopf's watch reports and our own status writes answer.

An addon is kept as compressed JSON of the parts that are used, which is a tenth of the parsed
object: 10,000 addons then cost megabytes, and a reconcile parses one of them anyway.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tcpaddon import names

# The only metadata that a decision depends on; managedFields alone would double the memory.
_METADATA = ("name", "namespace", "uid", "generation", "resourceVersion", "deletionTimestamp")


@dataclass(frozen=True, slots=True)
class StoredAddon:
    """One addon as last seen."""

    uid: str
    resource_version: int
    status_written_at: datetime | None  # our own last write of its status
    packed: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The object: apiVersion, kind, the metadata in use, spec and status."""
        loaded: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return loaded


class AddonStore:
    """Addons by namespace and name. Older versions than the one that is known are ignored."""

    def __init__(self) -> None:
        self._addons: dict[tuple[str, str], StoredAddon] = {}
        self._uids: dict[str, tuple[str, str]] = {}

    def __len__(self) -> int:
        """Count the addons."""
        return len(self._addons)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Go through (namespace, name)."""
        return iter(tuple(self._addons))

    def get(self, namespace: str, name: str) -> StoredAddon | None:
        """Return an addon, None where it is not known."""
        return self._addons.get((namespace, name))

    def name_of(self, uid: str) -> tuple[str, str] | None:
        """Return the namespace and name of the addon with this uid, None where none is known."""
        return self._uids.get(uid)

    def put(self, body: Mapping[str, Any]) -> bool:
        """Remember an addon; returns whether it is news."""
        metadata = body["metadata"]
        key = (metadata["namespace"], metadata["name"])
        version = int(metadata["resourceVersion"])
        known = self._addons.get(key)
        if known and known.resource_version >= version:
            return False
        kept = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {k: metadata[k] for k in _METADATA if k in metadata},
            "spec": body.get("spec", {}),
            "status": body.get("status", {}),
        }
        if known and known.uid != metadata["uid"]:
            self._uids.pop(known.uid, None)
        self._uids[metadata["uid"]] = key
        self._addons[key] = StoredAddon(
            uid=metadata["uid"],
            resource_version=version,
            status_written_at=_status_written_at(metadata),
            packed=zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 1),
        )
        return True

    def remove(self, namespace: str, name: str, uid: str) -> None:
        """Forget an addon, unless another one of that name has taken its place."""
        self._uids.pop(uid, None)
        known = self._addons.get((namespace, name))
        if known and known.uid == uid:
            del self._addons[namespace, name]


def _status_written_at(metadata: Mapping[str, Any]) -> datetime | None:
    """Find when our status manager last wrote, to the second, in managedFields."""
    times = [
        entry["time"]
        for entry in metadata.get("managedFields", ())
        if entry.get("manager") == names.MANAGER_STATUS and "time" in entry
    ]
    return datetime.fromisoformat(max(times)) if times else None
