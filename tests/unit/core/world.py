"""A namespace in memory that plans are carried out in: facts in, plan, facts out.

It knows just enough of server-side apply to say what the facts are after a plan. What a real API
server makes of the same applies is tested in tests/api.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Apply, Delete, GiveBack, Look, Plan
from tcpaddon.core.facts import (
    AppFact,
    BudgetFact,
    Child,
    ClaimFact,
    ConfigMapFact,
    DeploymentFact,
    Facts,
    Ingress,
    Kind,
    PodFact,
    Ref,
    Refusal,
    ReplicaSetFact,
    SecretFact,
    ServiceFact,
    UsersFact,
    Warnings,
)
from tcpaddon.core.fieldset import fingerprint_of_object
from tcpaddon.core.plan import plan
from tcpaddon.core.refs import expected_refs
from tcpaddon.names import (
    ANNOTATION_APPLIED,
    ANNOTATION_EXCLUSIVE_CLAIMS,
    ANNOTATION_REJECTED,
    ANNOTATION_REJECTED_BECAUSE,
    ANNOTATION_SECRET,
    LABEL_ADDON,
    LABEL_REVISION,
    MANAGER,
    Reason,
    uid_of_manager,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
UID = "uid-of-mqtt"
HOST = "203.0.113.7"


def addon(spec: Mapping[str, Any] | None = None, **metadata: Any) -> TcpAddon:
    """Return an addon `mqtt`; what its spec leaves out has its default."""
    named = {"name": "mqtt", "namespace": "iot", "uid": UID, "generation": 1, **metadata}
    filled = {"image": "example.com/broker:1", **(spec or {})}
    if "appRef" in filled:
        del filled["image"]
    return TcpAddon.parse({"metadata": named, "spec": filled})


def secret(name: str, keys: Sequence[str] = (), **more: Any) -> SecretFact:
    """Return a Secret of the user's."""
    base = SecretFact(
        **_head(Ref(Kind.SECRET, "iot", name), f"uid-of-{name}", None),
        keys=frozenset(keys),
        values={},
        owned={},
        marked_by=frozenset(),
        immutable=False,
    )
    return replace(base, **more)


def _head(ref: Ref, uid: str, owner: str | None) -> dict[str, Any]:
    return {
        "ref": ref,
        "uid": uid,
        "resource_version": 1,
        "addon": None,
        "owner_uid": owner,
        "applied": "",
        "fields": "",
        "deleting": False,
    }


