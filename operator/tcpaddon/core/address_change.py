"""The Event that tells who uses an address that it is another one now."""

from tcpaddon.core.actions import Note
from tcpaddon.core.binding import keys
from tcpaddon.core.situation import Situation
from tcpaddon.names import Reason


def address_changed(situation: Situation) -> Note | None:
    """Return the Event for the way from the URLs in the status to those of now, None for none."""
    before = {e.name: e.url for e in situation.addon.status.endpoints}
    changed = [
        (address, before[address.name])
        for address in situation.addresses
        if address.name in before and address.url != before[address.name]
    ]
    if not changed:
        return _name_leads_elsewhere(situation)
    named = {port: key for key, port in keys(situation.addon).items()}
    told = "; ".join(f"{named[a.name]} is now {a.url}, it was {old}" for a, old in changed)
    return Note(Reason.ADDRESS_CHANGED, f"{told}. {_who_uses_it(situation)}", warning=True)


def _who_uses_it(situation: Situation) -> str:
    refs, published = situation.refs, situation.publication
    app_secret = refs.app_secret if published and published.data else None
    secrets = [str(ref) for ref in (app_secret, refs.binding) if ref]
    stands = f"The new one is in {' and '.join(secrets)}, but what has read the old one keeps it"
    if refs.app is None:
        return f"{stands}: restart it."
    if situation.addon.spec.binding.restart_app:
        return f"{stands}: {refs.app} is restarted, as spec.binding.restartApp says."
    workload = f"{refs.app.kind.value.lower()}/{refs.app.name}"
    return f"{stands}: restart {refs.app} ('kubectl rollout restart {workload}')."


def _name_leads_elsewhere(situation: Situation) -> Note | None:
    """With a name of the user's own the URL stays, and its DNS record has to follow."""
    name, hosts = situation.addon.spec.exposure.hostname, situation.reach.hosts
    before = tuple(situation.addon.status.addresses)
    if not name or not hosts or not before or set(before) == set(hosts):
        return None
    return Note(
        Reason.ADDRESS_CHANGED,
        f"{name} has to lead to {', '.join(hosts)} now, it was {', '.join(before)}: change its DNS "
        "record, unless external-dns does.",
        warning=True,
    )
