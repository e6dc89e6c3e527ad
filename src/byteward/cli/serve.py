"""`byteward serve`: both planes until SIGTERM."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console

from byteward import app
from byteward.cli.init import initialise_installation, show_credentials
from byteward.cli.options import Common
from byteward.cli.terminal import notice
from byteward.config import Config
from byteward.db.migrate import schema_state, upgrade
from byteward.db.revisions import SchemaState
from byteward.errors import OperatorError
from byteward.operations.public_urls import public_urls
from byteward.operations.transforms import run_transforms
from byteward.operations.worker import run_worker
from byteward.outbound.policy import OutboundPolicy
from byteward.server.listener import ListenError
from byteward.server.plane import Plane
from byteward.server.supervisor import Addresses, StartError, Supervisor
from byteward.storage.data_folder import DataFolder, DataFolderError, open_data_folder
from byteward.storage.lock import DataFolderLock
from byteward.telemetry.log import configure_logging

LOCK_WAIT_SECONDS: Final = 5.0
_LOCK_POLL_SECONDS: Final = 0.05


def serve(
    *,
    api: str | None = None,
    cdn: str | None = None,
    public_api_url: str | None = None,
    public_cdn_url: str | None = None,
    database: str | None = None,
    storage: str | None = None,
    workers: int | None = None,
    role: Literal["all", "api", "cdn", "worker"] | None = None,
    log_format: Literal["console", "json"] | None = None,
    shutdown_grace: int | None = None,
    insecure_single_origin: Annotated[bool, Parameter(negative=())] = False,
    migrate: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Run the server. On an empty data folder it first makes an account and shows its credentials.

    Parameters
    ----------
    api
        Listener of the REST API, HOST:PORT [BYTEWARD_API].
    cdn
        Listener of file delivery, HOST:PORT [BYTEWARD_CDN].
    public_api_url
        Base of API URLs in answers; the listener when not given.
    public_cdn_url
        Base of file URLs in answers; the listener when not given.
    database
        Metadata database [BYTEWARD_DATABASE]; this release has SQLite in the data folder only.
    storage
        Storage of file bytes [BYTEWARD_STORAGE]; this release has the data folder only.
    workers
        Worker processes for each plane; one per core when not given.
    role
        The planes that this node runs.
    log_format
        `console` on a terminal, else `json`.
    shutdown_grace
        Seconds that running requests get at shutdown.
    insecure_single_origin
        Let both planes share one listener, which lets uploaded pages act on the API's origin.
    migrate
        Bring an older database to the current schema first.
    """
    config = common.load(
        {
            "api": api,
            "cdn": cdn,
            "public_api_url": public_api_url,
            "public_cdn_url": public_cdn_url,
            "database": database,
            "storage": storage,
            "workers": workers,
            "role": role,
            "log_format": log_format,
            "shutdown_grace_seconds": shutdown_grace,
            "insecure_single_origin": insecure_single_origin or None,
        }
    ).config
    _configure_logging(config)
    folder = open_data_folder(config.data)
    with _server_lock(folder):
        _prepare(folder, config, migrates=migrate)
        _warn(config)
        supervisor = Supervisor(
            config,
            _planes(config),
            helpers=_helpers(config),
            on_ready=lambda addresses: _say_ready(
                addresses, as_json=common.json or config.log_format == "json"
            ),
        )
        try:
            supervisor.run()
        except (ListenError, StartError) as error:
            raise OperatorError(str(error)) from error
    return 0


def _helpers(config: Config) -> dict[str, Callable[[Config], None]]:
    helpers: dict[str, Callable[[Config], None]] = {}
    if config.role in {"all", "worker"}:
        helpers["worker"] = run_worker
    if config.role in {"all", "cdn"}:
        helpers["transforms"] = run_transforms
    return helpers


def _planes(config: Config) -> list[Plane]:
    if config.api == config.cdn and config.role == "all":
        return [Plane("api", config.api, app.single_origin_app)]
    planes = [Plane("api", config.api, app.api_app), Plane("cdn", config.cdn, app.cdn_app)]
    return [plane for plane in planes if config.role in ("all", plane.name)]


def _prepare(folder: DataFolder, config: Config, *, migrates: bool) -> None:
    """Make a new installation, or bring an old one up to date if that was asked for."""
    state = schema_state(folder.database_path)
    if state is SchemaState.OLDER and migrates:
        upgrade(folder.database_path, notice)
    credentials = asyncio.run(initialise_installation(config, migrates=state is SchemaState.NEW))
    if credentials.is_new:
        notice(f"made a new installation in {Path(config.data).absolute()}", style="bold")
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        show_credentials(console, credentials, public_urls(config))


def _server_lock(folder: DataFolder) -> DataFolderLock:
    """The lock of the one server; processes of a killed one may need a moment to end."""
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            return DataFolderLock(folder)
        except DataFolderError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_LOCK_POLL_SECONDS)


def _configure_logging(config: Config) -> None:
    default: Literal["console", "json"] = "console" if sys.stderr.isatty() else "json"
    configure_logging(
        log_format=config.log_format or default,
        level=config.telemetry.log_level,
        max_field_bytes=config.telemetry.max_field_bytes,
    )


def _warn(config: Config) -> None:
    """Say loudly what weakens security, and how."""
    OutboundPolicy.of(config.outbound)  # what is malformed is said now, not by each worker
    if config.outbound.allow_private:
        notice(
            "warning: outbound.allow_private = true: callers can make this server send requests "
            "to loopback and private addresses",
            style="bold yellow",
        )
    if config.api == config.cdn:
        notice(
            "warning: one origin for API and files: an uploaded page can act as its visitor",
            style="bold yellow",
        )
    if config.delivery.dangerous_types == "allow":
        notice(
            "warning: delivery.dangerous_types = allow: uploaded pages run their scripts",
            style="bold yellow",
        )


def _say_ready(addresses: Addresses, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"event": "ready", **addresses}).decode(), flush=True)
    else:
        print("ready", *(f"{name}={at}" for name, at in addresses.items()), flush=True)
