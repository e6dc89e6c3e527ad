"""An ASGI application whose parts are opened when the server starts and closed when it stops."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from byteward.delivery.asgi import AsgiApp, Receive, Scope, Send
from byteward.http.at_once import AnswersAtOnce
from byteward.telemetry.log import get_logger

Opening = Callable[[], AbstractAsyncContextManager[AsgiApp]]
"""Opens what a plane needs, gives the plane, and closes everything again."""


class LifespanApp:
    """Speaks the ASGI lifespan protocol for a plane; everything else goes to the opened plane."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._app: AsgiApp | None = None

    @property
    def at_once(self) -> AnswersAtOnce | None:
        """The opened plane's short way, if it has one."""
        return getattr(self._app, "at_once", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        else:
            message = "the server sent a request before it started the application"
            raise RuntimeError(message)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        stack = self._opening()
        try:
            self._app = await stack.__aenter__()
        except Exception as error:  # noqa: BLE001 - whatever it is, the server must be told
            get_logger().exception("plane.start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await stack.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})
