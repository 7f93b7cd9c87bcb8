"""Version 1 of the pod template. Released versions stay as they are: see `pod_template`."""

from collections.abc import Mapping
from typing import Any

from tcpaddon.core.children.binding_secret import URI_KEY
from tcpaddon.core.children.merge import by_key, environment, host_aliases
from tcpaddon.core.launch import Launch, Start, launch
from tcpaddon.names import LABEL_ADDON, LABEL_PROCESS, port_suffix

Data = Mapping[str, Any]
_NONE: Data = {}
_NODE, _ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def pod_spec(inputs: Data) -> dict[str, Any]:
    """Return the pod's spec for the inputs that `pod_template` collects."""
    own, app = inputs.get("pod", _NONE), inputs.get("appPod", _NONE)
    merged = {
        **app,
        **own,
        "volumes": by_key("name", app.get("volumes", ()), own.get("volumes", ())),
        "imagePullSecrets": by_key(
            "name", app.get("imagePullSecrets", ()), own.get("imagePullSecrets", ())
        ),
        "hostAliases": host_aliases(app.get("hostAliases", ())),
        "affinity": _apart(inputs, own.get("affinity") or app.get("affinity") or _NONE),
        "topologySpreadConstraints": _spread(inputs),
    }
    # The grace period begins with the preStop hook, not with SIGTERM.
    grace = inputs.get("preStopSeconds", 0) + inputs["drainSeconds"]
    return {
        "containers": [_container(inputs)],
        "terminationGracePeriodSeconds": grace,
        **_set_only(merged),
    }


def _spread(inputs: Data) -> list[Data]:
    """Return how the pods are spread over nodes, so that the loss of one does not end them all.

    It is only wished for: a process beside another is better than none. And it is there for a
    single process too, so that a second one rolls nobody.
    """
    given = inputs.get("topologySpread")
    if given is not None:
        ours = _of_this_version(inputs)
        return [own if "labelSelector" in own else {**ours, **own} for own in given["constraints"]]
    evenly = {"maxSkew": 1, "topologyKey": _NODE, "whenUnsatisfiable": "ScheduleAnyway"}
    return [{**evenly, **_of_this_version(inputs)}]


def _apart(inputs: Data, affinity: Data) -> Data:
    """Add to an affinity that pods are rather in different zones, unless it speaks of that.

    Not by a spread constraint: where a node lacks the label of one, the scheduler heeds none.
    """
    if "topologySpread" in inputs or "podAntiAffinity" in affinity:
        return affinity
    term = {"topologyKey": _ZONE, **_of_this_version(inputs)}
    wish = {"weight": 100, "podAffinityTerm": term}
    return {
        **affinity,
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]},
    }


def _of_this_version(inputs: Data) -> Data:
    """Select the pods of the same version, for those of the one before are about to go."""
    labels = {LABEL_ADDON: inputs["addon"], LABEL_PROCESS: inputs["processType"]}
    return {
        "labelSelector": {"matchLabels": labels},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _container(inputs: Data) -> dict[str, Any]:
    started = launch(
        Start(
            process_type=inputs["processType"],
            of_buildpack=inputs.get("buildpack", False),
            command=tuple(inputs.get("command", ())),
            args=tuple(inputs.get("args", ())),
            line=inputs.get("line"),
        )
    )
    own, app = inputs.get("container", _NONE), inputs.get("appContainer", _NONE)
    merged = {
        **app,
        **own,
        "env": _environment(inputs, started),
        # Later ones win in a container, so the addon's stand last.
        "envFrom": [*app.get("envFrom", ()), *own.get("envFrom", ())],
        "volumeMounts": by_key("mountPath", _mounts(inputs), own.get("volumeMounts", ())),
        "command": list(started.command or ()),
        "args": list(started.args or ()),
    }
    handshake = {"tcpSocket": {"port": _main_port(inputs)}}
    container = {
        "name": inputs["processType"],
        "image": inputs["image"],
        "ports": [{**port, "protocol": "TCP"} for port in inputs["ports"]],
        # A handshake a second from the start; with the last failed one the boot has failed.
        "startupProbe": {
            **handshake,
            "periodSeconds": 1,
            "timeoutSeconds": 1,
            "failureThreshold": inputs["startupTimeoutSeconds"],
        },
        "readinessProbe": {**handshake, **inputs["readiness"]},
        # A crash then leaves its last words in the pod's status, and we tell them.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **_set_only(merged),
    }
    if inputs.get("preStopSeconds"):
        # Load balancers hear of it before the process does.
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": inputs["preStopSeconds"]}}}
    return container


def _mounts(inputs: Data) -> list[Data]:
    """Return the app's mounts, without those whose volume this pod does not have.

    The volumes of a StatefulSet's volumeClaimTemplates are each one pod's own: a process beside
    those pods has none of them, and a mount without its volume would be refused. Who wants
    something there gives spec.volumes one of the same name.
    """
    pods = (inputs.get("appPod", _NONE), inputs.get("pod", _NONE))
    there = {volume["name"] for pod in pods for volume in pod.get("volumes", ())}
    mounts = inputs.get("appContainer", _NONE).get("volumeMounts", ())
    return [mount for mount in mounts if mount["name"] in there]


def _set_only(fields: Data) -> dict[str, Any]:
    # False is set: automountServiceAccountToken and enableServiceLinks mean something by it.
    return {name: value for name, value in fields.items() if value is False or value}


def _main_port(inputs: Data) -> int:
    ports = {port["name"]: port["containerPort"] for port in inputs["ports"]}
    number: int = ports[inputs["mainPort"]]
    return number


def _environment(inputs: Data, started: Launch) -> list[Data]:
    ours: list[Data] = [{"name": "PORT", "value": str(_main_port(inputs))}]
    if len(inputs["ports"]) > 1:
        ours += [
            {"name": f"PORT_{port_suffix(port['name'])}", "value": str(port["containerPort"])}
            for port in inputs["ports"]
        ]
    reference = {"name": inputs["bindingSecret"], "key": URI_KEY, "optional": True}
    ours.append({"name": inputs["urlKey"], "valueFrom": {"secretKeyRef": reference}})
    own = inputs.get("container", _NONE).get("env", ())
    # The app's PORT is where its web process listens: ours wins over the app's, the user's over
    # ours, and what stands before the command on its line over all, as in a shell.
    line = [{"name": name, "value": value} for name, value in started.env]
    app = inputs.get("appContainer", _NONE).get("env", ())
    names = {variable["name"] for variable in ours}
    return environment(ours, [v for v in app if v["name"] not in names], own, line)
