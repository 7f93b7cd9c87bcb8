"""Reads tests/unit/cases: one file is one behaviour of `plan`, as comment, input and expected plan.

`python -m tests.unit.core.cases` writes the expected part of every file anew (below `plan:`), for
a diff to be read. In the input, a child is `as: wanted` (just as the plan would apply it),
`outdated` (applied from another spec), `drifted` (somebody took a field), `foreign`,
`predecessor` (of an earlier TcpAddon of the name), `ownerless` or `deleting`. A stray is "KIND
NAME", with ", copied" behind it where it is a user's copy of a child. `atRest: true` stores the
status that these facts lead to before planning; `before:` that of other facts, some `secondsAgo`.
`show:` names the objects whose body is printed in full.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.actions import Apply, GiveBack, Plan
from tcpaddon.core.facts import (
    AppContainer,
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
    Warned,
    Warnings,
)
from tcpaddon.core.plan import plan
from tcpaddon.core.refs import expected_refs
from tcpaddon.core.situation import Situation, assess
from tcpaddon.names import LABEL_REVISION
from tests.unit.core.world import NOW, UID, addon, secret

FOLDER: Final = Path(__file__).parents[1] / "cases"
_MARK: Final = "\nplan:"
Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One file."""

    path: Path
    head: str  # the text above `plan:`
    input: Input

    @property
    def expected(self) -> Any:
        """Return the expected plan as it stands in the file."""
        return yaml.safe_load(self.path.read_text())["plan"]

    def actual(self) -> Any:
        """Plan, and write the plan in the form of the files."""
        stored, facts = given(self.input)
        return shown(plan(stored, facts), self.input.get("show", ()))


def load(path: Path) -> Case:
    """Read a file; the plan may be missing."""
    head, _, _ = path.read_text().partition(_MARK)
    return Case(path=path, head=head.rstrip(), input=yaml.safe_load(head))


def paths() -> list[Path]:
    """List the files."""
    return sorted(FOLDER.glob("*.yaml"))


def main() -> None:
    """Write the expected part of every file anew."""
    for path in paths():
        case = load(path)
        text = yaml.dump(
            {"plan": case.actual()},
            Dumper=_Dumper,
            sort_keys=False,
            width=100_000,
            allow_unicode=True,
        )
        path.write_text(f"{case.head}\n\n{text}")


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


# --- input ----------------------------------------------------------------------------------------


def given(case: Input) -> tuple[TcpAddon, Facts]:
    """Build the addon and the facts of a case."""
    made = addon(case["addon"].get("spec"), **case["addon"].get("metadata", {}))
    known = type(made.status).model_validate(case["addon"].get("status", {}))
    made = made.model_copy(update={"status": known})
    if "before" in case:
        then = NOW - timedelta(seconds=case["before"].get("secondsAgo", 60))
        earlier = replace(_facts(made, case["before"]), now=then)
        status = type(made.status).model_validate(plan(made, earlier).status)
        made = made.model_copy(update={"status": status})
    facts = _facts(made, case.get("facts") or {})
    if case.get("atRest"):
        status = type(made.status).model_validate(plan(made, facts).status)
        made = made.model_copy(update={"status": status})
    return made, facts


def _facts(made: TcpAddon, say: Input) -> Facts:
    refs = expected_refs(made)
    facts = Facts(
        now=NOW,
        app_secret=_app_secret(refs.app_secret, say.get("appSecret")),
        app=_app(refs.app, say.get("app")),
        app_is_of=say.get("appIsOf"),
        procfile=_procfile(refs.procfile, say.get("configMap")),
        strays=tuple(_stray(text) for text in say.get("strays", ())),
        forsaken=tuple(
            secret(
                name, ["TCP_URL"], owned={UID: frozenset({"TCP_URL"})}, marked_by=frozenset({UID})
            )
            for name in say.get("forsaken", ())
        ),
        refusals={_ref(text): Refusal(**words) for text, words in say.get("refusals", {}).items()},
        secret_is_contested=say.get("secretIsContested", False),
        app_started=_starts(say.get("appPodsStartedSecondsAgo")),
        status_written_at=NOW - timedelta(seconds=say.get("statusWrittenSecondsAgo", 60)),
        claims=_claims(say.get("claims")),
        last_line=say.get("lastLine"),
        replica_sets=_replica_sets(say.get("replicaSets")),
        cluster_networks=tuple(say.get("clusterNetworks", ())),
        service_warnings=_warnings(say.get("serviceWarnings")),
    )
    revision = (say.get("deployment") or {}).get("revision", "")
    pods = tuple(_pod(index, pod, revision) for index, pod in enumerate(say.get("pods", ())))
    facts = replace(facts, pods=pods)
    # One after the other: the address decides about the binding, and all about the Deployment.
    if "service" in say:
        service = ServiceFact(
            **_head(refs.service),
            ingress=tuple(_ingress(**entry) for entry in say["service"]["ingress"]),
            selects=say["service"].get("selects", ""),
            families=tuple(say["service"].get("families", ("IPv4",))),
        )
        facts = replace(facts, service=service)
        service = _as(say["service"], service, assess(made, facts), "service")
        facts = replace(facts, service=service)
    if "binding" in say:
        bound = secret(refs.binding.name, addon=made.metadata.name, owner_uid=UID)
        bound = _as(say["binding"], bound, assess(made, facts), "binding")
        facts = replace(facts, binding=bound)
    if "deployment" in say:
        facts = _with_deployment(made, facts, say["deployment"])
    if "budget" in say:
        there = BudgetFact(**_head(refs.budget))
        there = _as(say["budget"], there, assess(made, replace(facts, budget=there)), "budget")
        facts = replace(facts, budget=there)
    revision = facts.deployment.revision if facts.deployment else ""
    pods = tuple(_pod(index, pod, revision) for index, pod in enumerate(say.get("pods", ())))
    return replace(facts, pods=pods)


