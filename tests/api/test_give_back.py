"""Giving back takes our keys and our mark, whatever the user's object came from."""

from typing import Any

import pytest

from tcpaddon import names
from tcpaddon.core.actions import Apply
from tcpaddon.core.binding import give_back
from tcpaddon.core.facts import Kind, Ref, SecretFact
from tcpaddon.kube.answers import Gone, Stale
from tcpaddon.kube.client import Client
from tcpaddon.kube.users import secret_fact
from tests.apiserver import ApiServer
from tests.worlds import decoded, encoded

UID, OTHER_UID = "3f7d3c1e-0000-4000-8000-000000000001", "3f7d3c1e-0000-4000-8000-000000000002"


def user_secret(server: ApiServer, namespace: str, how: str) -> None:
    """Make app-env with one key of the user's, the way a user may have."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    head = {"name": "app-env", "namespace": namespace}
    base: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": head}
    if how == "created":
        server.call("POST", path, {**base, "data": {"MINE": encoded("yes")}})
        return
    fields = {"stringData": {"MINE": "yes"}}
    if how == "applied data":
        fields = {"data": {"MINE": encoded("yes")}}
    apply = {"content_type": "application/apply-patch+yaml", "fieldManager": "user"}
    server.call("PATCH", f"{path}/app-env", {**base, **fields}, **apply)
    if how == "managed fields stripped":
        stripped: dict[str, Any] = {"metadata": {"managedFields": [{}]}}
        merge = "application/merge-patch+json"
        server.call("PATCH", f"{path}/app-env", stripped, content_type=merge)


async def take(client: Client, namespace: str, uid: str, key: str) -> SecretFact:
    """Apply a key and the mark as an addon does; returns the fact."""
    ref = Ref(Kind.SECRET, namespace, "app-env")
    body = {"metadata": {"labels": {names.LABEL_ROLE: names.ROLE_APP}}, "data": {key: encoded("x")}}
    return secret_fact(await client.apply(Apply(ref, body, names.manager_for(uid))))


@pytest.mark.parametrize(
    "how", ["created", "applied data", "applied stringData", "managed fields stripped"]
)
async def test_the_users_key_stays_however_the_secret_was_made(
    apiserver: ApiServer, client: Client, namespace: str, how: str
) -> None:
    user_secret(apiserver, namespace, how)
    fact = await take(client, namespace, UID, "TCP_URL")
    left = await client.give_back(give_back(UID, fact))
    assert {k: decoded(v) for k, v in left["data"].items()} == {"MINE": "yes"}
    assert not left["metadata"].get("labels")
    managers = {entry["manager"] for entry in left["metadata"].get("managedFields", [])}
    assert names.manager_for(UID) not in managers


async def test_a_mark_that_another_addon_holds_stays_with_its_key(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    user_secret(apiserver, namespace, "applied stringData")
    await take(client, namespace, OTHER_UID, "OTHER_URL")
    fact = await take(client, namespace, UID, "TCP_URL")
    left = secret_fact(await client.give_back(give_back(UID, fact)))
    assert left.keys == {"MINE", "OTHER_URL"}
    assert left.marked_by == {OTHER_UID}


async def test_a_secret_that_changed_since_it_was_looked_at_is_left_alone(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    user_secret(apiserver, namespace, "created")
    fact = await take(client, namespace, UID, "TCP_URL")
    path = f"/api/v1/namespaces/{namespace}/secrets/app-env"
    theirs = {"data": {"TCP_URL": encoded("mine now")}}
    apiserver.call("PATCH", path, theirs, content_type="application/merge-patch+json")
    with pytest.raises(Stale):
        await client.give_back(give_back(UID, fact))
    assert decoded(apiserver.call("GET", path)["data"]["TCP_URL"]) == "mine now"


async def test_a_secret_of_that_name_that_is_another_one_is_left_alone(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    user_secret(apiserver, namespace, "created")
    fact = await take(client, namespace, UID, "TCP_URL")
    path = f"/api/v1/namespaces/{namespace}/secrets/app-env"
    apiserver.call("DELETE", path)
    user_secret(apiserver, namespace, "created")
    with pytest.raises((Gone, Stale)):
        await client.give_back(give_back(UID, fact))
    assert set(apiserver.call("GET", path)["data"]) == {"MINE"}


def apply_as_gitops(server: ApiServer, namespace: str, **parts: Any) -> None:
    """Let a user apply a part of app-env, with the values that it has."""
    head = {"name": "app-env", "namespace": namespace, **parts.pop("metadata", {})}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": head, **parts}
    path = f"/api/v1/namespaces/{namespace}/secrets/app-env"
    apply = {"content_type": "application/apply-patch+yaml", "fieldManager": "gitops"}
    server.call("PATCH", path, body, **apply)


@pytest.mark.parametrize(
    "how", ["created", "applied data", "applied stringData", "managed fields stripped"]
)
async def test_a_key_that_somebody_else_applies_too_stays(
    apiserver: ApiServer, client: Client, namespace: str, how: str
) -> None:
    user_secret(apiserver, namespace, how)
    ref = Ref(Kind.SECRET, namespace, "app-env")
    data = {key: encoded("x") for key in ("TCP_URL", "TCP_URL_WEB")}
    body = {"metadata": {"labels": {names.LABEL_ROLE: names.ROLE_APP}}, "data": data}
    await client.apply(Apply(ref, body, names.manager_for(UID)))
    apply_as_gitops(apiserver, namespace, data={"TCP_URL": encoded("x")})
    path = f"/api/v1/namespaces/{namespace}/secrets/app-env"
    fact = secret_fact(apiserver.call("GET", path))
    assert fact.shared_keys == {"TCP_URL"}
    left = await client.give_back(give_back(UID, fact))
    assert {k: decoded(v) for k, v in left["data"].items()} == {"MINE": "yes", "TCP_URL": "x"}
    assert not left["metadata"].get("labels")
    managers = {entry["manager"] for entry in left["metadata"].get("managedFields", [])}
    assert names.manager_for(UID) not in managers


async def test_a_mark_that_somebody_else_applies_too_stays(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    user_secret(apiserver, namespace, "applied stringData")
    await take(client, namespace, UID, "TCP_URL")
    apply_as_gitops(apiserver, namespace, metadata={"labels": {names.LABEL_ROLE: names.ROLE_APP}})
    path = f"/api/v1/namespaces/{namespace}/secrets/app-env"
    left = await client.give_back(give_back(UID, secret_fact(apiserver.call("GET", path))))
    fact = secret_fact(left)
    assert fact.keys == {"MINE"}
    assert (fact.marked_by, fact.mark_is_shared) == (frozenset(), True)
    assert left["metadata"]["labels"] == {names.LABEL_ROLE: names.ROLE_APP}
