"""Calendars and terms of sites, extensions of tasks and audits, what people were told, and the mail's progress.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GRADES = ("major", "minor", "observation", "ofi")
STEPS = ("containment", "plan", "implementation", "window", "follow_up")
HOLIDAYS = ("none", "china")
MAIL = ("waiting", "sent", "skipped", "failed")
WISHES = ("each", "digest", "none")


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
        "site_schedules",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("holidays", _choice("holidays", HOLIDAYS), nullable=False),
        sa.Column("weekend", sa.JSON(), nullable=False),
        sa.Column("remind_days", sa.SmallInteger(), nullable=False),
        sa.Column("manager_after", sa.SmallInteger(), nullable=False),
        sa.Column("quality_after", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_tenant("site_schedules"),
        _refers("site_schedules", "site_id", "sites"),
        sa.UniqueConstraint(
            "organisation_id", "site_id", name=op.f("uq_site_schedules_organisation_id_site_id")
        ),
    )
    op.create_table(
        "site_calendar_days",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        *_tenant("site_calendar_days"),
        _refers("site_calendar_days", "site_id", "sites"),
        sa.UniqueConstraint(
            "organisation_id",
            "site_id",
            "day",
            name=op.f("uq_site_calendar_days_organisation_id_site_id_day"),
        ),
    )
    op.create_table(
        "site_terms",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("grade", _choice("term_grade", GRADES), nullable=False),
        sa.Column("step", _choice("term_step", STEPS), nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=True),
        sa.Column("working", sa.Boolean(), nullable=False),
        *_tenant("site_terms"),
        _refers("site_terms", "site_id", "sites"),
        sa.UniqueConstraint(
            "organisation_id",
            "site_id",
            "grade",
            "step",
            name=op.f("uq_site_terms_organisation_id_site_id_grade_step"),
        ),
    )
    op.create_table(
        "notices",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("notices"),
        _refers("notices", "person_id", "people"),
        sa.UniqueConstraint(
            "organisation_id",
            "record_kind",
            "record_id",
            "kind",
            "day",
            "person_id",
            name=op.f("uq_notices_once"),
        ),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    for table in ("tasks", "audits"):
        op.add_column(table, sa.Column("extensions", sa.Integer(), nullable=False, server_default="0"))
    # Columns with a check are added by plain SQL, which both engines take: nothing has to be rebuilt.
    op.execute(_checked("people", "mail_wish", WISHES, "each"))
    # What was told before there was a sender is not sent now.
    op.execute(_checked("outbox_messages", "mail_state", MAIL, "skipped"))
    for column in (
        sa.Column("claimed_by", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=300), nullable=False, server_default=""),
    ):
        op.add_column("outbox_messages", column)
    waiting = sa.text("mail = 'waiting'")
    op.create_index(
        "ix_outbox_messages_mail",
        "outbox_messages",
        ["organisation_id", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _checked(table: str, check: str, values: tuple[str, ...], default: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return (
        f"ALTER TABLE {table} ADD COLUMN mail VARCHAR(32) NOT NULL DEFAULT '{default}' "
        f"CONSTRAINT ck_{table}_{check} CHECK (mail IN ({listed}))"
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_messages_mail", table_name="outbox_messages")
    for column in ("failure", "not_before", "claimed_until", "claimed_by", "mail"):
        op.execute(f"ALTER TABLE outbox_messages DROP COLUMN {column}")
    op.execute("ALTER TABLE people DROP COLUMN mail")
    for table in ("tasks", "audits"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN extensions")
    for table in ("leases", "notices", "site_terms", "site_calendar_days", "site_schedules"):
        op.drop_table(table)
