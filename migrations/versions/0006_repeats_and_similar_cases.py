"""Forms taken once, moves that can be taken back, records that belong together, similar cases, ribs of a fishbone.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RELATIONS = ("duplicate", "split", "similar")
ANSWERS = ("asked", "absent", "present")


def _choice(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _tenant(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f(f"fk_{table}_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f(f"pk_{table}")),
    ]


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{other}.organisation_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def upgrade() -> None:
    op.create_table(
        "submissions",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=400), nullable=False),
        sa.Column("message", sa.String(length=400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("submissions"),
        _refers("submissions", "person_id", "people"),
        sa.UniqueConstraint(
            "organisation_id", "person_id", "key", name=op.f("uq_submissions_organisation_id_person_id_key")
        ),
    )
    op.create_index("ix_submissions_at", "submissions", ["organisation_id", "at"])
    op.create_table(
        "move_undos",
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("history_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("old_state", sa.String(length=32), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("move_undos"),
        _refers("move_undos", "person_id", "people"),
        sa.UniqueConstraint(
            "organisation_id",
            "record_kind",
            "record_id",
            name=op.f("uq_move_undos_organisation_id_record_kind_record_id"),
        ),
    )
    op.create_table(
        "nonconformity_relations",
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _choice("relation_kind", RELATIONS), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("nonconformity_relations"),
        _refers("nonconformity_relations", "nonconformity_id", "nonconformities"),
        _refers("nonconformity_relations", "other_id", "nonconformities"),
        sa.UniqueConstraint(
            "organisation_id",
            "nonconformity_id",
            "kind",
            name=op.f("uq_nonconformity_relations_one_of_a_kind"),
        ),
        sa.CheckConstraint(
            "nonconformity_id <> other_id", name=op.f("ck_nonconformity_relations_not_itself")
        ),
    )
    op.create_index(
        "ix_nonconformity_relations_other", "nonconformity_relations", ["organisation_id", "other_id"]
    )
    op.create_table(
        "similar_cases",
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", _choice("similar_case_answer", ANSWERS), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raised_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_tenant("similar_cases"),
        _refers("similar_cases", "nonconformity_id", "nonconformities"),
        _refers("similar_cases", "raised_id", "nonconformities"),
        _refers("similar_cases", "site_id", "sites"),
        _refers("similar_cases", "unit_id", "units"),
        _refers("similar_cases", "asked_by_id", "people"),
        _refers("similar_cases", "answered_by_id", "people"),
        sa.CheckConstraint(
            "(answer = 'asked') = (answered_at IS NULL)", name=op.f("ck_similar_cases_answered_at_a_time")
        ),
    )
    op.create_index(
        "ix_similar_cases_nonconformity", "similar_cases", ["organisation_id", "nonconformity_id"]
    )
    op.create_index("ix_similar_cases_raised", "similar_cases", ["organisation_id", "raised_id"])
    op.add_column("actions", sa.Column("ribs", sa.JSON(), nullable=False, server_default="[]"))
    op.create_index("ix_nonconformities_source", "nonconformities", ["organisation_id", "source", "number"])


def downgrade() -> None:
    op.drop_index("ix_nonconformities_source", table_name="nonconformities")
    op.execute("ALTER TABLE actions DROP COLUMN ribs")
    for table in ("similar_cases", "nonconformity_relations", "move_undos", "submissions"):
        op.drop_table(table)
