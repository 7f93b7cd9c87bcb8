"""Reads what every object has: its identity, its owners, and who applied which of its fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Final

from tcpaddon import names
from tcpaddon.core.facts import Kind, Ref
from tcpaddon.core.fieldset import fingerprint_of_entry
from tcpaddon.kube.words import Raw

_NO_KEYS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Head:
    """Identity and ownership of an object, or of one that is still to be applied."""

    ref: Ref
    uid: str
    resource_version: int
    addon: str | None
    owner_uid: str | None
    applied: str
    fields: str
    deleting: bool

    def as_child(self) -> tuple[Ref, str, int, str | None, str | None, str, str, bool]:
        """Return the leading fields of every fact, in their order."""
        return (
            self.ref,
            self.uid,
            self.resource_version,
            self.addon,
            self.owner_uid,
            self.applied,
            self.fields,
            self.deleting,
        )


def ref_of(raw: Raw) -> Ref:
    """Name an object."""
    head = raw["metadata"]
    return Ref(Kind(raw["kind"]), intern(head.get("namespace", "")), head["name"])


def version_of(raw: Raw) -> int:
    """Return an object's resourceVersion; they are ordered as integers (KEP-5504)."""
    return int(raw["metadata"].get("resourceVersion") or 0)


def is_watched(raw: Raw) -> bool:
    """Whether the object carries the label by which everything is watched."""
    return names.LABEL_ROLE in (raw["metadata"].get("labels") or {})


def head_of(raw: Raw) -> Head:
    """Read what every object has."""
    head = raw["metadata"]
    annotations = head.get("annotations") or {}
    return Head(
        ref=ref_of(raw),
        uid=head.get("uid", ""),
        resource_version=version_of(raw),
        addon=addon_of(raw),
        owner_uid=owner_uid_of(raw),
        applied=annotations.get(names.ANNOTATION_APPLIED, ""),
        fields=_fingerprint(fields_of(raw, names.MANAGER)),
        deleting="deletionTimestamp" in head,
    )


def addon_of(raw: Raw) -> str | None:
    """Return the addon that a child names by label; None for what is not managed by us."""
    labels = raw["metadata"].get("labels") or {}
    addon = labels.get(names.LABEL_ADDON)
    ours = labels.get(names.LABEL_MANAGED_BY) == names.MANAGED_BY
    return intern(addon) if addon is not None and ours else None


def owner_uid_of(raw: Raw) -> str | None:
    """Return the uid of the TcpAddon among an object's owners."""
    for owner in raw["metadata"].get("ownerReferences") or ():
        if owner["kind"] == names.KIND and owner["apiVersion"].startswith(f"{names.GROUP}/"):
            return intern(owner["uid"])
    return None


def only(raw: Raw, keys: Iterable[str]) -> Raw:
    """Return those of the fields that are there."""
    return {key: raw[key] for key in keys if key in raw}


# --- managedFields ------------------------------------------------------------------------------


def _applies(raw: Raw) -> Iterable[Raw]:
    """Give the entry of each apply; those of subresources are others' business."""
    for entry in raw["metadata"].get("managedFields") or ():
        if entry.get("operation") == "Apply" and not entry.get("subresource"):
            yield entry


def _applied_entries(raw: Raw) -> Iterable[tuple[str, Raw]]:
    """Give manager and fields of each apply."""
    for entry in _applies(raw):
        yield entry["manager"], entry.get("fieldsV1") or {}


def fields_of(raw: Raw, manager: str) -> Raw:
    """Return the fieldsV1 of what one manager applied, {} where it applied nothing."""
    for name, fields in _applied_entries(raw):
        if name == manager:
            return fields
    return {}


def applied_at(raw: Raw, manager: str) -> datetime | None:
    """Return when an apply of this manager last changed something, to the second."""
    for entry in raw["metadata"].get("managedFields") or ():
        ours = (entry.get("manager"), entry.get("operation")) == (manager, "Apply")
        if ours and not entry.get("subresource") and "time" in entry:
            return datetime.fromisoformat(entry["time"])
    return None


def _fingerprint(fields: Raw) -> str:
    return intern(fingerprint_of_entry(fields)) if fields else ""


def keys_of(fields: Raw) -> frozenset[str]:
    """Return the keys of a Secret in a fieldsV1."""
    keys = fields.get("f:data") or {}
    return frozenset(intern(key[2:]) for key in keys if key.startswith("f:")) or _NO_KEYS


def keys_by_addon(raw: Raw) -> Mapping[str, frozenset[str]]:
    """Return the keys of a Secret that each addon applied, by the addon's uid."""
    found = {}
    for manager, fields in _applied_entries(raw):
        uid = names.uid_of_manager(manager)
        if uid and (keys := keys_of(fields)):
            found[intern(uid)] = keys
    return found


def written_by_addon(raw: Raw) -> Mapping[str, datetime]:
    """Return when each addon last changed what it has of a Secret, by the addon's uid."""
    return {
        intern(uid): datetime.fromisoformat(entry["time"])
        for entry in _applies(raw)
        if (uid := names.uid_of_manager(entry["manager"])) and "time" in entry
    }


def shared_keys(raw: Raw, keys: frozenset[str]) -> frozenset[str]:
    """Return those of the keys that a manager which is not ours owns too."""
    return keys & _NO_KEYS.union(*map(keys_of, _foreign_fields(raw)))


def last_writer(raw: Raw) -> str:
    """Return the manager, of those that are not ours, that last wrote data of a Secret."""
    entries = [
        (entry.get("time", ""), entry["manager"])
        for entry in _foreign(raw)
        if keys_of(entry.get("fieldsV1") or {})
    ]
    return intern(max(entries)[1]) if entries else ""


def mark_is_shared(raw: Raw) -> bool:
    """Whether a manager that is not ours owns the role label."""
    return any(map(_has_mark, _foreign_fields(raw)))


def _foreign(raw: Raw) -> Iterable[Raw]:
    """Give the entries of all managers that are not ours, however they came by their fields."""
    for entry in raw["metadata"].get("managedFields") or ():
        manager = entry.get("manager", "")
        if manager != names.MANAGER and names.uid_of_manager(manager) is None:
            yield entry


def _foreign_fields(raw: Raw) -> Iterable[Raw]:
    """Give the fields of all managers that are not ours."""
    return (entry.get("fieldsV1") or {} for entry in _foreign(raw))


def _has_mark(fields: Raw) -> bool:
    labels = (fields.get("f:metadata") or {}).get("f:labels") or {}
    return f"f:{names.LABEL_ROLE}" in labels


def marked_by(raw: Raw) -> frozenset[str]:
    """Return the uids of the addons that applied the role label."""
    return frozenset(
        intern(uid)
        for manager, fields in _applied_entries(raw)
        if (uid := names.uid_of_manager(manager)) and _has_mark(fields)
    )
