"""The health endpoints tell the truth about the watches."""

import pytest

from tcpaddon import main
from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.wire import Wire
from tests.worlds import world


async def test_a_watch_that_hears_nothing_any_more_makes_the_operator_not_ready(
    apiserver: ApiServer, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig(port=wire.port)) as op:
        await w.addon("mqtt", {"image": "registry.example/broker:1"})
        await eventually(lambda: w.is_ready("mqtt"), "the operator serves")

        async def ready() -> bool:
            return op.what_is_not_ready() == []

        await eventually(ready, "it is ready")
        # So that the test need not wait two minutes: the age of a watch is what counts.
        monkeypatch.setattr(main, "WATCH_SILENT_AFTER", 0.5)
        wire.freeze()

        async def told() -> bool:
            return any("Service: no word from the API server" in w for w in op.what_is_not_ready())

        await eventually(told, "the silent watch is told")
        assert op.what_is_dead() == [], "a cluster that cannot be reached is no reason to restart"
        monkeypatch.undo()
        wire.mend()
        await eventually(ready, "it is ready again")
