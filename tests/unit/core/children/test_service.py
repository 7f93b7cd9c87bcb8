"""The Service: that both versions can be reached by it while one replaces the other."""

from collections.abc import Mapping

import pytest

from tcpaddon.core.children.service import service
from tests.unit.core.cases import pod
from tests.unit.core.world import addon


@pytest.mark.parametrize(
    ("versions", "target"),
    [
        ([], "mqtt"),
        ([{"mqtt": 1883}], "mqtt"),
        ([{"mqtt": 5000}, {"mqtt": 1883}], "mqtt"),  # another containerPort
        ([{"tcp": 1883}], 1883),  # another name: the new version is not there yet,
        ([{"tcp": 1883}, {"mqtt": 1883}], 1883),  # and comes
        ([{"tcp": 5000}], "mqtt"),  # another port: the old version does not have it
        ([{}], "mqtt"),
    ],
)
def test_all_pods_of_both_versions_are_reached(
    versions: list[Mapping[str, int]], target: str | int
) -> None:
    made = addon({"ports": [{"name": "mqtt", "containerPort": 1883}]})
    pods = [pod(ports=tuple(ports.items())) for ports in versions]
    assert service(made, pods).body["spec"]["ports"][0]["targetPort"] == target
