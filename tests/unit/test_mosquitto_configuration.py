"""Mosquitto's configuration holds the lines that RELIABILITY.md B measured, and nothing slips into it."""

from __future__ import annotations

import pytest

from broker.envelope import PAYLOAD_BYTES_MAX
from broker.errors import MessageRefused
from broker.mosquitto.configuration import BrokerSettings, render_configuration


@pytest.mark.parametrize(
    "line",
    [
        "listener 8883 127.0.0.1",
        "require_certificate true",
        "allow_anonymous false",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "tls_version tlsv1.2",
        "crlfile crl.pem",
        "acl_file acl",
        "set_tcp_nodelay true",
        "max_packet_size 524288",
        "max_inflight_messages 100",
        "persistence false",
    ],
)
def test_each_line_that_a_measurement_asked_for_is_there(line: str) -> None:
    assert line in render_configuration(BrokerSettings(port=8883)).splitlines()


def test_no_payload_limit_that_acknowledges_what_it_drops() -> None:
    assert "message_size_limit" not in render_configuration(BrokerSettings(port=8883))


def test_the_largest_payload_fits_with_its_topic() -> None:
    assert PAYLOAD_BYTES_MAX + 128 + 16 < 524_288


def test_payloads_are_never_logged() -> None:
    lines = render_configuration(BrokerSettings(port=8883)).splitlines()

    assert "log_type all" not in lines
    assert "log_type debug" not in lines


def test_mosquitto_becomes_another_user_only_when_told() -> None:
    lines = render_configuration(BrokerSettings(port=8883)).splitlines()

    assert not [line for line in lines if line.startswith("user ")]
    assert "user root" in render_configuration(BrokerSettings(port=8883, user="root")).splitlines()


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 0},
        {"port": 65_536},
        {"port": 1, "bind": "0.0.0.0\nallow_anonymous true"},
        {"port": 1, "acl": "../acl"},
        {"port": 1, "key": "server.key\nallow_anonymous true"},
        {"port": 1, "user": "root\nallow_anonymous true"},
    ],
)
def test_a_setting_that_would_write_another_line_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(MessageRefused):
        BrokerSettings(**wrong)  # type: ignore[arg-type]
