"""Runs commands in this process on a data folder of their own."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from byteward.cli.main import run


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - tests look into it freely
        """Standard output as one JSON value: nothing else may be on it."""
        return json.loads(self.out)


class _Stream(io.TextIOWrapper):
    """Text and bytes in one, as a process has it."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding="utf-8", write_through=True)

    def text(self) -> str:
        """All that was written."""
        self.flush()
        return self._bytes.getvalue().decode()


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands on one data folder."""

    data: Path

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        """Run `byteward ARGUMENTS --data …`."""
        out, err = _Stream(), _Stream()
        with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", io.StringIO(stdin)):
            code = run([*arguments, "--data", str(self.data)])
        return Done(code, out.text(), err.text())

    def init(self) -> Any:  # noqa: ANN401 - as above
        """`init --json`."""
        return self("init", "--json").json

    def apply(self, document: Mapping[str, Any], *options: str) -> Done:
        """`apply --json` of a document."""
        path = self.data.parent / "document.json"
        path.write_text(json.dumps(document))
        return self("apply", str(path), "--json", *options)
