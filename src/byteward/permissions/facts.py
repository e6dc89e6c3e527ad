"""Stored facts that decisions need, cached per worker and stamped with the account's epoch.

How a revocation reaches every worker (D6): each request starts with `refresh`, which compares the
database's change stamp with the last one. While it stands still, cached facts are as good as read
now. When it moved, each account's epoch is read again at its next use (one indexed row); facts
stamped with the epoch that still stands are kept, all others are forgotten. A change of authority
raises the epoch in its own transaction, so it holds for every request that starts after its 2xx.

INVARIANT: the stamp is taken before the epoch, and the epoch before the facts that it stamps. A
fact can therefore be newer than its stamp, which costs one more read, but never older.

SECURITY: what cannot be read is not assumed: the request fails with 503.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from byteward.access.model import PublicPermissions, Segments
from byteward.accounts import session_store, store
from byteward.accounts.key_store import KeyStore
from byteward.accounts.model import Account, ApiKey, JwtCertificate, Preset
from byteward.accounts.service import digest_of_key
from byteward.accounts.session_store import SignedIn
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.ids import ACCOUNT_ID, API_KEY_ID
from byteward.permissions.folder_facts import read_public_permissions
from byteward.permissions.layer_facts import LayerFact, read_layers
from byteward.permissions.lru import WeightedLru

T = TypeVar("T")

ACCOUNTS: Final = 4096
KEYS: Final = 8192
SESSIONS: Final = 1024
STRANGERS: Final = 4096
"""Unknown accounts and keys that are remembered, apart so as not to displace the known."""
PATH_SEGMENTS: Final = 131_072
"""Segments of remembered folders, all together: about 16 MB at the very worst."""
_FOLDER_WEIGHT: Final = 4  # an entry without segments


class AccountFacts:
    """One account at one epoch. Another epoch is another object, and outdates what hangs on this.

    Attributes:
        account: the row.
        version: the database's change stamp at which the epoch was last seen to stand.
        certificates: None until they were asked for.
        layers: storage layers of its folders; None until they were asked for.
        presets: by name; None until they were asked for.
    """

    __slots__ = ("account", "certificates", "layers", "presets", "version")

    def __init__(self, account: Account, version: int) -> None:
        self.account = account
        self.version = version
        self.certificates: tuple[JwtCertificate, ...] | None = None
        self.layers: tuple[LayerFact, ...] | None = None
        self.presets: dict[str, Preset] | None = None


_KeyName = tuple[str, bytes | str]  # account id with the text's digest or with the key id
_FolderName = tuple[str, Segments]


class Facts:
    """The reads of both planes' hot path. One for each worker; used on its event loop only.

    Every method answers from memory when it can; awaiting it then costs no more than the call.
    """

    def __init__(self, database: Database, keys: KeyStore) -> None:
        self._database = database
        self._key_store = keys
        self._version: int | None = None
        self._batch: int | None = None
        self._accounts: WeightedLru[str, AccountFacts] = WeightedLru(ACCOUNTS)
        self._unknown_accounts: WeightedLru[str, int] = WeightedLru(STRANGERS)
        self._keys: WeightedLru[_KeyName, tuple[AccountFacts, ApiKey]] = WeightedLru(KEYS)
        self._unknown_keys: WeightedLru[_KeyName, AccountFacts] = WeightedLru(STRANGERS)
        self._sessions: WeightedLru[str, tuple[AccountFacts, SignedIn]] = WeightedLru(SESSIONS)
        self._folders: WeightedLru[_FolderName, tuple[AccountFacts, PublicPermissions | None]]
        self._folders = WeightedLru(PATH_SEGMENTS)

    def refresh(self) -> int:
        """Take the database's change stamp; each request calls this once, first.

        Returns:
            the stamp, for caches of other rows that the same request reads.

        Raises:
            BytewardError: `storage_error` (503) when it cannot be read.
        """
        self._version = None
        try:
            version = self._database.version()
        except BytewardError:
            raise
        except Exception as error:  # whatever the driver raises: nothing is known, so nothing goes
            raise _unavailable() from error
        self._version = version
        return version

    def refresh_for(self, batch: int) -> int:
        """`refresh`, at most once for requests that had all begun to arrive before the first.

        Args:
            batch: the same number for all of them, and for no other request.
        """
        version = self._version
        if batch != self._batch or version is None:
            version = self.refresh()
            self._batch = batch
        return version

    async def account(self, account_id: str) -> Account | None:
        """The account, or None if there is none; any text may be asked for."""
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
        return None if facts is None else facts.account

    def standing(self, account_id: str) -> object | None:
        """What stands for the account's authority: the same object until that changes.

        Keys, certificates, users and the permissions of folders belong to it. None unless this
        request has asked for the account, which says whether it changed.
        """
        facts = self._accounts.peek(account_id)
        return None if facts is None or facts.version != self._version else facts

    async def key_by_text(self, account_id: str, text: str) -> ApiKey | None:
        """The account's key with exactly this text, whether usable or not."""
        return await self._key(account_id, digest_of_key(text))

    async def key_by_id(self, account_id: str, key_id: str) -> ApiKey | None:
        """The account's key with this id, whether usable or not; any text may be asked for."""
        if API_KEY_ID.fullmatch(key_id) is None:
            return None
        return await self._key(account_id, key_id)

    async def certificates(self, account_id: str) -> Sequence[JwtCertificate]:
        """The account's JWT certificates, oldest first, disabled ones too."""
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
        if facts is None:
            return ()
        if facts.certificates is None:
            facts.certificates = await self._read(
                lambda conn: store.list_certificates(conn, account_id)
            )
        return facts.certificates

    async def signed_in(self, account_id: str, session_id: str) -> SignedIn | None:
        """The account's dashboard session of this name, with its user; times may be old."""
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
        if facts is None:
            return None
        entry = self._sessions.get(session_id)
        if entry is not None and entry[0] is facts:
            return entry[1]
        found = await self._read(
            lambda conn: session_store.signed_in_by_id(conn, account_id, session_id)
        )
        if found is not None:  # who forges no bearer asks for no other session
            self._sessions.put(session_id, (facts, found))
        return found

    async def storage_layers(self, account_id: str) -> tuple[LayerFact, ...]:
        """The storage layers that folders of the account set."""
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
        if facts is None:
            return ()
        if facts.layers is None:
            facts.layers = await self._read(lambda conn: read_layers(conn, account_id))
        return facts.layers

    async def preset(self, account_id: str, name: str) -> Preset | None:
        """The account's preset of that name; any text may be asked for."""
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
        if facts is None:
            return None
        if facts.presets is None:
            found = await self._read(lambda conn: store.list_presets(conn, account_id))
            facts.presets = {preset.name: preset for preset in found}
        return facts.presets.get(name)

    async def public_permissions(
        self, account_id: str, folder: Segments
    ) -> PublicPermissions | None:
        """What is public for files directly in `folder`, which need not exist.

        None: no folder up to the root defines it, so nothing is public. Costs one query when the
        folder was not asked for since the account's epoch moved.
        """
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
            if facts is None:
                return None
        entry = self._folders.get((account_id, folder))
        if entry is not None and entry[0] is facts:
            return entry[1]
        public = await self._read(lambda conn: read_public_permissions(conn, account_id, folder))
        weight = _FOLDER_WEIGHT + len(folder)
        self._folders.put((account_id, folder), (facts, public), weight)
        return public

    def key_at_epoch(self, account_id: str, key_id: str, epoch: int) -> ApiKey | None:
        """The cached key, if it is known to be as stored at `epoch`; None says nothing.

        Safe on the database's writer thread: a transaction that reads the same epoch knows that
        the rows behind the key have not changed.
        """
        entry = self._keys.peek((account_id, key_id))
        return entry[1] if entry is not None and entry[0].account.epoch == epoch else None

    def certificates_at_epoch(self, account_id: str, epoch: int) -> Sequence[JwtCertificate] | None:
        """The same for the account's certificates."""
        facts = self._accounts.peek(account_id)
        return None if facts is None or facts.account.epoch != epoch else facts.certificates

    async def _key(self, account_id: str, name: bytes | str) -> ApiKey | None:
        facts = self._accounts.get(account_id)
        if facts is None or facts.version != self._version:
            facts = await self._confirm(account_id)
            if facts is None:
                return None
        entry = self._keys.get((account_id, name))
        if entry is not None and entry[0] is facts:
            return entry[1]
        if self._unknown_keys.get((account_id, name)) is facts:
            return None
        return await self._load_key(facts, name)

    async def _load_key(self, facts: AccountFacts, name: bytes | str) -> ApiKey | None:
        account_id = facts.account.account_id

        def find(conn: Connection) -> ApiKey | None:
            if isinstance(name, bytes):
                return self._key_store.by_digest(conn, account_id, name)
            return self._key_store.by_id(conn, account_id, name)

        key = await self._read(find)
        if key is None:
            self._unknown_keys.put((account_id, name), facts)
            return None
        self._keys.put((account_id, key.digest), (facts, key))
        self._keys.put((account_id, key.key_id), (facts, key))
        return key

    async def _confirm(self, account_id: str) -> AccountFacts | None:
        """The account's facts at the epoch that stands now; None when there is no such account."""
        if self._version is None:
            self.refresh()
        version = self._version
        if version is None:
            raise _unavailable()
        facts = self._accounts.get(account_id)
        if facts is not None:
            epoch = await self._read(lambda conn: store.read_epoch(conn, account_id))
            if epoch == facts.account.epoch:
                facts.version = version
                return facts
            self._accounts.drop(account_id)
        elif self._unknown_accounts.get(account_id) == version:
            return None
        return await self._load_account(account_id, version)

    async def _load_account(self, account_id: str, version: int) -> AccountFacts | None:
        if ACCOUNT_ID.fullmatch(account_id) is None:
            return None
        account = await self._read(lambda conn: store.read_account(conn, account_id))
        if account is None:
            self._unknown_accounts.put(account_id, version)
            return None
        facts = AccountFacts(account, version)
        self._accounts.put(account_id, facts)
        return facts

    async def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._database.read(work)
        except SQLAlchemyError as error:
            raise _unavailable() from error


def _unavailable() -> BytewardError:
    return BytewardError(ErrorCode.STORAGE_ERROR, "permissions cannot be read now, try again")
