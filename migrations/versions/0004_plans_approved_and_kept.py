"""Plans as they were approved, plans kept as templates, and who waits for an action.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW = ("plan_template_tasks", "plan_templates", "plan_versions")


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
        "plan_versions",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        *_tenant("plan_versions"),
        _refers("plan_versions", "action_id", "actions"),
        _refers("plan_versions", "approved_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "action_id", "number", name="uq_plan_versions_action"),
    )
    op.create_table(
        "plan_templates",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_tenant("plan_templates"),
        _refers("plan_templates", "created_by_id", "people"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_plan_templates_name"),
        sa.CheckConstraint(
            "window_days IS NULL OR window_days > 0", name=op.f("ck_plan_templates_window_positive")
        ),
    )
    op.create_table(
        "plan_template_tasks",
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("effort", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_tenant("plan_template_tasks"),
        _refers("plan_template_tasks", "template_id", "plan_templates"),
        sa.CheckConstraint("days >= 0", name=op.f("ck_plan_template_tasks_days_not_negative")),
    )
    op.create_index(
        "ix_plan_template_tasks_template",
        "plan_template_tasks",
        ["organisation_id", "template_id", "position"],
        unique=False,
    )
    op.create_index(
        "ix_action_dependencies_needs", "action_dependencies", ["organisation_id", "needs_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_action_dependencies_needs", table_name="action_dependencies")
    for table in NEW:
        op.drop_table(table)