def _ingress(ip: str = "", hostname: str = "", failed: Input | None = None) -> Ingress:
    return Ingress(
        ip=ip, hostname=hostname, failed=tuple((int(p), e) for p, e in (failed or {}).items())
    )


def _warnings(say: Input | None) -> Warnings | None:
    if say is None:
        return None
    said = tuple(
        Warned(each["reason"], each["note"], NOW - timedelta(seconds=each.get("secondsAgo", 0)))
        for each in say["said"]
    )
    return Warnings(NOW - timedelta(seconds=say.get("secondsAgo", 0)), said)


def _with_deployment(made: TcpAddon, facts: Facts, say: Input) -> Facts:
    counts = {name: say.get(name, 0) for name in ("replicas", "ready", "updated", "available")}
    live = DeploymentFact(
        **_head(expected_refs(made).deployment),
        generation=2,
        observed_generation=2,
        revision=say.get("revision", ""),
        desired=say.get("desired", made.spec.replicas),
        failure=say.get("failure", ""),
        exclusive_claims=tuple(say.get("exclusiveClaims", ())),
        secret=say.get("secret", ""),
        image=say.get("image", ""),
        held=say.get("held", False),
        retired=say.get("retired", 0),
        applied_at=NOW - timedelta(seconds=say.get("applied_at", 60)),
        **counts,
    )
    facts = replace(facts, deployment=live)
    situation = assess(made, facts)
    if "revision" not in say and situation.template:
        live = replace(live, revision=situation.template.revision)
    live = _as(say, live, assess(made, replace(facts, deployment=live)), "deployment")
    return replace(facts, deployment=live)


def _as(say: Input, child: Any, situation: Situation, name: str) -> Any:
    how = say.get("as", "wanted")
    wanted = getattr(situation, name)
    if wanted is not None:
        _, _, fields = wanted.applied.rpartition(".")
        child = replace(child, applied=wanted.applied, fields=fields)
    change: Mapping[str, Mapping[str, Any]] = {
        "wanted": {},
        "outdated": {"applied": "0000000000000000.0000000000000000"},
        "drifted": {"fields": "1111111111111111"},
        "foreign": {"addon": None, "owner_uid": None},
        "predecessor": {"owner_uid": "uid-of-an-earlier-mqtt"},
        "ownerless": {"owner_uid": None},
        "deleting": {"deleting": True},
    }
    return replace(child, **change[how])


def _head(ref: Ref) -> dict[str, Any]:
    return {
        "ref": ref,
        "uid": f"uid-of-{ref.kind.value.lower()}",
        "resource_version": 1,
        "addon": "mqtt",
        "owner_uid": UID,
        "applied": "",
        "fields": "",
        "deleting": False,
    }


def _app_secret(ref: Ref | None, say: Input | None) -> SecretFact | None:
    if ref is None or say is None:
        return None
    holders = {holder: frozenset(keys) for holder, keys in say.get("owned", {}).items()}
    owned = {UID if holder == "us" else holder: keys for holder, keys in holders.items()}
    return secret(
        ref.name,
        say.get("keys", ()),
        values=say.get("values", {}),
        owned=owned,
        marked_by=frozenset({UID}) if say.get("marked") else frozenset(),
        immutable=say.get("immutable", False),
        addon=say.get("of"),
        users_digest=say.get("digest", "d1"),
        writer=say.get("writer", ""),
        written={UID: NOW - timedelta(seconds=say.get("writtenSecondsAgo", 30))},
    )


def _app(ref: Ref | None, say: Input | None) -> AppFact | None:
    if ref is None or say is None:
        return None
    head = {**_head(ref), "addon": None, "owner_uid": None, "uid": "uid-of-the-app"}
    return AppFact(
        **head,
        containers=tuple(AppContainer(**container) for container in say["containers"]),
        default_container=say.get("defaultContainer", ""),
        pod_fields=say.get("podFields", {}),
        marked_by=frozenset({UID}) if say.get("marked") else frozenset(),
        settled=say.get("settled", True),
        restarted_at=_ago(say.get("restartedSecondsAgo")),
    )


