"""Reviews that carry on from the last one, share their work, are calibrated and sampled; audits by others.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW = (
    "external_findings",
    "external_audits",
    "review_sample_checks",
    "review_samples",
    "blind_verdicts",
    "calibrations",
    "review_assignments",
    "review_origins",
)


def upgrade() -> None:
    op.add_column("facts", sa.Column("carried", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "review_origins",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("from_review_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "from_review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_review_origins_organisation_id_from_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_review_origins_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_review_origins_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_review_origins_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_review_origins")),
        sa.UniqueConstraint(
            "organisation_id", "review_id", name=op.f("uq_review_origins_organisation_id_review_id")
        ),
    )
    op.create_table(
        "review_assignments",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column("auditor_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "assigned",
                "submitted",
                "returned",
                "accepted",
                name="assignment_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "auditor_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_review_assignments_organisation_id_auditor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_review_assignments_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_review_assignments_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_review_assignments")),
        sa.UniqueConstraint(
            "organisation_id",
            "review_id",
            "element",
            name=op.f("uq_review_assignments_organisation_id_review_id_element"),
        ),
    )
    op.create_index(
        "ix_review_assignments_auditor",
        "review_assignments",
        ["organisation_id", "auditor_id", "state"],
        unique=False,
    )
    op.create_table(
        "calibrations",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("second_id", sa.BigInteger(), nullable=False),
        sa.Column("first_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("first_id <> second_id", name=op.f("ck_calibrations_two_people")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "first_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_calibrations_organisation_id_first_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_calibrations_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "second_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_calibrations_organisation_id_second_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "settled_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_calibrations_organisation_id_settled_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_calibrations_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_calibrations")),
        sa.UniqueConstraint(
            "organisation_id",
            "review_id",
            "element",
            name=op.f("uq_calibrations_organisation_id_review_id_element"),
        ),
    )
    op.create_table(
        "blind_verdicts",
        sa.Column("calibration_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "calibration_id"],
            ["calibrations.organisation_id", "calibrations.id"],
            name=op.f("fk_blind_verdicts_organisation_id_calibration_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_blind_verdicts_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_blind_verdicts_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_blind_verdicts")),
        sa.UniqueConstraint(
            "organisation_id",
            "calibration_id",
            "person_id",
            "key",
            name=op.f("uq_blind_verdicts_organisation_id_calibration_id_person_id_key"),
        ),
    )
    op.create_table(
        "review_samples",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("process_id", sa.BigInteger(), nullable=True),
        sa.Column("process", sa.String(length=200), nullable=False),
        sa.Column("sampled_on", sa.Date(), nullable=False),
        sa.Column("auditor_id", sa.BigInteger(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "auditor_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_review_samples_organisation_id_auditor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "process_id"],
            ["processes.organisation_id", "processes.id"],
            name=op.f("fk_review_samples_organisation_id_process_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_review_samples_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_review_samples_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_review_samples")),
    )
    op.create_index(
        "ix_review_samples_review", "review_samples", ["organisation_id", "review_id"], unique=False
    )
    op.create_table(
        "review_sample_checks",
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(length=40), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column(
            "answer",
            sa.Enum(
                "yes",
                "no",
                "not_applicable",
                name="sample_answer",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "sample_id"],
            ["review_samples.organisation_id", "review_samples.id"],
            name=op.f("fk_review_sample_checks_organisation_id_sample_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_review_sample_checks_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_review_sample_checks")),
    )
    op.create_index(
        "ix_review_sample_checks_sample",
        "review_sample_checks",
        ["organisation_id", "sample_id", "position"],
        unique=False,
    )
    op.create_table(
        "external_audits",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "held",
                "cancelled",
                name="external_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.String(length=160), nullable=False),
        sa.Column("standard", sa.String(length=120), nullable=False),
        sa.Column("beside", sa.String(length=40), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "passed",
                "conditional",
                "failed",
                name="external_verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("score", sa.String(length=120), nullable=True),
        sa.Column("maximum", sa.String(length=120), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "(state = 'held') = (held_on IS NOT NULL)", name=op.f("ck_external_audits_held_has_a_day")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_external_audits_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_external_audits_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_external_audits")),
        sa.UniqueConstraint(
            "organisation_id", "number", name=op.f("uq_external_audits_organisation_id_number")
        ),
    )
    op.create_index(
        "ix_external_audits_site",
        "external_audits",
        ["organisation_id", "site_id", "planned_on"],
        unique=False,
    )
    op.create_table(
        "external_findings",
        sa.Column("external_audit_id", sa.BigInteger(), nullable=False),
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "external_audit_id"],
            ["external_audits.organisation_id", "external_audits.id"],
            name=op.f("fk_external_findings_organisation_id_external_audit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "nonconformity_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_external_findings_organisation_id_nonconformity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_external_findings_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_external_findings")),
        sa.UniqueConstraint(
            "organisation_id",
            "nonconformity_id",
            name=op.f("uq_external_findings_organisation_id_nonconformity_id"),
        ),
    )
    op.create_index(
        "ix_external_findings_audit",
        "external_findings",
        ["organisation_id", "external_audit_id"],
        unique=False,
    )


def downgrade() -> None:
    for table in NEW:
        op.drop_table(table)
    op.drop_column("facts", "carried")
