"""kube/client.py and kube/answers.py against a real API server."""

import asyncio
import base64
from typing import Any

import pytest

from tcpaddon import names
from tcpaddon.core.actions import Apply, Delete
from tcpaddon.core.facts import Kind, Ref
from tcpaddon.kube.answers import Exists, Gone, NotLeading, Refused, Retry, Stale
from tcpaddon.kube.client import Client, connect
from tcpaddon.kube.connection import Limits
from tcpaddon.kube.credentials import NoCluster
from tcpaddon.kube.paths import DEPLOYMENTS, LEASES, SECRETS
from tcpaddon.kube.projections import deployment_fact
from tcpaddon.kube.users import secret_fact
from tcpaddon.names import Reason
from tests.apiserver import ApiServer
from tests.wire import Wire


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def child(namespace: str, name: str = "web-tcp", *, uid: str = "uid-1", **body: Any) -> Apply:
    labels = {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_ADDON: "web",
        names.LABEL_ROLE: names.ROLE_CHILD,
    }
    owner = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": "web",
        "uid": uid,
        "controller": True,
    }
    return Apply(
        Ref(Kind.SECRET, namespace, name),
        {"metadata": {"labels": labels, "ownerReferences": [owner]}} | body,
        names.MANAGER,
        force=True,
        create=True,
    )


def deployment(namespace: str) -> Apply:
    made = child(namespace)
    labels = {"app": "web"}
    pod = {"containers": [{"name": "tcp", "image": "web:1"}]}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    ref = Ref(Kind.DEPLOYMENT, namespace, "web-tcp")
    return Apply(ref, {**made.body, "spec": spec}, names.MANAGER, force=True, create=True)


def key(namespace: str, uid: str, data: dict[str, str], *, of: str = "") -> Apply:
    """Put keys into the app's Secret in the name of one addon."""
    encoded = {name: base64_of(value) for name, value in data.items()}
    body = {
        "metadata": {"labels": {names.LABEL_ROLE: names.ROLE_APP}},
        "data": encoded,
    }
    return Apply(Ref(Kind.SECRET, namespace, "app"), body, names.manager_for(uid), uid=of)


def users_secret(apiserver: ApiServer, namespace: str, **data: str) -> str:
    """Make the app's Secret as its user does, and return its uid."""
    made = apiserver.call(
        "POST",
        SECRETS.path(namespace),
        {"metadata": {"name": "app"}, "stringData": data},
        fieldManager="kubectl-create",
    )
    return str(made["metadata"]["uid"])


# --- creating ---------------------------------------------------------------------------------


async def test_of_16_writers_who_create_the_same_child_one_does(
    client: Client, namespace: str
) -> None:
    codes: list[int] = []
    client.on_request = lambda verb, _kind, code, _seconds: (
        codes.append(code) if verb == "apply" else None
    )
    stored = await asyncio.gather(*(client.apply(child(namespace)) for _ in range(16)))
    assert codes.count(201) == 1
    assert len({one["metadata"]["uid"] for one in stored}) == 1


async def test_of_16_addons_who_create_the_same_name_one_wins_and_the_others_are_told(
    client: Client, namespace: str
) -> None:
    tried = await asyncio.gather(
        *(client.apply(child(namespace, uid=f"uid-{number}")) for number in range(16)),
        return_exceptions=True,
    )
    refused = [one for one in tried if isinstance(one, Refused)]
    assert len(refused) == 15
    assert {one.refusal.reason for one in refused} == {Reason.NAME_CONFLICT}


