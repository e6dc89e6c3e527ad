"""The transform process: see `transform/broker.py`. It reads stored bytes and opens no database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import Final

from byteward.config import Config, TransformSettings
from byteward.ids import OBJECT_ID
from byteward.storage.data_folder import OBJECTS_FOLDER, DataFolder, open_data_folder
from byteward.telemetry.log import get_logger
from byteward.transform.admission import AdmissionLimits
from byteward.transform.broker import Broker, BrokerSettings, run_broker
from byteward.transform.cache import ResultCache
from byteward.transform.image.limits import ImageLimits
from byteward.transform.sandbox.confinement import ALL, LIMITS
from byteward.transform.sandbox.pool import ChildSettings
from byteward.transform.wire import SOCKET_NAME

_LOG: Final = get_logger()
_EVICT_SECONDS: Final = 60.0
_SHARE_OF_VOLUME: Final = 10
_MOST_CACHE_BYTES: Final = 50_000_000_000


def run_transforms(config: Config) -> None:
    """Serve until SIGTERM; the body of the transform process."""
    folder = open_data_folder(config.data)
    try:
        asyncio.run(_until_stopped(config.transform, folder))
    finally:
        folder.close()


async def _until_stopped(settings: TransformSettings, folder: DataFolder) -> None:
    loop, serving = asyncio.get_running_loop(), asyncio.current_task()
    if serving is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, serving.cancel)
    cache = ResultCache(folder.cache_path)
    bounds = _broker_settings(settings, folder)
    broker = Broker(
        cache,
        partial(_open_object, folder.path / OBJECTS_FOLDER),
        _child_settings(settings, cache),
        bounds,
    )
    with contextlib.suppress(asyncio.CancelledError):
        await run_broker(
            broker,
            cache,
            folder.path / SOCKET_NAME,
            max_bytes=bounds.cache_max_bytes,
            evict_seconds=_EVICT_SECONDS,
            on_ready=lambda: _LOG.info("transforms.ready", slots=bounds.admission.slots),
        )


def _broker_settings(settings: TransformSettings, folder: DataFolder) -> BrokerSettings:
    slots = settings.slots or os.cpu_count() or 1
    volume = shutil.disk_usage(folder.path).total
    most = settings.cache_max_bytes
    if most is None:
        most = min(volume // _SHARE_OF_VOLUME, _MOST_CACHE_BYTES)
    return BrokerSettings(
        admission=AdmissionLimits(slots, settings.queue),
        wait_seconds=settings.queue_wait_seconds,
        cache_max_bytes=most,
        limits=ImageLimits(
            max_pixels=settings.max_pixels,
            max_side=settings.max_side,
            max_frames=settings.max_frames,
            max_output_side=settings.max_output_side,
            max_output_pixels=settings.max_output_pixels,
            max_result_bytes=settings.max_result_bytes,
        ),
        max_layers=settings.max_layers,
        max_input_bytes=settings.max_input_bytes,
    )


def _child_settings(settings: TransformSettings, cache: ResultCache) -> ChildSettings:
    return ChildSettings(
        folder=cache.work_folder(),
        address_space_bytes=settings.child_as_bytes,
        cpu_seconds=settings.image_wall_seconds,
        wall_seconds=settings.image_wall_seconds,
        file_bytes=settings.max_result_bytes,
        requires=ALL if settings.sandbox == "strict" else (LIMITS,),
    )


def _open_object(objects: Path, object_id: str) -> int:
    # SECURITY: workers send ids only, and an id is no path.
    if not OBJECT_ID.fullmatch(object_id):
        raise FileNotFoundError(object_id)
    return os.open(objects / object_id[:2] / object_id, os.O_RDONLY | os.O_CLOEXEC)
