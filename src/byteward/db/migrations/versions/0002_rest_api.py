"""Jobs, and what the rest of the REST API stores."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_jobs()
    _index_folders_for_listings()
    _add_upload_rules()
    _add_expiry_of_files()
    _count_usage()
    _add_storage_layers()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("authority", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("run_after", sa.BigInteger(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name="fk_jobs_account_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("jobs_of_an_account", "jobs", ["account_id", "job_type", "job_id"])
    op.create_index("jobs_by_status", "jobs", ["status", "account_id", "job_id"])
    op.create_index("ix_jobs_updated_at", "jobs", ["updated_at"])


def _index_folders_for_listings() -> None:
    op.create_index("folders_in_listing_order", "folders", ["parent_id", sa.text("name || '/'")])


def _add_upload_rules() -> None:
    op.add_column("accounts", sa.Column("tag_rules", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("upload_bytes_limit", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("max_upload_bytes", sa.BigInteger(), nullable=True))
    op.drop_table("upload_counts")
    op.create_table(
        "upload_windows",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("slice_ms", sa.BigInteger(), nullable=False),
        sa.Column("newest_slice", sa.BigInteger(), nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("passes_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_upload_windows"),
    )
    op.create_index("ix_upload_windows_passes_at", "upload_windows", ["passes_at"])


def _add_expiry_of_files() -> None:
    op.add_column("files", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "files_that_expire",
        "files",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )


def _count_usage() -> None:
    op.create_table(
        "account_usage",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("stored_files", sa.BigInteger(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("reserved_bytes", sa.BigInteger(), nullable=False),
        sa.Column("upload_month", sa.Integer(), nullable=False),
        sa.Column("uploads", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_account_usage_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_usage"),
    )
    op.execute(
        """
        INSERT INTO account_usage
          (account_id, stored_files, stored_bytes, reserved_bytes, upload_month, uploads)
        SELECT a.account_id,
          (SELECT count(*) FROM files f JOIN folders d ON d.folder_id = f.folder_id
            WHERE d.account_id = a.account_id),
          (SELECT coalesce(sum(f.size_bytes), 0) FROM files f
            JOIN folders d ON d.folder_id = f.folder_id WHERE d.account_id = a.account_id),
          (SELECT coalesce(sum(u.size_bytes), 0) FROM uploads u
            WHERE u.account_id = a.account_id AND u.state = 'open'),
          0, 0
        FROM accounts a
        """
    )


def _add_storage_layers() -> None:
    op.add_column("folders", sa.Column("sealed_storage_layer", sa.LargeBinary(), nullable=True))
    op.create_index(
        "folders_with_storage_layers",
        "folders",
        ["account_id"],
        sqlite_where=sa.text("storage_layer IS NOT NULL"),
        postgresql_where=sa.text("storage_layer IS NOT NULL"),
    )
    op.create_table(
        "external_files",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("folder_id", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("original_file_name", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name="fk_external_files_account_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "location", "object_key", name="pk_external_files"),
    )
    op.create_index(
        "external_files_that_expire",
        "external_files",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
