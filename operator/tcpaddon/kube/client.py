"""The verbs that the operator uses, each one request with a time limit and a typed answer.

Paths are our own: no discovery, no generated models. What is written is what `core` asked for;
what is returned is the object as the API server stored it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, Self

from tcpaddon import names
from tcpaddon.core.actions import Apply, Delete, GiveBack
from tcpaddon.core.facts import Refusal
from tcpaddon.kube.answers import (
    Answer,
    Asked,
    Exists,
    Gone,
    NotLeading,
    Refused,
    Retry,
    Stale,
    answer_to,
)
from tcpaddon.kube.connection import Call, Connection, Limits, OnRequest
from tcpaddon.kube.credentials import open_connection
from tcpaddon.kube.giving_back import nothing_as_of, what_is_ours
from tcpaddon.kube.heads import addon_of, head_of, owner_uid_of
from tcpaddon.kube.paths import ADDONS, PODS, Resource, resource_of
from tcpaddon.kube.words import Page, Raw, Scope, WatchEvent, event_of

PAGE: Final = 500  # objects a page: client-go's number
_LINE: Final = 4096  # bytes of a log line that are read
_LOG: Final = 5.0  # seconds that a node may take to hand out a log
_APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML
_MERGE: Final = "application/merge-patch+json"


class Client:
    """An async context manager; every method raises answers.Answer and nothing else.

    on_request: called after each request with verb, kind, HTTP status (0: no answer), seconds.
    may_write: asked before each write of children, status or Events; False raises NotLeading.
    """

    def __init__(self, connection: Connection) -> None:
        """Use `connection`, and close it in the end."""
        self._connection = connection
        self.may_write: Callable[[], bool] = lambda: True

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close the connection."""
        await self._connection.__aexit__(*error)

    @property
    def on_request(self) -> OnRequest:
        """What is called after each request."""
        return self._connection.on_request

    @on_request.setter
    def on_request(self, callback: OnRequest) -> None:
        self._connection.on_request = callback

    async def login(self) -> Raw:
        """Return what kopf needs to reach the same API server (see Connection.login)."""
        return await self._connection.login()

    # --- reading --------------------------------------------------------------------------------

    async def get(
        self, resource: Resource, namespace: str, name: str, *, limit: float | None = None
    ) -> Raw | None:
        """Read one object from the API server itself; None: it is not there."""
        asked = Asked("get", resource.kind, name)
        try:
            return await self._connection.send(
                Call(asked, "GET", resource.path(namespace, name), limit=limit)
            )
        except Gone:
            return None

    async def last_line(self, namespace: str, pod: str, container: str, *, previous: bool) -> str:
        """Return the last line of a container's log, "" where there is none.

        previous: of the container before the last restart.
        """
        asked = Asked("get", "Log", pod)
        query = {"container": container, "tailLines": "1", "limitBytes": str(_LINE)}
        query |= {"previous": "true"} if previous else {}
        path = PODS.path(namespace, pod, "log")
        lines = b""
        try:
            async with (
                self._connection.stream(Call(asked, "GET", path, query), silence=_LOG) as stream,
                aclosing(stream),
            ):
                async for line in stream:
                    lines = line or lines
        except Answer:
            return lines.decode(errors="replace")  # the words are welcome, not needed
        return lines.decode(errors="replace")

    async def pages(self, scope: Scope, *, size: int = PAGE) -> AsyncGenerator[Page, None]:
        """List in pages of `size` objects (0: all in one), as of one moment.

        Raises:
            Expired: the list took so long that its moment is forgotten.
        """
        asked = Asked("list", scope.resource.kind, "")
        query = scope.query()
        if size:
            query["limit"] = str(size)
        while True:
            path = scope.resource.path(scope.namespace)
            answer = await self._connection.send(Call(asked, "GET", path, query))
            head = answer["metadata"]
            yield Page(answer.get("items") or [], int(head["resourceVersion"]))
            if not (token := head.get("continue")):
                return
            query["continue"] = token

    async def watch(
        self, scope: Scope, *, version: int, ends_after: float, silence: float
    ) -> AsyncGenerator[WatchEvent, None]:
        """Follow what happens after `version`; the API server ends it after `ends_after` seconds.

        Raises:
            Silent: nothing came for `silence` seconds. Bookmarks come every minute, but none for a
                kind in which nothing ever happens, where etcd does not report progress.
            Expired: `version` is forgotten already; list anew.
        """
        asked = Asked("watch", scope.resource.kind, "")
        query = scope.query() | {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(version),
            "timeoutSeconds": str(max(1, round(ends_after))),
        }
        call = Call(asked, "GET", scope.resource.path(scope.namespace), query)
        async with (
            self._connection.stream(call, silence=silence) as lines,
            aclosing(lines),
        ):
            yield WatchEvent("OPENED", {})
            async for line in lines:
                if not line:
                    continue
                event = event_of(asked, line)
                if event.type == "ERROR":
                    code = int(event.object.get("code") or 500)
                    raise answer_to(asked, code, event.object)
                yield event

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
