"""One change of an account's configuration, made by an administrator.

A change is an account document of one element: what may be stored, how it is merged with what is
there and what follows from it is said once, in this package, for files and for the dashboard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from sqlalchemy import Connection

from byteward.accounts import audit, store
from byteward.accounts.audit import AuditEvent
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import ApiKey, JwtCertificate, Preset
from byteward.accounts.service import bump_epoch
from byteward.clock import Clock, now_ms
from byteward.configuration.apply import Applied, apply_document, read_document
from byteward.configuration.export import certificate_to_wire, key_to_wire, preset_to_wire
from byteward.configuration.source import DocumentError
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.dashboard.administrator import Administrator
from byteward.ids import new_api_key_text, new_secure_url_key
from byteward.strict_base64 import encode_base64
from byteward.strict_json import dumps

T = TypeVar("T")

_WHOLE_ACCOUNT: Final = "accounts[0]"


class Configuration:
    """See the module.

    Args:
        database: the accounts.
        keys: reads and writes API keys.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, keys: KeyStore, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def api_keys(self, account_id: str) -> tuple[ApiKey, ...]:
        """The account's keys, the oldest first."""
        return await self._database.read(lambda conn: self._keys.all(conn, account_id))

    async def api_key(self, account_id: str, key_id: str) -> ApiKey:
        """One of them.

        Raises:
            BytewardError: `api_key_not_found`.
        """
        return _found(
            await self._database.read(lambda conn: self._keys.by_id(conn, account_id, key_id)),
            ErrorCode.API_KEY_NOT_FOUND,
            "API key",
        )

    async def named_key(self, account_id: str, name: str) -> ApiKey:
        """The key of that name.

        Raises:
            BytewardError: `api_key_not_found`.
        """
        found = [key for key in await self.api_keys(account_id) if key.name == name]
        return _found(found[0] if found else None, ErrorCode.API_KEY_NOT_FOUND, "API key")

    async def certificates(self, account_id: str) -> tuple[JwtCertificate, ...]:
        """The account's JWT certificates, the oldest first."""
        return await self._database.read(lambda conn: store.list_certificates(conn, account_id))

    async def certificate(self, account_id: str, certificate_id: str) -> JwtCertificate:
        """One of them.

        Raises:
            BytewardError: `certificate_not_found`.
        """
        all_of_them = await self.certificates(account_id)
        found = [each for each in all_of_them if each.certificate_id == certificate_id]
        code = ErrorCode.CERTIFICATE_NOT_FOUND
        return _found(found[0] if found else None, code, "JWT certificate")

    async def presets(self, account_id: str) -> tuple[Preset, ...]:
        """The account's presets in the order of their names."""
        return await self._database.read(lambda conn: store.list_presets(conn, account_id))

    async def preset(self, account_id: str, name: str) -> Preset:
        """One of them.

        Raises:
            BytewardError: `preset_not_found`.
        """
        found = [each for each in await self.presets(account_id) if each.name == name]
        return _found(found[0] if found else None, ErrorCode.PRESET_NOT_FOUND, "preset")

    async def set_element(
        self, by: Administrator, section: str, element: Mapping[str, object]
    ) -> Applied:
        """Make one element of a list, such as `apiKeys`, be as given; see the account document.

        Raises:
            BytewardError: `invalid_request`, with a position for each fault.
        """
        place = f"{_WHOLE_ACCOUNT}.{section}[0]"
        return await self._apply(by, {section: [element]}, place)

    async def set_account(self, by: Administrator, members: Mapping[str, object]) -> Applied:
        """Make members of the account itself, such as `settings`, be as given.

        Raises:
            BytewardError: `invalid_request`, with a position for each fault.
        """
        return await self._apply(by, members, _WHOLE_ACCOUNT)

    async def rotate_key(self, by: Administrator, key_id: str) -> str:
        """Give an API key another text and return it; the old one is refused from now on.

        Raises:
            BytewardError: `api_key_not_found`.
        """
        key = await self.api_key(by.account_id, key_id)
        text = new_api_key_text(key.kind.value, by.account_id)
        await self.set_element(by, "apiKeys", {"id": key_id, "key": text})
        return text

    async def rotate_secure_url_key(self, by: Administrator, key_id: str) -> str:
        """Give an API key another key of signed URLs; those that were signed are refused.

        Raises:
            BytewardError: `api_key_not_found`.
        """
        await self.api_key(by.account_id, key_id)
        text = encode_base64(new_secure_url_key())
        await self.set_element(by, "apiKeys", {"id": key_id, "secureUrlKey": text})
        return text

    async def delete_key(self, by: Administrator, key_id: str) -> None:
        """Remove an API key.

        Raises:
            BytewardError: `api_key_not_found`.
        """
        key = await self.api_key(by.account_id, key_id)
        event = by.event("apiKey.delete", key_id, key_to_wire(key, with_secrets=False))
        await self._delete(lambda conn: self._keys.delete(conn, by.account_id, key_id), event)

    async def delete_certificate(self, by: Administrator, certificate_id: str) -> None:
        """Remove a JWT certificate; what it signed is refused from now on.

        Raises:
            BytewardError: `certificate_not_found`.
        """
        found = await self.certificate(by.account_id, certificate_id)
        event = by.event("jwtCertificate.delete", certificate_id, certificate_to_wire(found))
        await self._delete(
            lambda conn: store.delete_certificate(conn, by.account_id, certificate_id), event
        )

    async def delete_preset(self, by: Administrator, name: str) -> None:
        """Remove a preset.

        Raises:
            BytewardError: `preset_not_found`.
        """
        found = await self.preset(by.account_id, name)
        event = by.event("preset.delete", name, preset_to_wire(found))
        await self._delete(lambda conn: store.delete_preset(conn, by.account_id, name), event)

    async def _apply(self, by: Administrator, members: Mapping[str, object], place: str) -> Applied:
        text = dumps({"accounts": [{"accountId": by.account_id, **members}]}).decode()
        try:
            return await apply_document(
                self._database, self._keys, read_document(text), clock=self._clock, actor=by.actor
            )
        except DocumentError as error:
            raise _invalid(error, place) from None

    async def _delete(self, remove: Callable[[Connection], object], event: AuditEvent) -> None:
        now = now_ms(self._clock)

        def work(conn: Connection) -> None:
            remove(conn)
            audit.append(conn, event, now)
            bump_epoch(conn, event.account_id)

        await self._database.write(work)


def _invalid(error: DocumentError, place: str) -> BytewardError:
    """The document's problems as those of the request's body."""
    details: dict[str, object] = {}
    for problem in error.problems:
        where = problem.where.removeprefix(place).removeprefix(".")
        details.setdefault(f"body.{where}" if where else "body", {"message": problem.message})
    where, _ = next(iter(details.items()))
    message = error.problems[0].message
    return BytewardError(
        ErrorCode.INVALID_REQUEST, f"invalid request: {where}: {message}", details=details
    )


def _found(value: T | None, code: ErrorCode, what: str) -> T:
    if value is None:
        raise BytewardError(code, f"the account has no such {what}")
    return value
