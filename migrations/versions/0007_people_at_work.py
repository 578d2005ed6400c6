"""Comments on records, who watches them, and who stands in for whom.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        ["people.organisation_id", "people.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def _organisation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"], ["organisations.id"], name=op.f(f"fk_{table}_organisation_id")
    )


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentioned", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        _person("comments", "person_id"),
        _organisation("comments"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_comments")),
    )
    op.create_index("ix_comments_record", "comments", ["organisation_id", "record_kind", "record_id", "id"])
    op.create_table(
        "watches",
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("record_number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        _person("watches", "person_id"),
        _organisation("watches"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_watches")),
        sa.UniqueConstraint(
            "organisation_id", "record_kind", "record_id", "person_id", name="uq_watches_once"
        ),
    )
    op.create_index("ix_watches_person", "watches", ["organisation_id", "person_id", "id"])
    op.create_table(
        "delegations",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("deputy_id", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        _person("delegations", "person_id"),
        _person("delegations", "deputy_id"),
        _person("delegations", "made_by_id"),
        _organisation("delegations"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_delegations")),
        sa.CheckConstraint("deputy_id <> person_id", name=op.f("ck_delegations_another_person")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_delegations_ends_after_it_begins")),
    )
    op.create_index("ix_delegations_deputy", "delegations", ["organisation_id", "deputy_id", "until_on"])
    op.create_index("ix_delegations_person", "delegations", ["organisation_id", "person_id", "until_on"])


def downgrade() -> None:
    for table in ("delegations", "watches", "comments"):
        op.drop_table(table)
