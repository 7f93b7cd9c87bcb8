"""Names the objects that an addon leads to, so that their facts can be gathered."""

from dataclasses import dataclass

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.facts import Kind, Ref
from tcpaddon.names import binding_name, child_name


@dataclass(frozen=True, slots=True)
class ExpectedRefs:
    """The children of an addon, and the user's objects that it names."""

    service: Ref
    deployment: Ref
    binding: Ref
    budget: Ref
    app_secret: Ref | None
    app: Ref | None
    procfile: Ref | None

    @property
    def of_user(self) -> tuple[Ref, ...]:
        """The user's objects among them."""
        return tuple(ref for ref in (self.app_secret, self.app, self.procfile) if ref)


def expected_refs(addon: TcpAddon) -> ExpectedRefs:
    """Name the objects that the addon's spec leads to."""
    spec, namespace = addon.spec, addon.metadata.namespace
    child = child_name(addon.metadata.name, spec.process_type)
    secret, app, procfile = spec.binding.secret_ref, spec.app_ref, spec.procfile_from
    return ExpectedRefs(
        service=Ref(Kind.SERVICE, namespace, child),
        deployment=Ref(Kind.DEPLOYMENT, namespace, child),
        binding=Ref(Kind.SECRET, namespace, binding_name(addon.metadata.name, spec.process_type)),
        budget=Ref(Kind.DISRUPTION_BUDGET, namespace, child),
        app_secret=Ref(Kind.SECRET, namespace, secret.name) if secret else None,
        app=Ref(Kind(app.kind.value), namespace, app.name) if app else None,
        procfile=Ref(Kind.CONFIG_MAP, namespace, procfile.name) if procfile else None,
    )
