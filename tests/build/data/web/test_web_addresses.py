from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.data.web.addresses import parse_networks, refusal_of
from undercut.core.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "::127.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2002:7f00:1::",
        "2002:0a00:0001::1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "2001:db8::1",
        "nonsense",
        "",
    ],
)
def test_inner_addresses_are_refused(address: str) -> None:
    assert refusal_of(address) is not None


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "1.1.1.1"]
)
def test_public_addresses_pass(address: str) -> None:
    assert refusal_of(address) is None


def test_nat64_and_mapped_forms_of_public_addresses_pass() -> None:
    assert refusal_of("64:ff9b::8.8.8.8") is None
    assert refusal_of("::ffff:8.8.8.8") is None


@given(st.ip_addresses())
def test_whatever_python_calls_private_is_refused(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = getattr(address, "ipv4_mapped", None)
        if mapped is None:
            assert refusal_of(address) is not None


@given(st.ip_addresses(v=4))
def test_mapping_into_ipv6_never_opens_an_address(address: IPv4Address) -> None:
    mapped = ip_address(f"::ffff:{address}")
    assert (refusal_of(mapped) is None) == (refusal_of(address) is None)
    assert (refusal_of(f"64:ff9b::{address}") is None) == (refusal_of(address) is None)


def test_opening_a_network_opens_no_other() -> None:
    opened = parse_networks(["127.0.0.1/32"])
    assert refusal_of("127.0.0.1", allowed=opened) is None
    assert refusal_of("127.0.0.2", allowed=opened) is not None
    assert refusal_of("::1", allowed=opened) is not None


def test_a_network_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match=r"localhost.*no network"):
        parse_networks(["localhost"])
