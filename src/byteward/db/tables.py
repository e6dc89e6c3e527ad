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
    UniqueConstraint("folder_id", "name"),
    sqlite_autoincrement=True,
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
    UniqueConstraint("account_id", "email"),
    sqlite_autoincrement=True,
)

upload_counts: Final = Table(
    "upload_counts",
    METADATA,
    # No foreign key: a count outlives its key by at most one window, until the sweep.
    Column("key_id", Text, primary_key=True),
    Column("client_ip", Text, primary_key=True),
    Column("window_ends_at", BigInteger, nullable=False, index=True),
    Column("uploads", BigInteger, nullable=False),
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
    Column("error", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False, index=True),
    Index("jobs_of_an_account", "account_id", "job_type", "job_id"),
)