@dataclass(slots=True)
class World:
    """The addon and everything around it; `round` carries one plan out."""

    addon: TcpAddon
    children: dict[Ref, Child] = field(default_factory=dict)
    users: dict[Ref, UsersFact] = field(default_factory=dict)
    pods: tuple[PodFact, ...] = ()
    claims: tuple[ClaimFact, ...] = ()
    foreign: frozenset[Ref] = frozenset()  # names that something else has
    bodies: dict[Ref, Mapping[str, Any]] = field(default_factory=dict)
    app_started: tuple[datetime, ...] = ()  # of the app's pods
    looks: list[str] = field(default_factory=list)
    versions: dict[str, ReplicaSetFact] = field(default_factory=dict)
    now: datetime = NOW
    status_written_at: datetime | None = None
    writes: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    _uids: int = 0
    _seen: tuple[tuple[int, AppFact | None], tuple[datetime, ...]] | None = None
    _heard: dict[str, Warnings] = field(default_factory=dict)  # by the Service's uid

    def facts(self, refusals: Mapping[Ref, Refusal] | None = None) -> Facts:
        """Gather the facts as reconcile does."""
        refs = expected_refs(self.addon)
        uid = self.addon.metadata.uid
        here = (refs.service, refs.deployment, refs.binding, refs.budget)
        app = self._users(refs.app, AppFact)
        # What was seen is remembered as long as the app stays as it is.
        known = self._seen and self._seen[0] == (self.addon.metadata.generation, app)
        service = self._child(refs.service, ServiceFact)
        return Facts(
            now=self.now,
            service=service,
            service_warnings=self._heard.get(service.uid) if service else None,
            deployment=self._child(refs.deployment, DeploymentFact),
            binding=self._child(refs.binding, SecretFact),
            budget=self._child(refs.budget, BudgetFact),
            app_secret=self._users(refs.app_secret, SecretFact),
            app=app,
            app_started=self._seen[1] if self._seen and known else None,
            procfile=self._users(refs.procfile, ConfigMapFact),
            pods=self.pods,
            strays=tuple(c for ref, c in self.children.items() if ref not in here),
            forsaken=tuple(
                held
                for ref, held in self.users.items()
                if ref not in refs.of_user
                and (uid in held.marked_by or (isinstance(held, SecretFact) and uid in held.owned))
            ),
            refusals=refusals or {},
            status_written_at=self.status_written_at,
        )

    def _child(self, ref: Ref, kind: type[Any]) -> Any:
        child = self.children.get(ref)
        return child if isinstance(child, kind) else None

    def _users(self, ref: Ref | None, kind: type[Any]) -> Any:
        fact = self.users.get(ref) if ref else None
        return fact if isinstance(fact, kind) else None

    # --- the operator ---------------------------------------------------------------------------
    def round(self) -> Plan:
        """Plan once, carry it out, and plan again for the truth where something was refused."""
        made = self._decide(self.facts())
        refusals = self.carry_out(made)
        if refusals:
            made = self._decide(self.facts(refusals))
            assert not {apply.ref for apply in made.applies} & set(refusals)
        self._write_status(made)
        return made

    def _decide(self, facts: Facts) -> Plan:
        made = plan(self.addon, facts)
        if made.looks:
            self.looks += made.looks
            if Look.APP_PODS in made.looks:
                self._seen = (self.addon.metadata.generation, facts.app), self.app_started
                facts = replace(facts, app_started=self.app_started)
            if Look.SERVICE_WARNINGS in made.looks:
                assert facts.service is not None
                heard = self._heard[facts.service.uid] = Warnings(self.now)
                facts = replace(facts, service_warnings=heard)
            versions = tuple(self.versions.values())
            seen = replace(facts, last_line="", replica_sets=versions, claims=self.claims)
            made = plan(self.addon, seen)
        assert not made.looks, "one that has been looked at is asked for again"
        return made

    def settle(self) -> Plan:
        """Go on until a round asks for nothing, or for nothing but refused writes."""
        for _ in range(10):
            made = self.round()
            if not _writes(made) and made.status is None:
                return made
        raise AssertionError(f"no end: {self.writes}")

    def carry_out(self, made: Plan) -> dict[Ref, Refusal]:
        """Carry out the writes to objects; returns the refused ones."""
        refusals: dict[Ref, Refusal] = {}
        for apply in made.applies:
            self.writes.append(f"apply {apply.ref}")
            if apply.create and (apply.ref in self.foreign or apply.ref in self.children):
                refusals[apply.ref] = Refusal(Reason.NAME_CONFLICT, "already exists")
            elif apply.manager == MANAGER:
                self._apply_child(apply)
            else:
                self._apply_to_users(apply)
        for give in made.give_backs:
            self.writes.append(f"give back {give.ref}")
            self._give_back(give)
        for restart in made.restarts:
            self.writes.append(f"restart {restart.ref}")
            app = self.users[restart.ref]
            assert isinstance(app, AppFact)
            assert restart.uid == app.uid
            self.users[restart.ref] = replace(app, restarted_at=self.now, settled=False)
        for delete in made.deletes:
            self._delete(delete)
        return refusals

    def _apply_child(self, apply: Apply) -> None:
        assert apply.force
        metadata = apply.body["metadata"]
        self.bodies[apply.ref] = apply.body
        before = self.children.get(apply.ref)
        self._uids += 1
        uid = before.uid if before else f"uid-{self._uids}"
        if before:
            assert apply.uid == uid
        head = _head(apply.ref, uid, metadata["ownerReferences"][0]["uid"])
        head["addon"] = metadata["labels"][LABEL_ADDON]
        head["applied"] = metadata["annotations"][ANNOTATION_APPLIED]
        head["fields"] = fingerprint_of_object(apply.body)
        if apply.ref.kind is Kind.SERVICE:
            kept = before.ingress if isinstance(before, ServiceFact) else ()
            selects = apply.body["spec"]["selector"].get(LABEL_REVISION, "")
            self.children[apply.ref] = ServiceFact(**head, ingress=kept, selects=selects)
        elif apply.ref.kind is Kind.DEPLOYMENT:
            made = _deployment(head, before, apply.body)
            claims = metadata["annotations"].get(ANNOTATION_EXCLUSIVE_CLAIMS)
            self.children[apply.ref] = replace(
                made,
                applied_at=self.now,
                exclusive_claims=tuple(claims.split(",")) if claims else (),
            )
            template = apply.body["spec"]["template"]
            number = len(self.versions) + 1
            self.versions[made.revision] = ReplicaSetFact(
                f"{apply.ref.name}-{number}", made.revision, number, template
            )
        elif apply.ref.kind is Kind.DISRUPTION_BUDGET:
            self.children[apply.ref] = BudgetFact(**head)
        else:
            self.children[apply.ref] = SecretFact(
                **head,
                keys=frozenset(apply.body["data"]),
                values=apply.body["data"],
                owned={},
                marked_by=frozenset(),
                immutable=False,
            )

    def _apply_to_users(self, apply: Apply) -> None:
        assert not apply.force
        assert not apply.create
        uid = uid_of_manager(apply.manager)
        fact = self.users[apply.ref]
        assert uid == self.addon.metadata.uid
        assert apply.uid == fact.uid
        self.bodies[apply.ref] = apply.body
        marked = fact.marked_by - {uid}
        if "labels" in apply.body["metadata"]:
            marked |= {uid}
        if isinstance(fact, AppFact | ConfigMapFact):
            self.users[apply.ref] = replace(fact, marked_by=marked)
            return
        before, data = fact.owned.get(uid, frozenset()), apply.body.get("data", {})
        assert not set(data) & (fact.keys - before), "a foreign key was touched"
        keys = (fact.keys - before) | set(data)
        values = {k: v for k, v in fact.values.items() if k in keys - before} | data
        owned = {**fact.owned, uid: frozenset(data)}
        written = {**fact.written, uid: self.now}
        self.users[apply.ref] = replace(
            fact, keys=keys, values=values, owned=owned, marked_by=marked, written=written
        )

    def _give_back(self, give: GiveBack) -> None:
        uid = uid_of_manager(give.manager)
        fact = self.users[give.ref]
        assert uid == self.addon.metadata.uid
        assert (give.uid, give.resource_version) == (fact.uid, fact.resource_version)
        shared_mark = fact.mark_is_shared or bool(fact.marked_by - {uid})
        assert give.mark == (uid in fact.marked_by and not shared_mark)
        marked = fact.marked_by - {uid}
        if isinstance(fact, AppFact | ConfigMapFact):
            assert not give.keys
            assert give.shared == (uid in fact.marked_by and shared_mark)
            self.users[give.ref] = replace(fact, marked_by=marked)
            return
        ours = fact.owned.get(uid, frozenset())
        others = {key for holder, of in fact.owned.items() if holder != uid for key in of}
        assert give.keys == ours - fact.shared_keys - others, "a foreign key was touched"
        assert give.shared == (give.keys != ours or (uid in fact.marked_by and shared_mark))
        self.users[give.ref] = replace(
            fact,
            keys=fact.keys - give.keys,
            values={k: v for k, v in fact.values.items() if k not in give.keys},
            owned={k: v for k, v in fact.owned.items() if k != uid},
            marked_by=marked,
        )

    def _delete(self, delete: Delete) -> None:
        self.writes.append(f"delete {delete.ref}")
        assert self.children.pop(delete.ref).uid == delete.uid

    def _write_status(self, made: Plan) -> None:
        if made.status is not None:
            self.writes.append("status")
            status = type(self.addon.status).model_validate(made.status)
            self.addon = self.addon.model_copy(update={"status": status})
            self.status_written_at = self.now
        self.events += [note.reason for note in made.events]

    # --- the others -----------------------------------------------------------------------------
    def edit(self, spec: Mapping[str, Any]) -> None:
        """The user applies another spec."""
        generation = self.addon.metadata.generation + 1
        edited = addon(spec, generation=generation, uid=self.addon.metadata.uid)
        self.addon = edited.model_copy(update={"status": self.addon.status})

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def give_address(self, host: str = HOST) -> None:
        """The load balancer has an address for every Service."""
        for ref, child in self.children.items():
            if isinstance(child, ServiceFact):
                entry = Ingress(ip=host) if host[-1].isdigit() else Ingress(hostname=host)
                self.children[ref] = replace(child, ingress=(entry,))

    def take_address(self) -> None:
        """The load balancer takes every address back."""
        for ref, child in self.children.items():
            if isinstance(child, ServiceFact):
                self.children[ref] = replace(child, ingress=())

    def start_pods(self, ready: int | None = None) -> None:
        """The Deployment's controller and the nodes have done their work.

        ready: how many answer; the others run and do not.
        """
        old, self.pods = self.pods, ()
        for ref, child in self.children.items():
            if isinstance(child, DeploymentFact):
                up = child.desired if ready is None else min(ready, child.desired)
                self.pods += tuple(
                    self._pod(child, number, ready=number < up) for number in range(child.desired)
                )
                if child.held:  # the old ones stay, but for those that may go
                    others = [pod for pod in old if pod.revision != child.revision and pod.ready]
                    self.pods += tuple(others[: child.desired - child.retired])
                self.children[ref] = replace(
                    child,
                    observed_generation=child.generation,
                    replicas=child.desired,
                    updated=child.desired,
                    ready=up,
                    available=0 if child.held else up,
                )

    def _pod(self, deployment: DeploymentFact, number: int, *, ready: bool) -> PodFact:
        version = deployment.revision.rpartition("-")[2][:4]
        ref = Ref(Kind.POD, "iot", f"{deployment.ref.name}-{version}-{number}")
        return PodFact(
            **{**_head(ref, f"uid-of-{ref.name}", None), "addon": self.addon.metadata.name},
            revision=deployment.revision,
            phase="Running",
            ready=ready,
            started=ready,
            scheduled=True,
            unschedulable="",
            started_at=self.now,
            restarts=0,
            waiting_reason="",
            waiting_message="",
            exit_code=None,
            exit_reason="",
            exit_message="",
            exited_at=None,
        )


