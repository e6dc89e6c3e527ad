"""Seals the secrets that the database has to give back: URL keys and storage credentials.

AES-256-GCM under a master key that is a file beside the database, never in it. A sealed value is
bound to its table, row and column, so it opens nowhere else.

    format (1 byte) · key id (8) · nonce (12) · ciphertext and tag (16)
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, select

from byteward.db.database import Database
from byteward.db.tables import api_keys, folders
from byteward.storage.data_folder import DataFolder, DataFolderError
from byteward.storage.durable import Volume, durable_replace
from byteward.storage.file_system import LocalFileSystem

MASTER_KEY_FILE: Final = "master.key"
MASTER_KEY_BYTES: Final = 32

_FORMAT: Final = b"\x01"
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES

_ANY_SEALED_KEY: Final = select(api_keys.c.key_id).limit(1)
_ANY_SEALED_LAYER: Final = select(folders.c.folder_id).where(
    folders.c.sealed_storage_layer.is_not(None)
)


class UnsealError(Exception):
    """A sealed value is damaged, of another place, or under another master key."""


class Sealer:
    """Seals and opens values under one master key of 32 bytes."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != MASTER_KEY_BYTES:
            message = f"the master key must be {MASTER_KEY_BYTES} bytes long"
            raise ValueError(message)
        self._cipher = AESGCM(master_key)
        self.key_id = hashlib.sha256(b"byteward master key\x00" + master_key).digest()[
            :_KEY_ID_BYTES
        ]

    def seal(self, plaintext: bytes, *, table: str, row: str, column: str) -> bytes:
        """Encrypt a value for one place; two seals of one value differ."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        place = _place(table, row, column)
        return _FORMAT + self.key_id + nonce + self._cipher.encrypt(nonce, plaintext, place)

    def unseal(self, sealed: bytes, *, table: str, row: str, column: str) -> bytes:
        """Decrypt a value that was sealed for this place.

        Raises:
            UnsealError: it was not, it is damaged, or the master key is another one.
        """
        if len(sealed) < _HEADER_BYTES or sealed[:1] != _FORMAT:
            raise UnsealError("the value is not in the sealed format")
        if sealed[1 : 1 + _KEY_ID_BYTES] != self.key_id:
            raise UnsealError("the value was sealed under another master key")
        nonce = sealed[1 + _KEY_ID_BYTES : _HEADER_BYTES]
        try:
            return self._cipher.decrypt(nonce, sealed[_HEADER_BYTES:], _place(table, row, column))
        except InvalidTag:
            raise UnsealError("the value is damaged or belongs to another place") from None


async def open_sealer(folder: DataFolder, db: Database) -> Sealer:
    """The sealer of the data folder; its master key is made when nothing was sealed yet.

    Raises:
        DataFolderError: the key file is missing although the database holds sealed values, or it
            is not readable by its owner alone, or of the wrong length.
    """
    key = read_master_key(folder)
    if key is None:
        if await db.read(_holds_sealed_values):
            raise DataFolderError(
                f"{folder.path}/secrets/{MASTER_KEY_FILE}: missing, but the database holds values "
                "sealed with it; restore the file from a backup"
            )
        key = secrets.token_bytes(MASTER_KEY_BYTES)
        volume = Volume(LocalFileSystem(), folder.secrets, min_free_bytes=0)
        durable_replace(volume, folder.secrets, MASTER_KEY_FILE, key)
    return Sealer(key)


def read_master_key(folder: DataFolder) -> bytes | None:
    """The bytes of the master key file; None when there is none.

    Raises:
        DataFolderError: others may read the file, it is a link, or its length is wrong.
    """
    shown = f"{folder.path}/secrets/{MASTER_KEY_FILE}"
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(MASTER_KEY_FILE, flags, dir_fd=folder.secrets)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFolderError(f"{shown}: cannot be read: {error.strerror}") from error
    with os.fdopen(file, "rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        key = opened.read(MASTER_KEY_BYTES + 1)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DataFolderError(f"{shown}: other users may read it; run `chmod 600 {shown}`")
    if len(key) != MASTER_KEY_BYTES:
        raise DataFolderError(f"{shown}: must be {MASTER_KEY_BYTES} bytes long, restore it")
    return key


def _holds_sealed_values(connection: Connection) -> bool:
    statements = (_ANY_SEALED_KEY, _ANY_SEALED_LAYER.limit(1))
    return any(connection.execute(statement).first() is not None for statement in statements)


def _place(table: str, row: str, column: str) -> bytes:
    """Length-prefixed, so that no two places read alike."""
    fields = [field.encode() for field in (table, row, column)]
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
