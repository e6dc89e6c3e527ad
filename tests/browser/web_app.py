"""A customer's web application: a page with the official client, and an endpoint for JWTs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

SDK: Final = Path(__file__).parents[1] / "node" / "node_modules" / "@bytescale" / "sdk"
PAGE: Final = b"""<!doctype html><title>app</title><script type="module">
import * as Bytescale from "/sdk.mjs";
window.Bytescale = Bytescale;
window.widthOf = url => new Promise(resolve => {
  const image = new Image();
  image.onload = () => resolve(image.naturalWidth);
  image.onerror = () => resolve(0);
  image.src = url;
});
window.isReady = true;
</script>"""


@contextmanager
def web_app(jwt: str, cdn: str) -> Iterator[int]:
    """Serve the application on 127.0.0.1; gives the port.

    It has two service workers: the one that the official client is tested with, and a root script
    that imports the server's own.
    """
    answers = {
        "/": ("text/html", PAGE),
        "/sdk.mjs": ("text/javascript", (SDK / "dist/browser/esm/main.mjs").read_bytes()),
        "/auth-sw.js": (
            "text/javascript",
            (SDK / "tests/fixtures/auth-sw-3.61.0.js").read_bytes(),
        ),
        "/byteward-sw.js": (
            "text/javascript",
            f'importScripts("{cdn}/api/v1/auth-sw.js");'.encode(),
        ),
        "/auth": ("text/plain", jwt.encode()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = answers.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: a test's output is its result."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
