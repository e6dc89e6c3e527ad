"""What every process needs that makes requests of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from byteward.config import OutboundSettings
from byteward.files.external_files import ExternalFiles
from byteward.operations.backend import Backend
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.resolve import SystemResolver


@contextmanager
def opened_client(settings: OutboundSettings) -> Iterator[OutboundClient]:
    """A client under the operator's policy.

    Raises:
        OperatorError: the settings cannot be used.
    """
    resolver = SystemResolver()
    try:
        yield OutboundClient(settings, resolver)
    finally:
        resolver.close()


def external_files(backend: Backend, client: OutboundClient) -> ExternalFiles:
    """Files in stores of accounts."""
    return ExternalFiles(
        database=backend.database,
        layers=backend.layers,
        client=client,
        clock=backend.clock,
    )