def _ago(seconds: float | None) -> datetime | None:
    return None if seconds is None else NOW - timedelta(seconds=seconds)


def _starts(seconds: Sequence[float] | None) -> tuple[datetime, ...] | None:
    return None if seconds is None else tuple(NOW - timedelta(seconds=each) for each in seconds)


def _procfile(ref: Ref | None, say: Input | None) -> ConfigMapFact | None:
    if ref is None or say is None:
        return None
    head = {**_head(ref), "addon": None, "owner_uid": None, "uid": "uid-of-the-config-map"}
    return ConfigMapFact(
        **head,
        keys=frozenset({*say.get("texts", ()), *say.get("keys", ())}),
        texts=say.get("texts", {}),
        marked_by=frozenset({UID}) if say.get("marked") else frozenset(),
    )


def _replica_sets(say: Input | None) -> tuple[ReplicaSetFact, ...] | None:
    if say is None:
        return None
    return tuple(
        ReplicaSetFact(
            name=f"mqtt-tcp-{number}",
            revision=revision,
            number=number,
            template={
                "metadata": {"labels": {LABEL_REVISION: revision}},
                "spec": {"containers": [{"name": "tcp", "image": image}]},
            },
        )
        for number, (revision, image) in enumerate(say.items(), start=1)
    )


def _claims(say: Input | None) -> tuple[ClaimFact, ...] | None:
    if say is None:
        return None
    return tuple(ClaimFact(name, tuple(modes)) for name, modes in say.items())


def _stray(text: str) -> Child:
    text, _, copied = text.partition(", ")
    return Child(**{**_head(_ref(text)), "fields": "" if copied else "2222222222222222"})


def _pod(index: int, say: Input, revision: str) -> PodFact:
    ports = tuple(say.get("ports", {}).items())
    return pod(name=f"mqtt-tcp-{index}", **{"revision": revision, **say, "ports": ports})


def pod(name: str = "mqtt-tcp-0", **say: Any) -> PodFact:
    """Return a pod that was just made; times are given as seconds before now."""
    fields: dict[str, Any] = {
        "revision": "",
        "phase": "Pending",
        "ready": False,
        "scheduled": True,
        "unschedulable": "",
        "started_at": None,
        "restarts": 0,
        "waiting_reason": "",
        "waiting_message": "",
        "exit_code": None,
        "exit_reason": "",
        "exit_message": "",
        "exited_at": None,
        "exit_started_at": None,
    }
    for key, value in say.items():
        is_time = key.endswith("_at") and value is not None
        fields[key] = NOW - timedelta(seconds=value) if is_time else value
    return PodFact(**_head(Ref(Kind.POD, "iot", name)), **fields)


def _ref(text: str) -> Ref:
    kind, _, name = text.partition(" ")
    return Ref(Kind(kind), "iot", name)


# --- expected -------------------------------------------------------------------------------------


def shown(made: Plan, show: Any) -> Any:
    """Write a plan in the form of the files."""
    if made.looks:
        return {"looks": sorted(look.value for look in made.looks)}
    out: dict[str, Any] = {"applies": [_line(apply) for apply in made.applies]}
    if made.give_backs:
        out["giveBacks"] = [_given(give) for give in made.give_backs]
    bodies = {str(a.ref): dict(a.body) for a in made.applies if str(a.ref) in show}
    if bodies:
        out["bodies"] = yaml.safe_load(yaml.safe_dump(_plain(bodies)))
    out["deletes"] = [f"{delete.ref}, uid {delete.uid}" for delete in made.deletes]
    if made.restarts:
        out["restarts"] = [f"{each.ref}, uid {each.uid}, at {each.at}" for each in made.restarts]
    if made.looks:
        out["looks"] = sorted(look.value for look in made.looks)
    out["status"] = None if made.status is None else _status(made.status)
    out["events"] = [
        f"{'Warning' if note.warning else 'Normal'} {note.reason}: {note.message}"
        for note in made.events
    ]
    out["checkAgainAfter"] = made.check_again_after
    return out


def _line(apply: Apply) -> str:
    words = [str(apply.ref), f"as {apply.manager}"]
    words += ["create"] if apply.create else []
    words += ["force"] if apply.force else []
    words += [f"uid {apply.uid}"] if apply.uid else []
    return ", ".join(words)


def _given(give: GiveBack) -> str:
    mark = ", the mark" if give.mark else ""
    shared = ", the rest is others' too" if give.shared else ""
    taken = f"{give.ref}, as {give.manager}, uid {give.uid}, keys {sorted(give.keys)}{mark}"
    return f"{taken}, version {give.resource_version}{shared}"


def _status(status: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: value for key, value in status.items() if key != "conditions"}
    out["conditions"] = {
        c["type"]: f"{c['status']} {c['reason']}: {c['message']}" for c in status["conditions"]
    }
    return dict(_plain(out))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


if __name__ == "__main__":
    main()
