"""Entry point of the `byteward` command: dispatch, exit codes and the look of failures.

Exit codes: 0 success, 1 a negative answer, 2 wrong usage or configuration, 3 the operation failed.
Subcommands are named by import path, so that each loads only what it needs.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from byteward import __version__
from byteward.cli.terminal import print_error
from byteward.errors import BytewardError, OperatorError

USAGE: Final = 2
FAILED: Final = 3
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it
_COMMANDS: Final = (
    "serve",
    "init",
    "apply",
    "export",
    "explain",
    "check",
    "migrate",
    "config",
    "backup",
)


def build_app() -> App:
    """The command line as data; the reference page is generated from it."""
    app = App(
        name="byteward",
        help="A self-hosted file platform: uploads, permissions, delivery.",
        version=__version__,
        help_format="plaintext",
    )
    for name in _COMMANDS:
        app.command(f"byteward.cli.{name}:{name}", name=name)
    user = App(name="user", help="Dashboard users.")
    for name in ("add", "passwd", "list"):
        user.command(f"byteward.cli.user:{name}_user", name=name)
    sign = App(name="sign", help="Sign a JWT or a secure URL.")
    for name in ("jwt", "url"):
        sign.command(f"byteward.cli.token:sign_{name}_token", name=name)
    token = App(name="token", help="Tokens to try things out with.")
    token.command(sign)
    app.command(user)
    app.command(token)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code instead of exiting."""
    app = build_app()
    try:
        code = app(
            list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        print_error(str(error), hint="`byteward --help` lists what there is")
        return USAGE
    except OperatorError as error:
        for line in str(error).splitlines():
            print_error(line)
        return USAGE
    except BytewardError as error:
        print_error(error.message)
        return FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception:  # noqa: BLE001 - the outermost loop: exit 1 would read as a negative answer
        traceback.print_exc()
        return FAILED
    return code if isinstance(code, int) else 0