def _deployment(
    head: dict[str, Any], before: Child | None, body: Mapping[str, Any]
) -> DeploymentFact:
    spec, annotations = body["spec"], body["metadata"]["annotations"]
    asked: dict[str, Any] = {
        "held": spec.get("minReadySeconds", 0) > 0,
        "retired": spec["strategy"].get("rollingUpdate", {}).get("maxUnavailable", 0),
        "rejected": annotations.get(ANNOTATION_REJECTED, ""),
        "rejected_because": annotations.get(ANNOTATION_REJECTED_BECAUSE, ""),
    }
    metadata = spec["template"]["metadata"]
    revision = metadata["labels"][LABEL_REVISION]
    digest = metadata.get("annotations", {}).get(ANNOTATION_SECRET, "")
    if not isinstance(before, DeploymentFact):
        return DeploymentFact(
            **head,
            generation=1,
            observed_generation=0,
            revision=revision,
            desired=spec["replicas"],
            replicas=0,
            ready=0,
            updated=0,
            available=0,
            failure="",
            **asked,
            secret=digest,
        )
    kept = replace(before, **head, **asked)
    return replace(
        kept,
        generation=before.generation + 1,
        revision=revision,
        secret=digest,
        desired=spec["replicas"],
        updated=before.updated if revision == before.revision else 0,
    )


def _writes(made: Plan) -> bool:
    return bool(made.applies or made.give_backs or made.deletes or made.restarts)
