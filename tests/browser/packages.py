"""npm packages on a web page without a bundler: their CommonJS files and a small `require`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

NODE_MODULES: Final = Path(__file__).parents[1] / "node" / "node_modules"

LOADER: Final = """<!doctype html><title>app</title><body><script type="module">
const sources = await (await fetch("/packages.json")).json();
const loaded = {};
window.load = name => {
  if (!(name in sources)) throw new Error("no package " + name);
  if (!(name in loaded)) {
    const module = (loaded[name] = { exports: {} });
    new Function("module", "exports", "require", sources[name])(
      module, module.exports, window.load);
  }
  return loaded[name].exports;
};
window.isReady = true;
</script></body>"""


@contextmanager
def page_with(packages: Mapping[str, str], texts: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve a page on which `load(name)` gives what a package exports.

    Args:
        packages: each name that code asks for, with the file in `node_modules` that answers it.
        texts: other paths of the same site.

    Returns:
        the page's URL.
    """
    sources = {name: (NODE_MODULES / file).read_text() for name, file in packages.items()}
    answers = {
        "/": ("text/html", LOADER),
        "/packages.json": ("application/json", json.dumps(sources)),
        **{path: ("text/plain", text) for path, text in (texts or {}).items()},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = answers.get(self.path, ("text/plain", ""))
            body = text.encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: a test's output is its result."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
