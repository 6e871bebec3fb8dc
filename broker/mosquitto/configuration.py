"""Mosquitto's configuration file, rendered for one hall: for Mosquitto 2.0.11 (Debian 12) and 2.0.21 (Debian 13).

Pure: settings in, text out; `provisioning` writes it beside the files that it names. The broker keeps nothing: it is
the wire, not the store (ADR 0080). What each line stops or costs was measured in RELIABILITY.md B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from broker.envelope import PAYLOAD_BYTES_MAX
from broker.errors import require

PACKET_BYTES_MAX: Final = 2 * PAYLOAD_BYTES_MAX
"""Of one MQTT packet: twice our largest payload, so that topic and header never matter. A larger one disconnects its
sender without an acknowledgement; `message_size_limit` would acknowledge it and drop it (RELIABILITY.md B.1)."""

QUEUED_BYTES_MAX: Final = 64 * 1024 * 1024  # waiting for one slow subscriber; what is dropped above is sent again
INFLIGHT_MAX: Final = 100
CONFIGURATION_FILE: Final = "mosquitto.conf"

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f.:]{2,45}")
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """What differs from hall to hall. File names are relative: Mosquitto is started in the folder that holds them."""

    port: int  # 1 to 65535
    bind: str = "127.0.0.1"  # the address to listen on; the hall's own network address in a real hall
    acl: str = "acl"
    ca: str = "ca.pem"
    certificate: str = "server.pem"
    key: str = "server.key"
    crl: str = "crl.pem"
    user: str = ""  # started by root, Mosquitto becomes this user, who must be able to read the key; "" is its default

    def __post_init__(self) -> None:
        require(1 <= self.port <= 65_535, "a port is 1 to 65535")
        require(_ADDRESS.fullmatch(self.bind) is not None, "the broker listens on a numeric address")
        for name in (self.acl, self.ca, self.certificate, self.key, self.crl):
            require(_FILE_NAME.fullmatch(name) is not None, "a file beside the configuration is named without a path")
        require(self.user == "" or _USER.fullmatch(self.user) is not None, "a user is a name of the system's")


def render_configuration(settings: BrokerSettings) -> str:
    """Return the text of `mosquitto.conf`. Start Mosquitto with it in the folder of the files that it names."""
    user = f"user {settings.user}\n" if settings.user else ""
    return f"""\
# Rendered by broker/mosquitto/configuration.py. Do not edit: it is written anew at each start.
{user}
# The wire, not the store: an acknowledgement means nothing here, so nothing needs to survive.
persistence false
retain_available false

# Without this and TCP_NODELAY at the clients a packet's round trip takes 88 ms instead of 0.7 (PERFORMANCE.md).
set_tcp_nodelay true

# A larger packet disconnects its sender, unacknowledged. A slow subscriber costs bounded memory.
max_packet_size {PACKET_BYTES_MAX}
max_inflight_messages {INFLIGHT_MAX}
max_queued_messages 1000
max_queued_bytes {QUEUED_BYTES_MAX}
sys_interval 0

# Who connects and who is refused; never what is said.
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
log_timestamp true
log_timestamp_format %Y-%m-%dT%H:%M:%S

listener {settings.port} {settings.bind}
protocol mqtt

# TLS 1.2 or newer, and a certificate of this hall from everyone. Past its date the revocation list shuts out all
# (RELIABILITY.md B.1): it is renewed at each start and daily.
tls_version tlsv1.2
cafile {settings.ca}
certfile {settings.certificate}
keyfile {settings.key}
crlfile {settings.crl}
require_certificate true
allow_anonymous false

# The certificate's common name is the user name and the client id: nobody can take another's, by asking or by force.
use_identity_as_username true
use_username_as_clientid true

acl_file {settings.acl}
"""