async def test_a_foreign_object_of_a_childs_name_is_left_as_it_was(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    users_secret(apiserver, namespace, A="1")
    before = await client.get(SECRETS, namespace, "app")
    with pytest.raises(Refused) as refused:
        await client.apply(child(namespace, "app", data={"A": base64_of("2")}))
    assert refused.value.refusal.reason == Reason.NAME_CONFLICT
    assert refused.value.refusal.message == (
        "Secret app exists already and does not belong to this TcpAddon"
    )
    assert await client.get(SECRETS, namespace, "app") == before


async def test_a_create_whose_answer_was_lost_finds_its_own_object(
    client: Client, namespace: str
) -> None:
    first = await client.apply(child(namespace, data={"A": base64_of("1")}))
    again = await client.apply(child(namespace, data={"A": base64_of("2")}))
    assert again["metadata"]["uid"] == first["metadata"]["uid"]
    assert again["data"] == {"A": base64_of("2")}


async def test_a_child_restored_from_a_backup_gets_its_owner_back(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    labels = child(namespace).body["metadata"]["labels"]
    apiserver.call(
        "POST", SECRETS.path(namespace), {"metadata": {"name": "web-tcp", "labels": labels}}
    )
    stored = await client.apply(child(namespace))
    assert [owner["uid"] for owner in stored["metadata"]["ownerReferences"]] == ["uid-1"]


async def test_a_create_in_a_terminating_namespace_is_final(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    apiserver.call("DELETE", f"/api/v1/namespaces/{namespace}")
    with pytest.raises(Refused) as refused:
        await client.apply(child(namespace))
    assert refused.value.refusal.reason == Reason.NAMESPACE_TERMINATING


async def test_a_create_in_a_namespace_that_is_gone_is_final(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        await client.apply(child("never-was"))
    assert refused.value.refusal.reason == Reason.NAMESPACE_TERMINATING


async def test_a_create_over_quota_keeps_the_servers_sentence(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    quota = f"/api/v1/namespaces/{namespace}/resourcequotas"
    spec = {"hard": {"secrets": "0"}}
    apiserver.call("POST", quota, {"metadata": {"name": "none"}, "spec": spec})
    status = {"status": {"hard": {"secrets": "0"}, "used": {"secrets": "0"}}}
    merge = "application/merge-patch+json"
    apiserver.call("PATCH", f"{quota}/none/status", status, content_type=merge)
    with pytest.raises(Refused) as refused:
        await client.apply(child(namespace))
    assert refused.value.refusal.reason == Reason.REFUSED_BY_API_SERVER
    assert "exceeded quota: none" in refused.value.refusal.message


# --- our own children -------------------------------------------------------------------------


async def test_an_image_that_somebody_else_set_is_repaired(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    made = deployment(namespace)
    before = deployment_fact(await client.apply(made))
    apiserver.kubectl("-n", namespace, "set", "image", "deployment/web-tcp", "tcp=evil:1")
    drifted = await client.get(DEPLOYMENTS, namespace, "web-tcp")
    assert drifted is not None
    assert deployment_fact(drifted).fields != before.fields, "the drift shows in the fingerprint"
    repaired = await client.apply(Apply(made.ref, made.body, made.manager, force=True))
    assert repaired["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert deployment_fact(repaired).fields == before.fields


async def test_a_field_that_is_applied_no_more_is_removed(client: Client, namespace: str) -> None:
    await client.apply(child(namespace, data={"A": base64_of("1"), "B": base64_of("2")}))
    stored = await client.apply(child(namespace, data={"B": base64_of("2")}))
    assert set(stored["data"]) == {"B"}


async def test_a_field_that_no_schema_knows_is_refused_for_good(
    client: Client, namespace: str
) -> None:
    with pytest.raises(Refused) as refused:
        await client.apply(child(namespace, nonsense=1))
    assert refused.value.refusal.reason == Reason.REFUSED_BY_API_SERVER
    assert ".nonsense: field not declared in schema" in refused.value.refusal.message


async def test_a_value_that_the_server_rejects_is_refused_with_its_sentence(
    client: Client, namespace: str
) -> None:
    made = child(namespace)
    body = {**made.body, "spec": {"ports": [{"port": 99999}]}}
    ref = Ref(Kind.SERVICE, namespace, "web-tcp")
    with pytest.raises(Refused) as refused:
        await client.apply(Apply(ref, body, names.MANAGER, force=True, create=True))
    assert "must be between 1 and 65535" in refused.value.refusal.message


async def test_a_child_is_deleted_and_deleting_it_again_is_success(
    client: Client, namespace: str
) -> None:
    made = child(namespace)
    uid = (await client.apply(made))["metadata"]["uid"]
    await client.delete(Delete(made.ref, uid))
    await client.delete(Delete(made.ref, uid))
    assert await client.get(SECRETS, namespace, made.ref.name) is None


async def test_another_object_of_the_childs_name_is_not_deleted(
    client: Client, namespace: str
) -> None:
    made = child(namespace)
    await client.apply(made)
    await client.delete(Delete(made.ref, "11111111-1111-1111-1111-111111111111"))
    assert await client.get(SECRETS, namespace, made.ref.name) is not None


# --- the user's Secret ------------------------------------------------------------------------


async def test_a_key_that_somebody_else_set_is_a_conflict_that_names_the_holder(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    uid = users_secret(apiserver, namespace, TCP_URL="theirs")
    with pytest.raises(Refused) as refused:
        await client.apply(key(namespace, "addon-1", {"TCP_URL": "ours"}, of=uid))
    assert refused.value.refusal.reason == Reason.SECRET_CONFLICT
    assert refused.value.refusal.holder == "kubectl-create"
    assert ".data.TCP_URL" in refused.value.refusal.message


async def test_another_addons_key_is_a_conflict_that_names_that_addon(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    uid = users_secret(apiserver, namespace)
    await client.apply(key(namespace, "addon-1", {"TCP_URL": "one"}, of=uid))
    with pytest.raises(Refused) as refused:
        await client.apply(key(namespace, "addon-2", {"TCP_URL": "two"}, of=uid))
    assert names.uid_of_manager(refused.value.refusal.holder) == "addon-1"


async def test_giving_back_takes_exactly_our_keys(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    uid = users_secret(apiserver, namespace, A="1", B="2")
    before = await client.get(SECRETS, namespace, "app")
    await client.apply(key(namespace, "addon-1", {"TCP_URL": "one"}, of=uid))
    stored = await client.apply(key(namespace, "addon-2", {"OTHER_URL": "two"}, of=uid))
    fact = secret_fact(stored)
    assert fact.owned == {"addon-1": {"TCP_URL"}, "addon-2": {"OTHER_URL"}}
    assert fact.marked_by == {"addon-1", "addon-2"}
    assert fact.values == {"TCP_URL": base64_of("one"), "OTHER_URL": base64_of("two")}

    ref = Ref(Kind.SECRET, namespace, "app")
    after_one = secret_fact(await client.apply(Apply(ref, {}, names.manager_for("addon-1"))))
    assert after_one.keys == {"A", "B", "OTHER_URL"}
    assert after_one.marked_by == {"addon-2"}
    after_both = await client.apply(Apply(ref, {}, names.manager_for("addon-2")))
    assert before is not None
    assert after_both["data"] == before["data"]
    assert not after_both["metadata"].get("labels")
    assert after_both["metadata"]["uid"] == uid


async def test_no_secret_is_made_where_the_users_own_is_missing(
    client: Client, namespace: str
) -> None:
    with pytest.raises(Gone):
        await client.apply(key(namespace, "addon-1", {"TCP_URL": "x"}, of="11111111-1111"))
    assert await client.get(SECRETS, namespace, "app") is None


async def test_a_secret_that_was_made_anew_is_not_written(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    users_secret(apiserver, namespace, A="1")
    before = await client.get(SECRETS, namespace, "app")
    with pytest.raises(Gone):
        await client.apply(key(namespace, "addon-1", {"TCP_URL": "x"}, of="11111111-1111"))
    assert await client.get(SECRETS, namespace, "app") == before


async def test_an_immutable_secret_is_told_apart(
    apiserver: ApiServer, client: Client, namespace: str
) -> None:
    apiserver.call(
        "POST", SECRETS.path(namespace), {"metadata": {"name": "app"}, "immutable": True}
    )
    with pytest.raises(Refused) as refused:
        await client.apply(key(namespace, "addon-1", {"TCP_URL": "x"}))
    assert refused.value.refusal.reason == Reason.SECRET_IMMUTABLE


# --- optimistic locks -------------------------------------------------------------------------


async def test_replacing_what_changed_in_the_meantime_is_stale(
    client: Client, namespace: str
) -> None:
    body: dict[str, Any] = {"metadata": {"name": "one", "namespace": namespace}, "spec": {}}
    body |= {"apiVersion": LEASES.api_version, "kind": LEASES.kind}
    first = await client.create(LEASES, namespace, body)
    await client.replace(LEASES, namespace, {**first, "spec": {"holderIdentity": "a"}})
    with pytest.raises(Stale):
        await client.replace(LEASES, namespace, {**first, "spec": {"holderIdentity": "b"}})
    with pytest.raises(Exists):
        await client.create(LEASES, namespace, body)


# --- the connection ---------------------------------------------------------------------------


async def test_nothing_is_written_without_the_lease(client: Client, namespace: str) -> None:
    client.may_write = lambda: False
    with pytest.raises(NotLeading):
        await client.apply(child(namespace))
    client.may_write = lambda: True
    assert await client.get(SECRETS, namespace, "web-tcp") is None


async def test_a_connection_that_is_cut_is_a_retry(
    wired: Client, wire: Wire, namespace: str
) -> None:
    await wired.get(SECRETS, namespace, "app")
    wire.cut()
    with pytest.raises(Retry):
        await wired.get(SECRETS, namespace, "app")
    wire.mend()
    assert await wired.get(SECRETS, namespace, "app") is None


async def test_an_answer_that_does_not_come_is_a_retry(
    apiserver: ApiServer, wire: Wire, namespace: str
) -> None:
    limits = Limits(request=0.2)
    async with await connect(apiserver.kubeconfig(port=wire.port), limits=limits) as client:
        wire.freeze()
        with pytest.raises(Retry, match=r"no answer from the API server within 0\.2 s"):
            await client.apply(child(namespace))


async def test_requests_one_after_another_share_one_connection(
    wired: Client, wire: Wire, namespace: str
) -> None:
    for _ in range(5):
        await wired.get(SECRETS, namespace, "app")
        await wired.apply(child(namespace))
    assert wire.accepted == 1


async def test_a_kubeconfig_that_is_missing_is_told_with_what_to_do() -> None:
    with pytest.raises(NoCluster, match="Name a kubeconfig with --kubeconfig or KUBECONFIG"):
        await connect("/nowhere/config")


async def test_a_wrong_token_is_a_retry_that_says_so(apiserver: ApiServer, namespace: str) -> None:
    config = apiserver.folder / "wrong-token"
    text = open(apiserver.kubeconfig()).read()  # noqa: ASYNC230, PTH123, SIM115 - a small file
    config.write_text(text.replace(apiserver.tokens["admin"], "wrong"))
    async with await connect(str(config)) as client:
        with pytest.raises(Retry, match="Unauthorized"):
            await client.get(SECRETS, namespace, "app")
