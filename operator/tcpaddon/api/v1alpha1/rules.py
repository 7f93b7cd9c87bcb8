"""The rules between an addon's fields, each with the sentence that the user reads."""

from typing import Final

from tcpaddon.api.marks import Rule
from tcpaddon.api.v1alpha1.spec import MAX_NAME, AppKind, Launcher, TcpAddonSpec
from tcpaddon.names import binding_name, child_name

MAX_ADDON_NAME: Final = 50  # characters; design.md


def _mounts_have_volumes(spec: TcpAddonSpec) -> bool:
    # With appRef the app's volumes are there as well.
    volumes = {volume.get("name") for volume in spec.volumes}
    return spec.app_ref is not None or all(m.get("name") in volumes for m in spec.volume_mounts)


SPEC_RULES: Final = (
    Rule(
        cel="has(self.image) != has(self.appRef)",
        message=(
            "Set exactly one of image and appRef: image to run an image of your own choice, "
            "appRef to follow the image of an app."
        ),
        holds=lambda spec: (spec.image is None) != (spec.app_ref is None),
    ),
    Rule(
        cel="!has(self.procfile) || (!has(self.command) && !has(self.args))",
        message=(
            "Leave out command and args where there is a procfile: its line of processType "
            "is the command."
        ),
        holds=lambda spec: spec.procfile is None or (spec.command is None and spec.args is None),
        at=".procfile",
    ),
    Rule(
        cel=(
            "!has(self.procfileFrom) || "
            "(!has(self.procfile) && !has(self.command) && !has(self.args))"
        ),
        message=(
            "Leave out procfile, command and args where there is procfileFrom: the command is its "
            "line of processType."
        ),
        holds=lambda spec: (
            spec.procfile_from is None
            or (spec.procfile is None and spec.command is None and spec.args is None)
        ),
        at=".procfileFrom",
    ),
    Rule(
        cel="self.launcher != 'Buildpack' || (!has(self.command) && !has(self.args))",
        message=(
            "Leave out command and args with launcher Buildpack, which knows the command of "
            "processType, or set launcher to Image."
        ),
        holds=lambda spec: (
            spec.launcher is not Launcher.BUILDPACK or (spec.command is None and spec.args is None)
        ),
        at=".launcher",
    ),
    # The operator says the same with the types that are there; so it is no rule for Python.
    Rule(
        cel=(
            r"!has(self.procfile) || self.procfile.matches(r'(^|[\n\r\x{feff}])[ \t]*' + "
            r"self.processType + r'[ \t]*:')"
        ),
        message=(
            "The procfile has no line for processType: add a line '<processType>: <command>', "
            "or set processType to one that it has."
        ),
        at=".processType",
    ),
    Rule(
        cel="!has(self.ports) || self.ports.size() < 2 || has(self.binding.port)",
        message="Set binding.port to the name of the main port, since there are several ports.",
        holds=lambda spec: len(spec.ports) == 1 or spec.binding.port is not None,
        at=".binding.port",
    ),
    Rule(
        cel=(
            "!has(self.binding.port) || (has(self.ports) ? "
            "self.ports.exists(port, port.name == self.binding.port) "
            ": self.binding.port == 'tcp')"
        ),
        message="Set binding.port to the name of one of the ports.",
        holds=lambda spec: (
            spec.binding.port is None or any(port.name == spec.binding.port for port in spec.ports)
        ),
        at=".binding.port",
    ),
    Rule(
        cel="!self.rollout.restartOnSecretChange || has(self.binding.secretRef)",
        message=(
            "Set binding.secretRef: it names the Secret a change of which rollout."
            "restartOnSecretChange follows."
        ),
        holds=lambda spec: (
            not spec.rollout.restart_on_secret_change or spec.binding.secret_ref is not None
        ),
        at=".rollout.restartOnSecretChange",
    ),
    Rule(
        cel="!self.binding.restartApp || (has(self.appRef) && has(self.binding.secretRef))",
        message=(
            "Set appRef and binding.secretRef, or leave out binding.restartApp: it restarts that "
            "app when the URL is written into that Secret."
        ),
        holds=lambda spec: (
            not spec.binding.restart_app
            or (spec.app_ref is not None and spec.binding.secret_ref is not None)
        ),
        at=".binding.restartApp",
    ),
    Rule(
        cel=(
            "has(self.appRef) || !has(self.volumeMounts) || self.volumeMounts.all(mount, "
            "has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name))"
        ),
        message="Add a volume for each of volumeMounts: one names a volume that is not in volumes.",
        holds=_mounts_have_volumes,
        at=".volumeMounts",
    ),
)

_LONG_NAME = Rule(
    cel=f"self.metadata.name.size() <= {MAX_ADDON_NAME}",
    message=(
        f"Choose a name of at most {MAX_ADDON_NAME} characters, "
        "since the names of Service and Deployment begin with it."
    ),
    holds=lambda addon: len(addon.metadata.name) <= MAX_ADDON_NAME,
)

# On the root, where metadata.name can be seen.
NAME_RULES: Final = (
    _LONG_NAME,
    Rule(
        cel="self.metadata.name.matches('^[a-z][^.]*$')",
        message=(
            "Choose a name that begins with a letter and has no dots, "
            "since the Service's name begins with it."
        ),
        holds=lambda addon: (
            "a" <= addon.metadata.name[:1] <= "z" and "." not in addon.metadata.name
        ),
    ),
    Rule(
        cel=(
            f"self.metadata.name.size() > {MAX_ADDON_NAME} || "
            f"self.metadata.name.size() + self.spec.processType.size() < {MAX_NAME}"
        ),
        message=(
            "Choose a shorter name or processType: together they may have "
            f"{MAX_NAME - 1} characters, since the Service is named <name>-<processType>."
        ),
        holds=lambda addon: (
            len(addon.metadata.name) > MAX_ADDON_NAME
            or len(child_name(addon.metadata.name, addon.spec.process_type)) <= MAX_NAME
        ),
        at=".spec.processType",
    ),
    Rule(
        cel=(
            "!has(self.spec.appRef) || self.spec.appRef.kind != 'Deployment' || "
            "self.spec.appRef.name != self.metadata.name + '-' + self.spec.processType"
        ),
        message=(
            "Set appRef to the app itself: Deployment <name>-<processType> is the one that this "
            "addon makes."
        ),
        holds=lambda addon: (
            addon.spec.app_ref is None
            or addon.spec.app_ref.kind is not AppKind.DEPLOYMENT
            or addon.spec.app_ref.name != child_name(addon.metadata.name, addon.spec.process_type)
        ),
        at=".spec.appRef.name",
    ),
    Rule(
        cel=(
            "!has(self.spec.binding.secretRef) || self.spec.binding.secretRef.name != "
            "self.metadata.name + '-' + self.spec.processType + '-binding'"
        ),
        message=(
            "Set binding.secretRef to the app's own Secret: <name>-<processType>-binding is the "
            "one that this addon makes."
        ),
        holds=lambda addon: (
            addon.spec.binding.secret_ref is None
            or addon.spec.binding.secret_ref.name
            != binding_name(addon.metadata.name, addon.spec.process_type)
        ),
        at=".spec.binding.secretRef.name",
    ),
)
