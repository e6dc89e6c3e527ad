"""The ASGI lifespan protocol, the server's side."""

from __future__ import annotations

import asyncio
from typing import Any

from byteward.delivery.asgi import AsgiApp, Message
from byteward.telemetry.log import get_logger


class StartFailedError(Exception):
    """The application could not open what it needs; its log says why."""


class Lifespan:
    """Starts and stops an application.

    Args:
        app: the application.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()  # Any: ASGI messages
        self._from_app: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Wait until the application can take requests.

        Raises:
            StartFailedError: it cannot.
        """
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._tell("startup")

    async def stop(self) -> None:
        """Wait until the application has closed everything."""
        await self._tell("shutdown")
        if self._task is not None:
            await self._task

    async def _tell(self, event: str) -> None:
        self._to_app.put_nowait({"type": f"lifespan.{event}"})
        message = await self._from_app.get()
        if message is None or message["type"] != f"lifespan.{event}.complete":
            raise StartFailedError

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        try:
            await self._app(scope, self._to_app.get, self._from_app.put)
        except Exception:  # noqa: BLE001 - whatever it is, the server has to know and to go on
            get_logger().exception("application.lifespan_failed")
        finally:
            self._from_app.put_nowait(None)
