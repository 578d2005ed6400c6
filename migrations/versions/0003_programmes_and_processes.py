"""Values of metrics by programme with a declared roll-up, required metrics by service, and key processes.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEW = (
    "process_audits",
    "process_metrics",
    "processes",
    "exhibit_answers",
    "exhibit_sites",
    "exhibit_entries",
    "metric_programme_values",
)


def upgrade() -> None:
    # A column that brings its check along can be added in place on both databases, without rebuilding the table.
    op.execute(
        "ALTER TABLE metrics ADD COLUMN roll_up VARCHAR(32) CONSTRAINT ck_metrics_roll_up "
        "CHECK (roll_up IN ('each', 'sum', 'mean', 'pooled', 'weighted', 'worst'))"
    )
    op.add_column(
        "metric_values", sa.Column("provisional", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "metric_programme_values",
        sa.Column("metric_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=True),
        sa.Column("numerator", sa.String(length=120), nullable=True),
        sa.Column("denominator", sa.String(length=120), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "metric_id"],
            ["metrics.organisation_id", "metrics.id"],
            name=op.f("fk_metric_programme_values_organisation_id_metric_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "unit_id"],
            ["units.organisation_id", "units.id"],
            name=op.f("fk_metric_programme_values_organisation_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_metric_programme_values_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_metric_programme_values")),
        sa.UniqueConstraint(
            "organisation_id", "metric_id", "unit_id", "month", name="uq_metric_programme_values_month"
        ),
    )
    op.create_table(
        "exhibit_entries",
        sa.Column(
            "service",
            sa.Enum(
                "any",
                "inbound",
                "outbound",
                "written",
                "chat",
                "back_office",
                name="service",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_exhibit_entries_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_exhibit_entries")),
    )
    op.create_index(
        "ix_exhibit_entries_item", "exhibit_entries", ["organisation_id", "item", "position"], unique=False
    )
    op.create_table(
        "exhibit_sites",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("confirmed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_of", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "confirmed_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_exhibit_sites_organisation_id_confirmed_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_exhibit_sites_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_exhibit_sites_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_exhibit_sites")),
        sa.UniqueConstraint(
            "organisation_id", "site_id", name=op.f("uq_exhibit_sites_organisation_id_site_id")
        ),
    )
    op.create_table(
        "exhibit_answers",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("metric_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "entry_id"],
            ["exhibit_entries.organisation_id", "exhibit_entries.id"],
            name=op.f("fk_exhibit_answers_organisation_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "metric_id"],
            ["metrics.organisation_id", "metrics.id"],
            name=op.f("fk_exhibit_answers_organisation_id_metric_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_exhibit_answers_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_exhibit_answers_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_exhibit_answers")),
        sa.UniqueConstraint(
            "organisation_id",
            "site_id",
            "entry_id",
            name=op.f("uq_exhibit_answers_organisation_id_site_id_entry_id"),
        ),
    )
    op.create_table(
        "processes",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("kcrp", "ksp", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("procedure", sa.String(length=400), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("audit_months", sa.Integer(), nullable=False),
        sa.Column("outsourced", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_processes_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_processes_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "unit_id"],
            ["units.organisation_id", "units.id"],
            name=op.f("fk_processes_organisation_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_processes_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_processes")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_processes_organisation_id_number")),
    )
    op.create_index(
        "ix_processes_site", "processes", ["organisation_id", "site_id", "kind", "number"], unique=False
    )
    op.create_table(
        "process_metrics",
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("metric_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "metric_id"],
            ["metrics.organisation_id", "metrics.id"],
            name=op.f("fk_process_metrics_organisation_id_metric_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "process_id"],
            ["processes.organisation_id", "processes.id"],
            name=op.f("fk_process_metrics_organisation_id_process_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_process_metrics_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_process_metrics")),
        sa.UniqueConstraint(
            "organisation_id",
            "process_id",
            "metric_id",
            name=op.f("uq_process_metrics_organisation_id_process_id_metric_id"),
        ),
    )
    op.create_table(
        "process_audits",
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("audited_on", sa.Date(), nullable=False),
        sa.Column("auditor_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "result",
            sa.Enum(
                "followed",
                "deviations",
                "not_followed",
                name="result",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("checklist", sa.String(length=400), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "auditor_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_process_audits_organisation_id_auditor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "process_id"],
            ["processes.organisation_id", "processes.id"],
            name=op.f("fk_process_audits_organisation_id_process_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_process_audits_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_process_audits")),
    )
    op.create_index(
        "ix_process_audits_process",
        "process_audits",
        ["organisation_id", "process_id", "audited_on"],
        unique=False,
    )


def downgrade() -> None:
    for table in NEW:
        op.drop_table(table)
    op.drop_column("metric_values", "provisional")
    op.drop_column("metrics", "roll_up")
