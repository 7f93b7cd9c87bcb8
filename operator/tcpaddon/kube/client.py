"""The verbs that the operator uses, each one request with a time limit and a typed answer.

Paths are our own: no discovery, no generated models. What is written is what `core` asked for;
what is returned is the object as the API server stored it. The reads are in `reader`.
"""

from collections.abc import Callable
from typing import Final

from tcpaddon import names
from tcpaddon.core.actions import Apply, Delete, GiveBack
from tcpaddon.core.facts import Refusal
from tcpaddon.kube.answers import (
    Asked,
    Exists,
    Gone,
    NotLeading,
    Refused,
    Retry,
    Stale,
)
from tcpaddon.kube.connection import Call, Connection, Limits
from tcpaddon.kube.credentials import open_connection
from tcpaddon.kube.giving_back import nothing_as_of, what_is_ours
from tcpaddon.kube.heads import addon_of, head_of, owner_uid_of
from tcpaddon.kube.paths import ADDONS, Resource, resource_of
from tcpaddon.kube.reader import Reader
from tcpaddon.kube.words import Raw

_APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML
_MERGE: Final = "application/merge-patch+json"


class Client(Reader):
    """An async context manager; every method raises answers.Answer and nothing else.

    on_request: called after each request with verb, kind, HTTP status (0: no answer), seconds.
    may_write: asked before each write of children, status or Events; False raises NotLeading.
    """

    def __init__(self, connection: Connection) -> None:
        """Use `connection`, and close it in the end."""
        super().__init__(connection)
        self.may_write: Callable[[], bool] = lambda: True

    # --- writing --------------------------------------------------------------------------------

    async def apply(self, apply: Apply) -> Raw:
        """Apply one object and return it as stored.

        A create that meets our own object (its answer was lost, or somebody took the label by
        which we watch) writes that one instead.

        Raises:
            Refused: with NAME_CONFLICT, SECRET_CONFLICT and its holder, NAMESPACE_TERMINATING, …
            Gone: the object with `apply.uid` is not there any more.
            Retry: no or a passing answer; the write may have been done.
        """
        asked = Asked("apply", apply.ref.kind, apply.ref.name, create=apply.create)
        try:
            return await self._apply(asked, apply, uid=apply.uid)
        except Exists as taken:
            uid = await self._ours(apply, taken)
            return await self._apply(Asked("apply", asked.kind, asked.name), apply, uid=uid)

    async def apply_status(
        self, namespace: str, name: str, resource_version: str | int, status: Raw
    ) -> Raw:
        """Apply a TcpAddon's status, unless the addon changed since `resource_version`.

        Raises:
            Stale: it did. Gone: there is no such TcpAddon.
        """
        asked = Asked("apply_status", ADDONS.kind, name)
        head = {"name": name, "namespace": namespace, "resourceVersion": str(resource_version)}
        body = {
            "apiVersion": ADDONS.api_version,
            "kind": ADDONS.kind,
            "metadata": head,
            "status": status,
        }
        query = {"fieldManager": names.MANAGER_STATUS, "force": "true"}
        path = ADDONS.path(namespace, name, "status")
        return await self._write(Call(asked, "PATCH", path, query, body, _APPLY))

    async def give_back(self, give: GiveBack) -> Raw:
        """Take our keys and mark out of a user's object; return what is left of it.

        Raises:
            Stale: the object changed since it was looked at, also where that is between the two
                requests that giving back what is shared takes. Gone: it is not there any more.
        """
        asked = Asked("give_back", give.ref.kind, give.ref.name)
        path = resource_of(give.ref.kind).path(give.ref.namespace, give.ref.name)
        query = {"fieldManager": give.manager}
        left = await self._write(Call(asked, "PATCH", path, query, what_is_ours(give), _MERGE))
        if give.shared:
            nothing = nothing_as_of(left["metadata"]["resourceVersion"], give)
            left = await self._write(Call(asked, "PATCH", path, query, nothing, _APPLY))
        return left

    async def delete(self, delete: Delete) -> None:
        """Delete this very object; that it is gone already is success."""
        resource = resource_of(delete.ref.kind)
        asked = Asked("delete", delete.ref.kind, delete.ref.name)
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": delete.uid},
            "propagationPolicy": "Background",
        }
        path = resource.path(delete.ref.namespace, delete.ref.name)
        try:
            await self._write(Call(asked, "DELETE", path, body=body))
        except Gone:
            return

    async def create(
        self, resource: Resource, namespace: str, body: Raw, *, limit: float | None = None
    ) -> Raw:
        """POST one object: Events and the Lease, which are written by nobody else.

        Raises:
            Exists: the name is taken.
        """
        name = body["metadata"]["name"]
        asked = Asked("create", resource.kind, name)
        call = Call(asked, "POST", resource.path(namespace), _CREATOR, body, limit=limit)
        return await self._connection.send(call)

    async def replace(
        self, resource: Resource, namespace: str, body: Raw, *, limit: float | None = None
    ) -> Raw:
        """PUT one object, with the resourceVersion in it as the condition.

        Raises:
            Stale: somebody else was first. Gone: it is not there.
        """
        name = body["metadata"]["name"]
        asked = Asked("update", resource.kind, name)
        path = resource.path(namespace, name)
        return await self._connection.send(Call(asked, "PUT", path, _CREATOR, body, limit=limit))

    async def merge(
        self, resource: Resource, namespace: str, name: str, body: Raw, limit: float | None = None
    ) -> Raw:
        """Merge-patch one object: an Event that happened again, an app to restart."""
        asked = Asked("patch", resource.kind, name)
        path = resource.path(namespace, name)
        return await self._write(Call(asked, "PATCH", path, _CREATOR, body, _MERGE, limit))

    # --- inside ---------------------------------------------------------------------------------

    async def _write(self, call: Call) -> Raw:
        if not self.may_write():
            raise NotLeading("not written: this process does not lead", target=str(call.asked))
        return await self._connection.send(call)

    async def _apply(self, asked: Asked, apply: Apply, *, uid: str) -> Raw:
        resource = resource_of(apply.ref.kind)
        head = dict(apply.body.get("metadata") or {})
        head |= {"name": apply.ref.name, "namespace": apply.ref.namespace}
        if asked.create:
            head["resourceVersion"] = "1"  # no object has it: 201 if absent, 409 if there
        if uid:
            head["uid"] = uid
        body = {
            **apply.body,
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": head,
        }
        query = {"fieldManager": apply.manager} | ({"force": "true"} if apply.force else {})
        path = resource.path(apply.ref.namespace, apply.ref.name)
        try:
            return await self._write(Call(asked, "PATCH", path, query, body, _APPLY))
        except Stale as busy:
            # No version was sent: others wrote faster than the server's own five attempts.
            raise Retry(busy.message, target=busy.target) from busy

    async def _ours(self, apply: Apply, taken: Exists) -> str:
        """Return the uid of the object that a create met, if it is the addon's own."""
        ref = apply.ref
        raw = await self.get(resource_of(ref.kind), ref.namespace, ref.name)
        if raw is None:
            raise Retry("it came and went", target=str(ref)) from taken
        addon, owner = addon_of(raw), owner_uid_of(raw)
        ours = addon is not None and addon == addon_of(apply.body)
        if not ours or owner not in (None, owner_uid_of(apply.body)):
            said = f"{ref} exists already and does not belong to this {names.KIND}"
            raise Refused(Refusal(names.Reason.NAME_CONFLICT, said), target=str(ref)) from taken
        there = head_of(raw)
        if there.deleting:
            raise Retry("the old one is still being deleted", after=1.0, target=str(ref)) from taken
        return there.uid


_CREATOR: Final = {"fieldManager": names.MANAGER}


async def connect(
    kubeconfig: str | None = None, context: str | None = None, *, limits: Limits | None = None
) -> Client:
    """Return a client for the kubeconfig named, else the pod's account, else the default file.

    Raises:
        credentials.NoCluster: none of these is there or usable.
    """
    return Client(await open_connection(kubeconfig, context, limits=limits))
