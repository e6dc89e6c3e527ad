"""Every table, as SQLAlchemy Core metadata in the common subset of SQLite and Postgres.

Paths are not stored as text: a folder is a row that knows its parent, a file is a row in its
folder. A look-up walks the path's segments through one unique index; moving a folder of any size
changes one row. Text compares byte for byte (`BINARY` is SQLite's default; Postgres gets "C").

Times are Unix milliseconds unless the name says seconds. JSON columns hold compact UTF-8 text in
the wire's shape.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
)

# Every constraint has a name, so that a later migration can speak of it.
METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives rowid behaviour (and autoincrement) only to a column typed exactly INTEGER.
_Id = BigInteger().with_variant(Integer(), "sqlite")

accounts: Final = Table(
    "accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("tag_rules", Text),  # NULL: none
    Column("authority_epoch", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

api_keys: Final = Table(
    "api_keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of the whole key text
    Column("public_text", Text),  # the key itself, for public keys only
    Column("enabled", Boolean, nullable=False),
    Column("expires_at_seconds", BigInteger),
    Column("require_jwt", Boolean, nullable=False),
    Column("allowed_origins", Text, nullable=False),
    Column("path_permissions", Text, nullable=False),
    Column("tag_permissions", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("default_upload_path", Text, nullable=False),
    Column("upload_rate_limit", Text),
    Column("upload_bytes_limit", Text),
    Column("max_upload_bytes", BigInteger),
    Column("sealed_secure_url_key", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name"),
)

jwt_certificates: Final = Table(
    "jwt_certificates",
    METADATA,
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("certificate_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("pem", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

folders: Final = Table(
    "folders",
    METADATA,
    Column("folder_id", _Id, primary_key=True, autoincrement=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("parent_id", BigInteger, ForeignKey("folders.folder_id")),  # NULL: an account's root
    Column("name", Text, nullable=False),  # "" for the root and for unnamed folders
    Column("is_virtual", Boolean, nullable=False),
    Column("description", Text),
    Column("public_permissions", Text),  # NULL: inherit
    Column("storage_layer", Text),  # NULL: inherit
    Column("sealed_storage_layer", LargeBinary),  # with credentials; NULL: it has none
    UniqueConstraint("parent_id", "name"),
    sqlite_autoincrement=True,
)
Index(
    "one_root_folder_per_account",
    folders.c.account_id,
    unique=True,
    sqlite_where=folders.c.parent_id.is_(None),
    postgresql_where=folders.c.parent_id.is_(None),
)
Index(
    "folders_with_storage_layers",
    folders.c.account_id,
    sqlite_where=folders.c.storage_layer.is_not(None),
    postgresql_where=folders.c.storage_layer.is_not(None),
)
# Listings compare a folder as its name with a slash: `a-b/` stands before `a/`.
Index(
    "folders_in_listing_order",
    folders.c.parent_id,
    folders.c.name + literal_column("'/'"),
)

objects: Final = Table(
    "objects",
    METADATA,
    Column("object_id", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("block_digests", LargeBinary, nullable=False),  # 16 bytes for each MiB
    Column("is_corrupt", Boolean, nullable=False, default=False),
    Column("created_at", BigInteger, nullable=False),
)

removals: Final = Table(
    "removals",
    METADATA,
    Column("object_id", Text, primary_key=True),
    Column("queued_at", BigInteger, nullable=False, index=True),
)

files: Final = Table(
    "files",
    METADATA,
    Column("file_id", _Id, primary_key=True, autoincrement=True),
    Column("folder_id", BigInteger, ForeignKey("folders.folder_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("object_id", Text, ForeignKey("objects.object_id"), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("original_file_name", Text),
    Column("tags", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),  # from then on the file counts as absent; NULL: never
    UniqueConstraint("folder_id", "name"),
    sqlite_autoincrement=True,
)
Index(
    "files_that_expire",
    files.c.expires_at,
    sqlite_where=files.c.expires_at.is_not(None),
    postgresql_where=files.c.expires_at.is_not(None),
)

external_files: Final = Table(
    "external_files",
    METADATA,
    # What a storage layer's objects do not say of themselves. A row is about one version of an
    # object: it counts while the object still has its etag.
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("location", Text, primary_key=True),  # the bucket; see files/external_rows.py
    Column("object_key", Text, primary_key=True),
    Column("folder_id", BigInteger, nullable=False),  # set the layer; gone: nobody can reach it
    Column("etag", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("original_file_name", Text),
    Column("tags", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),  # from then on the object counts as absent; NULL: never
)
Index(
    "external_files_that_expire",
    external_files.c.expires_at,
    sqlite_where=external_files.c.expires_at.is_not(None),
    postgresql_where=external_files.c.expires_at.is_not(None),
)

uploads: Final = Table(
    "uploads",
    METADATA,
    Column("upload_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("part_size_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("original_file_name", Text),
    Column("tags", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("is_create_only", Boolean, nullable=False),  # the path has {UNIQUE_DIGITS}: no overwrite
    Column("credential", Text, nullable=False),  # who began it; see uploads/model.py
    Column("etag", Text),  # of the finished file
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Index("uploads_in_progress_by_path", "account_id", "path"),
)

upload_parts: Final = Table(
    "upload_parts",
    METADATA,
    Column("upload_id", Text, ForeignKey("uploads.upload_id"), primary_key=True),
    Column("part_index", Integer, primary_key=True),
    Column("staged_id", Text, nullable=False, index=True),  # the part's bytes in the staging area
    Column("size_bytes", BigInteger, nullable=False),
    Column("md5", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("block_digests", LargeBinary, nullable=False),
    Column("is_complete", Boolean, nullable=False),  # CompleteUploadPart was accepted
)

presets: Final = Table(
    "presets",
    METADATA,
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("transformation", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("revision", Integer, nullable=False),
)

users: Final = Table(
    "users",
    METADATA,
    Column("user_id", _Id, primary_key=True, autoincrement=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),  # NULL: may sign in
    Column("sealed_totp_secret", LargeBinary),  # NULL: no second factor
    Column("totp_last_step", BigInteger),  # the newest step that was used
    Column("recovery_codes", Text),  # digests of those that are left
    UniqueConstraint("account_id", "email"),
    Index("users_by_email", "email"),
    sqlite_autoincrement=True,
)

dashboard_sessions: Final = Table(
    "dashboard_sessions",
    METADATA,
    Column("session_id", Text, primary_key=True),  # its name; the cookie is the credential
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of the cookie
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False, index=True),
    Column("authenticated_at", BigInteger, nullable=False),  # the password was given last
    Column("client_ip", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Index("dashboard_sessions_of_a_user", "account_id", "user_id"),
)

sign_in_challenges: Final = Table(
    "sign_in_challenges",
    METADATA,
    # The password was right; the second factor is due.
    Column("digest", LargeBinary, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

sign_in_failures: Final = Table(
    "sign_in_failures",
    METADATA,
    Column("subject", Text, primary_key=True),  # a user or a client address
    Column("failures", Integer, nullable=False),
    Column("began_at", BigInteger, nullable=False),  # of the first of them
    Column("blocked_until", BigInteger, nullable=False, index=True),
)

invitations: Final = Table(
    "invitations",
    METADATA,
    Column("invitation_id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of the link's token
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("invitations_of_an_account", "account_id", "email"),
)

audit_events: Final = Table(
    "audit_events",
    METADATA,
    Column("event_id", Text, primary_key=True),  # a ULID: ids ascend with time
    Column("account_id", Text, nullable=False),  # outlives the account
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Index("audit_events_of_an_account", "account_id", "event_id"),
)
for _verb in ("UPDATE", "DELETE"):
    # Append-only for everybody who goes through SQL.
    event.listen(
        audit_events,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its constructor untyped
            f"CREATE TRIGGER audit_events_refuse_{_verb.lower()} BEFORE {_verb} ON audit_events "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )

upload_windows: Final = Table(
    "upload_windows",
    METADATA,
    # No foreign key: a window outlives what it is counted for until it has passed.
    Column("subject", Text, primary_key=True),
    Column("slice_ms", BigInteger, nullable=False),
    Column("newest_slice", BigInteger, nullable=False),  # its number since 1970
    Column("amounts", Text, nullable=False),  # of each slice, the newest first
    Column("passes_at", BigInteger, nullable=False, index=True),
)

account_usage: Final = Table(
    "account_usage",
    METADATA,
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("stored_files", BigInteger, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("reserved_bytes", BigInteger, nullable=False),  # of uploads that are not finished
    Column("upload_month", Integer, nullable=False),  # YYYYMM in UTC
    Column("uploads", BigInteger, nullable=False),  # in that month
)

usage_days: Final = Table(
    "usage_days",
    METADATA,
    # Statistics; see accounts/daily_usage.py. No foreign key: they outlive keys.
    Column("account_id", Text, primary_key=True),
    Column("day", Integer, primary_key=True),  # YYYYMMDD in UTC
    Column("key_id", Text, primary_key=True),  # empty: no key
    Column("requests", BigInteger, nullable=False),
    Column("bytes_out", BigInteger, nullable=False),
    Column("uploads", BigInteger, nullable=False),
    Column("bytes_in", BigInteger, nullable=False),
    Column("transforms", BigInteger, nullable=False),
    Column("transform_ms", BigInteger, nullable=False),
)

jobs: Final = Table(
    "jobs",
    METADATA,
    Column("job_id", Text, primary_key=True),  # a ULID: ids ascend with time
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("job_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("authority", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("attempt", Integer, nullable=False),  # fencing number
    Column("failures", Integer, nullable=False),  # attempts that ended in an unforeseen error
    Column("run_after", BigInteger, nullable=False),  # back-off
    Column("leased_by", Text),  # the worker that runs it
    Column("lease_until", BigInteger, nullable=False),
    Column("error", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False, index=True),
    Index("jobs_of_an_account", "account_id", "job_type", "job_id"),
    Index("jobs_by_status", "status", "account_id", "job_id"),
)
