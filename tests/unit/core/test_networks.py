"""core/networks.py: who may connect beside those whom the user lets in."""

import pytest

from tcpaddon.api.v1alpha1 import Exposure
from tcpaddon.core.networks import covering, let_in, shuts_cluster_out


@pytest.mark.parametrize(
    ("nodes", "cover"),
    [
        ([], ()),
        (["10.244.0.0/24"], ("10.244.0.0/24",)),
        (["10.244.0.0/24", "10.244.1.0/24"], ("10.244.0.0/23",)),
        (["10.244.9.0/24", "10.244.0.0/24"], ("10.244.0.0/20",)),
        # Two ranges far apart: what lies between is not the cluster's.
        (["10.244.0.0/24", "10.4.0.0/24", "10.4.3.0/24"], ("10.4.0.0/22", "10.244.0.0/24")),
        # Neighbours may grow together, since nothing lies between.
        (["10.244.0.0/16", "10.245.0.0/16"], ("10.244.0.0/15",)),
        (["10.244.0.0/15", "10.245.7.0/24"], ("10.244.0.0/15",)),
        (
            ["10.244.0.0/24", "fd00:10:1::/64", "fd00:10:1:8::/64"],
            ("10.244.0.0/24", "fd00:10:1::/60"),
        ),
        (["fd00:10:1::/64", "10.244.0.0/24"], ("fd00:10:1::/64", "10.244.0.0/24")),
    ],
)
def test_the_nodes_networks_are_covered_by_few(nodes: list[str], cover: tuple[str, ...]) -> None:
    assert covering(nodes) == cover
    assert covering([*cover, *nodes]) == cover  # a list that is read again changes nothing


def exposure(*ranges: str, policy: str = "SingleStack") -> Exposure:
    return Exposure.model_validate({"sourceRanges": list(ranges), "ipFamilyPolicy": policy})


def test_without_ranges_everybody_may_connect_and_no_network_is_named() -> None:
    assert let_in(exposure(), ["10.244.0.0/16"]) == ()


def test_networks_that_a_range_covers_are_not_named_again() -> None:
    assert let_in(exposure("10.0.0.0/8"), ["10.244.0.0/16"]) == ("10.0.0.0/8",)


def test_a_service_of_one_family_gets_the_networks_of_the_main_one() -> None:
    both = ["fd00:10::/56", "10.244.0.0/16"]
    assert let_in(exposure("192.0.2.0/24"), both) == ("192.0.2.0/24", "fd00:10::/56")
    two = exposure("192.0.2.0/24", policy="PreferDualStack")
    assert let_in(two, both) == ("192.0.2.0/24", *both)


@pytest.mark.parametrize(
    ("ranges", "cluster", "shut"),
    [
        ([], [], False),
        (["192.0.2.0/24"], [], True),
        (["192.0.2.0/24"], ["10.244.0.0/16"], False),
        (["0.0.0.0/0"], [], False),
    ],
)
def test_the_cluster_is_shut_out_by_ranges_where_its_networks_are_not_known(
    ranges: list[str], cluster: list[str], *, shut: bool
) -> None:
    assert shuts_cluster_out(exposure(*ranges), cluster) is shut
