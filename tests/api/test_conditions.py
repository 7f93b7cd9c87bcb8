"""Each cause has a reason of its own: those that no other test is about are reached here.

Under the real controllers of Deployments and ReplicaSets, on stand-in nodes (tests/nodes.py).
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.apiserver import ApiServer, controllers, running
from tests.operators import eventually, operator
from tests.stages import ADDON, SLOW, change, cluster, ready, spec, told
from tests.worlds import CRDS, World, encoded


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with running() as found, controllers(found, "deployment-controller", "replicaset-controller"):
        yield found


def following(**app: str) -> dict[str, Any]:
    """A spec that follows the app `web`."""
    return {"appRef": {"kind": "Deployment", "name": "web", **app}, "rollout": SLOW}


async def app_of_two_containers(w: World) -> None:
    containers = [
        {"name": name, "image": f"registry.example/{name}:1"} for name in ("web", "proxy")
    ]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    selector = {"matchLabels": {"app": "web"}}
    body = {"metadata": {"name": "web"}, "spec": {"selector": selector, "template": template}}
    await w.create("deployments", body)


# --- it works ---------------------------------------------------------------------------------


async def test_what_works_says_so_condition_by_condition(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec())
        addon = await ready(w)
        found = {c["type"]: (c["status"], c["reason"]) for c in addon["status"]["conditions"]}
        assert found == {
            "Ready": ("True", "Ready"),
            "Accepted": ("True", "Accepted"),
            "AddressAssigned": ("True", "AddressAssigned"),
            "BindingPublished": ("True", "BindingPublished"),
            "WorkloadAvailable": ("True", "Available"),
            "Progressing": ("False", "RolledOut"),
            "Reconciling": ("False", "Settled"),
            "Stalled": ("False", "Settled"),
        }


async def test_an_addon_without_processes_says_that_nobody_is_served(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec(replicas=0))
        assert "spec.replicas" in await told(w, "Ready", "ScaledToZero", status="True")
        assert "spec.replicas" in await told(w, "WorkloadAvailable", "ScaledToZero")


# --- it is under way --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("does", "reason", "said"),
    [
        ("idles-1", "RollingOut", "Kubernetes starts the processes"),
        ("homeless-1", "WaitingForNode", "Insufficient memory"),
        ("unpacks-1", "PullingImage", "pulls the image"),
        ("hangs-1", "WaitingForHandshake", "600 s from its start"),
    ],
)
async def test_each_step_of_a_start_is_told_and_goes_on_by_itself(
    server: ApiServer, does: str, reason: str, said: str
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec(does, rollout=SLOW))
        assert said in await told(w, "Progressing", reason, status="True")
        assert said in await told(w, "Reconciling", reason, status="True")
        assert (await w.condition(ADDON, "Stalled"))["status"] == "False"


async def test_a_process_that_stops_to_answer_is_told(server: ApiServer) -> None:
    async with cluster(server) as (w, kubelet), operator(server.kubeconfig()):
        await w.addon(ADDON, spec("stops-1"))
        await ready(w)
        kubelet.open()
        said = await told(w, "WorkloadAvailable", "WaitingForHandshake", status="False")
        assert "has stopped to answer" in said


async def test_an_address_that_nobody_gives_is_waited_for(server: ApiServer) -> None:
    pending = {"loadBalancerClass": "example.com/none"}
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec(exposure=pending))
        said = await told(w, "AddressAssigned", "WaitingForAddress", status="False")
        assert "mqtt-tcp" in said


async def test_a_service_that_is_held_by_a_finalizer_is_told_until_it_is_made_anew(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec())
        await ready(w)
        held = {"metadata": {"finalizers": ["example.com/held"]}}
        before = await w.patch("services", "mqtt-tcp", held)
        await w.api.delete(w.path("services", "mqtt-tcp"))
        said = await told(w, "AddressAssigned", "WaitingForDeletion", status="False")
        assert "look at its finalizers" in said
        await w.patch("services", "mqtt-tcp", {"metadata": {"finalizers": None}})

        async def anew() -> bool:
            now = await w.get("services", "mqtt-tcp")
            return bool(now) and now["metadata"]["uid"] != before["metadata"]["uid"]

        await eventually(anew, "the Service is made anew")
        await ready(w)


# --- the user's spec cannot be carried out ------------------------------------------------------


async def test_a_process_type_that_the_config_map_lacks_is_told_with_those_it_has(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        lines = {"Procfile": "web: npm start\nworker: npm run work\n"}
        await w.create("configmaps", {"metadata": {"name": "lines"}, "data": lines})
        await w.addon(ADDON, spec(procfileFrom={"name": "lines"}))
        said = await told(w, "Accepted", "UnknownProcessType", status="False")
        assert "worker" in said
        assert "Procfile" in said


async def test_a_container_that_the_app_lacks_is_told_with_those_it_has(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await app_of_two_containers(w)
        await w.addon(ADDON, following(container="api"))
        said = await told(w, "Accepted", "ContainerNotFound", status="False")
        assert "web" in said
        assert "proxy" in said
        await change(w, appRef={"container": "web"})
        await told(w, "Accepted", "Accepted", status="True")


async def test_an_app_with_several_containers_is_asked_which_one(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await app_of_two_containers(w)
        await w.addon(ADDON, following())
        said = await told(w, "Accepted", "ContainerNotChosen", status="False")
        assert "spec.appRef.container" in said


async def test_what_was_stored_before_a_rule_came_is_told_with_the_rules_sentence(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _):
        definition(server, rules=False)
        ports = [{"name": name, "containerPort": port} for name, port in (("a", 7001), ("b", 7002))]
        body: dict[str, Any] = {
            "apiVersion": "tcpaddon.io/v1alpha1",
            "kind": "TcpAddon",
            "metadata": {"name": ADDON},
            "spec": spec(ports=ports),
        }

        async def taken(query: str = "") -> bool:
            code, _ = await w.api.call("POST", w.path("tcpaddons") + query, body)
            return code == 201

        await eventually(taken, "the API server has forgotten the rule")
        definition(server, rules=True)
        body["metadata"] = {"name": "another"}

        async def refused() -> bool:
            return not await taken("?dryRun=All")

        await eventually(refused, "the API server knows the rule")
        async with operator(server.kubeconfig()):
            for kind, status in (("Ready", "False"), ("Accepted", "False"), ("Stalled", "True")):
                said = await told(w, kind, "InvalidSpec", status=status)
                assert "Set binding.port to the name of the main port" in said
            await change(w, binding={"port": "a"})
            await ready(w)


def definition(server: ApiServer, *, rules: bool) -> None:
    """Apply the CRD with or without the rules for the spec."""
    (file,) = CRDS.glob("*tcpaddons.yaml")
    crd = yaml.safe_load(file.read_text())
    if not rules:
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        del schema["properties"]["spec"]["x-kubernetes-validations"]
    server.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(crd))


# --- the surroundings, and the process -----------------------------------------------------------


async def test_an_immutable_secret_is_told_until_it_is_made_anew(server: ApiServer) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        secret = {"metadata": {"name": "app-env"}, "data": {"OTHER": encoded("untouched")}}
        await w.create("secrets", {**secret, "immutable": True})
        await w.addon(ADDON, spec(binding={"secretRef": {"name": "app-env"}}))
        said = await told(w, "BindingPublished", "SecretImmutable", status="False")
        assert "without 'immutable'" in said
        await w.api.delete(w.path("secrets", "app-env"))
        await w.create("secrets", secret)
        await ready(w)


async def test_a_container_that_cannot_be_made_is_told_in_the_nodes_words(
    server: ApiServer,
) -> None:
    async with cluster(server) as (w, _), operator(server.kubeconfig()):
        await w.addon(ADDON, spec("breaks-1"))
        said = await told(w, "Ready", "CannotStart", status="False")
        assert 'secret "missing" not found' in said
        await told(w, "Stalled", "CannotStart", status="True")
