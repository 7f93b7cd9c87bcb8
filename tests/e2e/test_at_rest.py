"""What an addon costs that nobody touches, while all the other tests run beside it."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.conftest import AtRest
from tests.e2e.site import Site, condition, moment

WINDOW = timedelta(minutes=5)


@pytest.mark.timeout(600)
def test_an_untouched_addon_costs_no_request_for_five_minutes(site: Site, at_rest: AtRest) -> None:
    """Watches and the lease apart; counted in the API server's audit log.

    Meanwhile the operator was killed, upgraded and uninstalled, where those tests were run: to find
    an addon in its desired state costs a new operator nothing either.
    """
    # Most of the window lies in the past already; what is missing is waited for.
    missing = at_rest.settled + WINDOW - datetime.now(UTC)
    time.sleep(max(0.0, missing.total_seconds()))
    for name in ("echo", "follower"):
        addon = site.get(at_rest.namespace, "tcpaddon", name)
        assert condition(addon, "Ready")["status"] == "True", site.account(at_rest.namespace, name)
    assert site.requests(at_rest.namespace), "the audit log knows nothing of this namespace"
    later = [r for r in site.requests(at_rest.namespace) if moment(r) > at_rest.settled]
    assert [f"{r['verb']} {r['objectRef']['resource']}" for r in later] == []
