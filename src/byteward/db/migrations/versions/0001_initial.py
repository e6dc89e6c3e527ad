"""The first schema, written out: later changes of `tables.py` do not reach back into it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite gives rowid behaviour (and autoincrement) only to a column typed exactly INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_accounts()
    _create_objects()
    _create_removals()
    _create_upload_counts()
    _create_api_keys()
    _create_folders()
    _create_jwt_certificates()
    _create_presets()
    _create_uploads()
    _create_users()
    _create_files()
    _create_upload_parts()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("authority_epoch", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
    )


def _create_objects() -> None:
    op.create_table(
        "objects",
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("block_digests", sa.LargeBinary(), nullable=False),
        sa.Column("is_corrupt", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name="pk_objects"),
    )


def _create_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name="pk_removals"),
    )
    op.create_index("ix_removals_queued_at", "removals", ["queued_at"])


def _create_upload_counts() -> None:
    op.create_table(
        "upload_counts",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("client_ip", sa.Text(), nullable=False),
        sa.Column("window_ends_at", sa.BigInteger(), nullable=False),
        sa.Column("uploads", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "client_ip", name="pk_upload_counts"),
    )
    op.create_index("ix_upload_counts_window_ends_at", "upload_counts", ["window_ends_at"])


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("public_text", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("expires_at_seconds", sa.BigInteger(), nullable=True),
        sa.Column("require_jwt", sa.Boolean(), nullable=False),
        sa.Column("allowed_origins", sa.Text(), nullable=False),
        sa.Column("path_permissions", sa.Text(), nullable=False),
        sa.Column("tag_permissions", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("default_upload_path", sa.Text(), nullable=False),
        sa.Column("upload_rate_limit", sa.Text(), nullable=True),
        sa.Column("sealed_secure_url_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_api_keys_account_id"
        ),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("account_id", "name", name="uq_api_keys_account_id_name"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )


def _create_folders() -> None:
    op.create_table(
        "folders",
        sa.Column("folder_id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_virtual", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("public_permissions", sa.Text(), nullable=True),
        sa.Column("storage_layer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_folders_account_id"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["folders.folder_id"], name="fk_folders_parent_id"),
        sa.PrimaryKeyConstraint("folder_id", name="pk_folders"),
        sa.UniqueConstraint("parent_id", "name", name="uq_folders_parent_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "one_root_folder_per_account",
        "folders",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("parent_id IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL"),
    )


def _create_jwt_certificates() -> None:
    op.create_table(
        "jwt_certificates",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_jwt_certificates_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "certificate_id", name="pk_jwt_certificates"),
    )


def _create_presets() -> None:
    op.create_table(
        "presets",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("transformation", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_presets_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_presets"),
    )


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("part_size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("original_file_name", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("is_create_only", sa.Boolean(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_uploads_account_id"
        ),
        sa.PrimaryKeyConstraint("upload_id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_index("uploads_in_progress_by_path", "uploads", ["account_id", "path"])


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_users_account_id"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.UniqueConstraint("account_id", "email", name="uq_users_account_id_email"),
        sqlite_autoincrement=True,
    )


def _create_files() -> None:
    op.create_table(
        "files",
        sa.Column("file_id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("folder_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("original_file_name", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folders.folder_id"], name="fk_files_folder_id"),
        sa.ForeignKeyConstraint(["object_id"], ["objects.object_id"], name="fk_files_object_id"),
        sa.PrimaryKeyConstraint("file_id", name="pk_files"),
        sa.UniqueConstraint("folder_id", "name", name="uq_files_folder_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_files_object_id", "files", ["object_id"])


def _create_upload_parts() -> None:
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("part_index", sa.Integer(), nullable=False),
        sa.Column("staged_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("md5", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("block_digests", sa.LargeBinary(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name="fk_upload_parts_upload_id"
        ),
        sa.PrimaryKeyConstraint("upload_id", "part_index", name="pk_upload_parts"),
    )
    op.create_index("ix_upload_parts_staged_id", "upload_parts", ["staged_id"])
