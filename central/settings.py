"""Central's settings, `central.toml`: read once at the start, paths made absolute, wrong ones named.

Comes from provisioning or a person, goes to bootstrap. Rules of the queue that stand here are entered in the book at
`init`; after that the administrator changes them there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from broker.errors import OneWindowError
from broker.topics import unit_id

_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class SettingsUnfit(OneWindowError, ValueError):
    """The settings cannot be used. Nothing was started."""

    code = "settings-unfit"
    notice = "中心的设置文件 central.toml 有误，没有启动。请按提示改正后再启动。"


@dataclass(frozen=True, slots=True, kw_only=True)
class HallPart:
    id: str
    name: str
    pickup_window: int = 6
    timezone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePart:
    url: str = "sqlite:///ledger.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPart:
    addresses: tuple[str, ...]  # host:port, tried in turn
    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysPart:
    sealing: Path
    receipt: Path
    ticket_master: Path
    vault: Path
    lookup: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePart:
    pages: Path = Path("pages")
    staged: Path = Path("staged")
    refused: Path = Path("refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPart:
    host: str = "127.0.0.1"
    port: _Port = 8080
    session_hours: int = 8
    idle_minutes: int = 30
    https: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePart:
    items: Path = Path("service_items.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralSettings:
    """All of central.toml; every path absolute."""

    hall: HallPart
    broker: BrokerPart
    keys: KeysPart
    database: DatabasePart = DatabasePart()
    storage: StoragePart = StoragePart()
    web: WebPart = WebPart()
    queue: dict[str, Any] = msgspec.field(default_factory=dict)
    catalogue: CataloguePart = CataloguePart()
    folder: Path = Path()


def read_settings(path: Path) -> CentralSettings:
    """Return the settings in this file.

    Raises:
        SettingsUnfit: missing, not TOML, or a part is missing or wrong; the text names it.
    """
    folder = path.resolve().parent
    try:
        raw = msgspec.toml.decode(path.read_bytes())
        settings = msgspec.convert(raw, CentralSettings, dec_hook=_path_in(folder))
        unit_id(settings.hall.id)
    except FileNotFoundError:
        raise SettingsUnfit(f"{path} is missing") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise SettingsUnfit(f"{path}: {error}") from None
    return _made_absolute(settings, folder)


def _path_in(folder: Path) -> Any:
    def hook(kind: type, value: object) -> object:
        if kind is Path and isinstance(value, str):
            return folder / value
        raise NotImplementedError

    return hook


def _made_absolute(settings: CentralSettings, folder: Path) -> CentralSettings:
    storage, catalogue = settings.storage, settings.catalogue
    return CentralSettings(
        hall=settings.hall,
        broker=settings.broker,
        keys=settings.keys,
        database=settings.database,
        storage=StoragePart(
            pages=folder / storage.pages, staged=folder / storage.staged, refused=folder / storage.refused
        ),
        web=settings.web,
        queue=settings.queue,
        catalogue=CataloguePart(items=folder / catalogue.items),
        folder=folder,
    )
