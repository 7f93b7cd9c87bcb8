"""The app's own Secret: which keys of it are ours, and what stands in their way.

The Secret is the user's. Only keys that nobody else has are written, by a field manager of this
addon's own and without force; a key that is there and not ours is told about and left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Apply, GiveBack
from tcpaddon.core.address import Address
from tcpaddon.core.children.binding_secret import encoded
from tcpaddon.core.facts import AppFact, ConfigMapFact, Facts, Kind, Ref, SecretFact, UsersFact
from tcpaddon.names import LABEL_ROLE, ROLE_APP, manager_for, port_suffix

_API_VERSIONS = {
    Kind.SECRET: "v1",
    Kind.CONFIG_MAP: "v1",
    Kind.DEPLOYMENT: "apps/v1",
    Kind.STATEFUL_SET: "apps/v1",
}


@dataclass(frozen=True, slots=True)
class Publication:
    """What of the wanted keys can be written to the app's Secret.

    data: what our apply holds, base64 by key; conflicts are left out. taken_by_addons: conflicts
    whose holder is another TcpAddon. stands: whether the Secret has it all already.
    """

    secret: SecretFact
    data: Mapping[str, str]
    conflicts: tuple[str, ...]
    taken_by_addons: tuple[str, ...]
    stands: bool

    @property
    def needs_apply(self) -> bool:
        """Whether there is something to write, and it can be written."""
        return not self.stands and not self.secret.immutable


def keys(addon: TcpAddon) -> Mapping[str, str]:
    """Return the keys that the URLs have in the app's Secret, each with the name of its port."""
    url_key, main = addon.spec.binding.url_key, addon.spec.main_port.name
    return {
        url_key if port.name == main else f"{url_key}_{port_suffix(port.name)}": port.name
        for port in addon.spec.ports
    }


def publication(addon: TcpAddon, secret: SecretFact, addresses: Sequence[Address]) -> Publication:
    """Compare the app's Secret with what it shall hold; without addresses only for conflicts."""
    uid = addon.metadata.uid
    owned = secret.owned.get(uid, frozenset())
    urls = {address.name: address.url for address in addresses}
    wanted = {key: urls.get(port, "") for key, port in keys(addon).items()}  # "" while unknown
    conflicts = tuple(key for key in wanted if key in secret.keys - owned)
    others = {key for holder, held in secret.owned.items() if holder != uid for key in held}
    data = {key: encoded(url) for key, url in wanted.items() if key not in conflicts and url}
    in_place = owned == set(data) and all(secret.values.get(k) == v for k, v in data.items())
    return Publication(
        secret=secret,
        data=data,
        conflicts=conflicts,
        taken_by_addons=tuple(key for key in conflicts if key in others),
        # A Secret in which every key is somebody else's gets no mark either.
        stands=not addresses or (in_place and (uid in secret.marked_by or not data)),
    )


def followed_digest(addon: TcpAddon, facts: Facts) -> str:
    """Return the digest of the app's Secret that the process is to run with, "" for none.

    A Secret that is missing, or in which a key of ours is somebody else's, changes nothing: tools
    delete a Secret to make it anew, and whose a key is can be lost and come back.
    """
    if not addon.spec.rollout.restart_on_secret_change:
        return ""
    before = facts.deployment.secret if facts.deployment else ""
    secret = facts.app_secret
    if secret is None or secret.deleting or secret.addon is not None:
        return before
    theirs = secret.keys - secret.owned.get(addon.metadata.uid, frozenset())
    return before if before and theirs & set(keys(addon)) else secret.users_digest


def publish(addon: TcpAddon, published: Publication) -> Apply:
    """Ask for our keys in the app's Secret, and for the mark that makes it watched."""
    uid, secret = addon.metadata.uid, published.secret
    body = {**_marked(secret.ref), "data": dict(published.data)}
    return Apply(ref=secret.ref, body=body, manager=manager_for(uid), uid=secret.uid)


def mark(addon: TcpAddon, followed: AppFact | ConfigMapFact) -> Apply:
    """Ask for the mark that makes a followed app or Procfile watched."""
    uid, ref = addon.metadata.uid, followed.ref
    return Apply(ref=ref, body=_marked(ref), manager=manager_for(uid), uid=followed.uid)


def give_back(uid: str, held: UsersFact) -> GiveBack:
    """Ask for everything that an addon has of a user's object to be given back.

    What others hold too, with the same value, is not ours to delete: they still want it.
    """
    keys: frozenset[str] = frozenset()
    shared_keys: frozenset[str] = frozenset()
    if isinstance(held, SecretFact):
        others = (of for holder, of in held.owned.items() if holder != uid)
        keys = held.owned.get(uid, frozenset())
        shared_keys = keys & held.shared_keys.union(*others)
    marked = uid in held.marked_by
    mark_is_shared = held.mark_is_shared or bool(held.marked_by - {uid})
    return GiveBack(
        ref=held.ref,
        manager=manager_for(uid),
        uid=held.uid,
        resource_version=held.resource_version,
        keys=keys - shared_keys,
        mark=marked and not mark_is_shared,
        shared=bool(shared_keys) or (marked and mark_is_shared),
    )


def _marked(ref: Ref) -> dict[str, object]:
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {LABEL_ROLE: ROLE_APP}}
    return {"apiVersion": _API_VERSIONS[ref.kind], "kind": ref.kind.value, "metadata": metadata}
