"""The first schema: organisations and people, reviews and facts, the loop, scoring runs, history and outbox.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Rows of these tables are only ever added; the database itself refuses anything else.
APPEND_ONLY = ("scoring_runs", "history", "audit_events", "signatures", "catalogue_releases")


def _forbid_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME; END $$"
        )
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        return
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END"
            )


def _allow_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute("DROP FUNCTION refuse_change()")
        return
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}")


def _search_upgrade() -> None:
    """The words of a non-conformity, kept in step with its `search_text` by the database itself."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE nonconformities ADD COLUMN search_vector tsvector "
            "GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, search_text)) STORED"
        )
        op.execute("CREATE INDEX ix_nonconformities_search ON nonconformities USING gin (search_vector)")
        return
    # Contentless: the words live in nonconformities.search_text; the rowid is the record's id. A migration that
    # rebuilds the table in batch mode must make these triggers again.
    op.execute(
        "CREATE VIRTUAL TABLE nonconformity_search USING fts5("
        "words, content='', columnsize=0, tokenize='unicode61 remove_diacritics 0', prefix='3')"
    )
    forget = "INSERT INTO nonconformity_search(nonconformity_search, rowid, words) VALUES ('delete', old.id, old.search_text);"
    learn = "INSERT INTO nonconformity_search(rowid, words) VALUES (new.id, new.search_text);"
    op.execute(
        f"CREATE TRIGGER nonconformity_search_insert AFTER INSERT ON nonconformities BEGIN {learn} END"
    )
    op.execute(
        "CREATE TRIGGER nonconformity_search_update AFTER UPDATE OF search_text ON nonconformities "
        f"WHEN old.search_text IS NOT new.search_text BEGIN {forget} {learn} END"
    )
    op.execute(
        f"CREATE TRIGGER nonconformity_search_delete AFTER DELETE ON nonconformities BEGIN {forget} END"
    )


def _search_downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE nonconformity_search")


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("single_person", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisations_slug")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_subject", "sign_in_failures", ["subject", "at"], unique=False)
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audit_events_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint(
            "organisation_id", "sequence", name=op.f("uq_audit_events_organisation_id_sequence")
        ),
    )
    op.create_table(
        "audit_heads",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audit_heads_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "catalogue_releases",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_catalogue_releases_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_catalogue_releases")),
        sa.UniqueConstraint("organisation_id", "key", name=op.f("uq_catalogue_releases_organisation_id_key")),
    )
    op.create_table(
        "counters",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_counters_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "kind", name=op.f("pk_counters")),
    )
    op.create_table(
        "people",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name_zh", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("theme", sa.String(length=8), nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "manager_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_people_organisation_id_manager_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_people_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_people")),
        sa.UniqueConstraint("organisation_id", "email", name=op.f("uq_people_organisation_id_email")),
    )
    op.create_index("ix_people_email", "people", ["email"], unique=False)
    op.create_table(
        "sites",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column(
            "csp_type",
            sa.Enum(
                "third_party",
                "internal",
                name="csp_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target_level", sa.SmallInteger(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sites_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_sites")),
        sa.UniqueConstraint("organisation_id", "code", name=op.f("uq_sites_organisation_id_code")),
    )
    op.create_table(
        "audits",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "scheduled",
                "in_progress",
                "concluded",
                "cancelled",
                name="audit_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "purpose",
            sa.Enum(
                "implementation",
                "effectiveness",
                name="audit_purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "on_site", "desk", name="audit_mode", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("desk_reason", sa.Text(), nullable=False),
        sa.Column("auditor_id", sa.BigInteger(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "(state = 'concluded') = (concluded_at IS NOT NULL)", name=op.f("ck_audits_concluded_has_a_time")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "auditor_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_audits_organisation_id_auditor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_audits_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audits_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audits")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_audits_organisation_id_number")),
    )
    op.create_index(
        "ix_audits_auditor", "audits", ["organisation_id", "auditor_id", "state", "planned_on"], unique=False
    )
    op.create_index(
        "ix_audits_site", "audits", ["organisation_id", "site_id", "state", "planned_on"], unique=False
    )
    op.create_index("ix_audits_state", "audits", ["organisation_id", "state", "planned_on"], unique=False)
    op.create_table(
        "history",
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("old_state", sa.String(length=32), nullable=False),
        sa.Column("new_state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_history_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_history_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_history")),
    )
    op.create_index(
        "ix_history_record", "history", ["organisation_id", "record_kind", "record_id", "id"], unique=False
    )
    op.create_table(
        "outbox_messages",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("record_number", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_outbox_messages_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_outbox_messages_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_outbox_messages")),
    )
    op.create_index(
        "ix_outbox_messages_person", "outbox_messages", ["organisation_id", "person_id", "id"], unique=False
    )
    op.create_index(
        "ix_outbox_messages_waiting", "outbox_messages", ["organisation_id", "sent_at", "id"], unique=False
    )
    op.create_table(
        "reviews",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "in_progress",
                "reported",
                "closed",
                "cancelled",
                name="review_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("copc", sa.Boolean(), nullable=False),
        sa.Column("see_cmm", sa.Boolean(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum("standard", "gold", name="tier", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("lead_auditor_id", sa.BigInteger(), nullable=False),
        sa.Column("sampled_kcrp", sa.Text(), nullable=False),
        sa.Column("metric_list_confirmed", sa.Boolean(), nullable=False),
        sa.Column("confirmed_closures", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "state NOT IN ('reported', 'closed') OR reported_at IS NOT NULL",
            name=op.f("ck_reviews_reported_has_a_time"),
        ),
        sa.CheckConstraint("period_start <= period_end", name=op.f("ck_reviews_period_in_order")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "accepted_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_reviews_organisation_id_accepted_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "lead_auditor_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_reviews_organisation_id_lead_auditor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_reviews_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_reviews_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_reviews_organisation_id_number")),
    )
    op.create_index(
        "ix_reviews_register", "reviews", ["organisation_id", "site_id", "state", "period_end"], unique=False
    )
    op.create_table(
        "role_grants",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "administrator",
                "quality_manager",
                "lead_auditor",
                "auditor",
                "process_owner",
                "action_owner",
                "approver",
                "verifier",
                "assessor",
                "viewer",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_role_grants_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_role_grants_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_role_grants_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_role_grants")),
        sa.UniqueConstraint(
            "organisation_id",
            "person_id",
            "site_id",
            "role",
            name=op.f("uq_role_grants_organisation_id_person_id_site_id_role"),
        ),
    )
    op.create_table(
        "signatures",
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("meaning_zh", sa.String(length=200), nullable=False),
        sa.Column("meaning_en", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("printed_name", sa.String(length=250), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("segregated", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_signatures_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_signatures_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_signatures")),
    )
    op.create_index(
        "ix_signatures_record",
        "signatures",
        ["organisation_id", "record_kind", "record_id", "id"],
        unique=False,
    )
    op.create_table(
        "units",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "programme",
                "key_position",
                name="unit_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("client", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_units_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_units_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_units")),
        sa.UniqueConstraint(
            "organisation_id",
            "site_id",
            "kind",
            "code",
            name=op.f("uq_units_organisation_id_site_id_kind_code"),
        ),
    )
    op.create_table(
        "fact_sets",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "review",
                "current",
                "replaced",
                "withdrawn",
                name="fact_set_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"],
            ["catalogue_releases.organisation_id", "catalogue_releases.id"],
            name=op.f("fk_fact_sets_organisation_id_release_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_fact_sets_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_fact_sets_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_fact_sets_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_fact_sets")),
    )
    op.create_index(
        "ix_fact_sets_review", "fact_sets", ["organisation_id", "review_id", "standard"], unique=False
    )
    op.create_index(
        "uq_fact_sets_current",
        "fact_sets",
        ["organisation_id", "site_id", "standard"],
        unique=True,
        sqlite_where=sa.text("kind = 'current'"),
        postgresql_where=sa.text("kind = 'current'"),
    )
    op.create_table(
        "gap_reasons",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_gap_reasons_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_gap_reasons_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_gap_reasons_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_gap_reasons")),
        sa.UniqueConstraint(
            "organisation_id", "review_id", "key", name=op.f("uq_gap_reasons_organisation_id_review_id_key")
        ),
    )
    op.create_table(
        "metrics",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column(
            "better",
            sa.Enum(
                "higher",
                "lower",
                "range",
                name="better",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_metrics_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_metrics_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "unit_id"],
            ["units.organisation_id", "units.id"],
            name=op.f("fk_metrics_organisation_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_metrics_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_metrics_organisation_id_number")),
        sa.UniqueConstraint(
            "organisation_id",
            "site_id",
            "item",
            "code",
            name=op.f("uq_metrics_organisation_id_site_id_item_code"),
        ),
    )
    op.create_index(
        "ix_metrics_site", "metrics", ["organisation_id", "site_id", "item", "position"], unique=False
    )
    op.create_table(
        "nonconformities",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "open",
                "disputed",
                "contained",
                "correcting",
                "verifying",
                "closed",
                "void",
                name="nonconformity_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "grade",
            sa.Enum(
                "major",
                "minor",
                "observation",
                "ofi",
                name="grade",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "source",
            sa.Enum(
                "review",
                "follow_up_audit",
                "metric_alert",
                "complaint",
                "monitoring",
                "client",
                "external_audit",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column("unpinned_reason", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("raised_by_id", sa.BigInteger(), nullable=False),
        sa.Column("effort", sa.String(length=120), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=False),
        sa.Column("correction_needed", sa.Boolean(), nullable=False),
        sa.Column("no_correction_reason", sa.Text(), nullable=False),
        sa.Column("short_answer", sa.Text(), nullable=False),
        sa.Column("dispute_reason", sa.Text(), nullable=False),
        sa.Column("dispute_answer", sa.Text(), nullable=False),
        sa.Column("dispute_upheld", sa.Boolean(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("void_requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("repeat_of_id", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_step", sa.String(length=32), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("not_effective", sa.Integer(), nullable=False),
        sa.Column("answered_implemented", sa.Boolean(), nullable=True),
        sa.Column("answered_effective", sa.Boolean(), nullable=True),
        sa.Column("closure_approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_short", sa.Boolean(), nullable=False),
        sa.Column("points_alone", sa.String(length=120), nullable=True),
        sa.Column("points_rank", sa.BigInteger(), nullable=False),
        sa.Column(
            "state_rank",
            sa.SmallInteger(),
            sa.Computed(
                "CASE state WHEN 'draft' THEN 0 WHEN 'open' THEN 1 WHEN 'disputed' THEN 2 WHEN 'contained' THEN 3 WHEN 'correcting' THEN 4 WHEN 'verifying' THEN 5 WHEN 'closed' THEN 6 WHEN 'void' THEN 7 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "due_rank",
            sa.Date(),
            sa.Computed("COALESCE(due_on, '9999-12-31')", persisted=True),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_nonconformities_closed_has_a_time")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "closure_approved_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_nonconformities_organisation_id_closure_approved_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_nonconformities_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "raised_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_nonconformities_organisation_id_raised_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "repeat_of_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_nonconformities_organisation_id_repeat_of_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_nonconformities_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_nonconformities_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "void_requested_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_nonconformities_organisation_id_void_requested_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_nonconformities_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_nonconformities")),
        sa.UniqueConstraint(
            "organisation_id", "number", name=op.f("uq_nonconformities_organisation_id_number")
        ),
    )
    op.create_index(
        "ix_nonconformities_due", "nonconformities", ["organisation_id", "due_rank", "number"], unique=False
    )
    op.create_index(
        "ix_nonconformities_grade", "nonconformities", ["organisation_id", "grade", "number"], unique=False
    )
    op.create_index(
        "ix_nonconformities_owner", "nonconformities", ["organisation_id", "owner_id", "number"], unique=False
    )
    op.create_index(
        "ix_nonconformities_owner_due",
        "nonconformities",
        ["organisation_id", "owner_id", "due_rank", "number"],
        unique=False,
    )
    op.create_index(
        "ix_nonconformities_points",
        "nonconformities",
        ["organisation_id", "points_rank", "number"],
        unique=False,
    )
    op.create_index(
        "ix_nonconformities_review",
        "nonconformities",
        ["organisation_id", "review_id", "number"],
        unique=False,
    )
    op.create_index(
        "ix_nonconformities_site", "nonconformities", ["organisation_id", "site_id", "number"], unique=False
    )
    op.create_index(
        "ix_nonconformities_site_due",
        "nonconformities",
        ["organisation_id", "site_id", "due_rank", "number"],
        unique=False,
    )
    op.create_index(
        "ix_nonconformities_site_state",
        "nonconformities",
        ["organisation_id", "site_id", "state", "number"],
        unique=False,
    )
    op.create_index(
        "ix_nonconformities_state", "nonconformities", ["organisation_id", "state", "number"], unique=False
    )
    op.create_index(
        "ix_nonconformities_state_rank",
        "nonconformities",
        ["organisation_id", "state_rank", "number"],
        unique=False,
    )
    op.create_table(
        "actions",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "defining",
                "analysing",
                "planning",
                "plan_review",
                "implementing",
                "follow_up",
                "monitoring",
                "closed",
                "cancelled",
                name="action_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("problem_what", sa.Text(), nullable=False),
        sa.Column("problem_where", sa.Text(), nullable=False),
        sa.Column("problem_since", sa.Date(), nullable=True),
        sa.Column("problem_extent", sa.Text(), nullable=False),
        sa.Column("metric_id", sa.BigInteger(), nullable=True),
        sa.Column("analysis", sa.Text(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=True),
        sa.Column("effort", sa.String(length=120), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("documents_updated", sa.Boolean(), nullable=True),
        sa.Column("documents_note", sa.Text(), nullable=False),
        sa.Column("read_across", sa.Text(), nullable=False),
        sa.Column("implemented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_ends_on", sa.Date(), nullable=True),
        sa.Column("effect_result", sa.Text(), nullable=False),
        sa.Column("criterion_met", sa.Boolean(), nullable=True),
        sa.Column("standardised", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("not_effective", sa.Integer(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_step", sa.String(length=32), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_actions_closed_has_a_time")
        ),
        sa.CheckConstraint(
            "window_days IS NULL OR window_days >= 0", name=op.f("ck_actions_window_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "approver_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_actions_organisation_id_approver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "metric_id"],
            ["metrics.organisation_id", "metrics.id"],
            name=op.f("fk_actions_organisation_id_metric_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_actions_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_actions_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_actions_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_actions")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_actions_organisation_id_number")),
    )
    op.create_index("ix_actions_due", "actions", ["organisation_id", "due_on", "number"], unique=False)
    op.create_index(
        "ix_actions_owner", "actions", ["organisation_id", "owner_id", "state", "number"], unique=False
    )
    op.create_index(
        "ix_actions_site", "actions", ["organisation_id", "site_id", "state", "number"], unique=False
    )
    op.create_index("ix_actions_state", "actions", ["organisation_id", "state", "number"], unique=False)
    op.create_table(
        "audit_verdicts",
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("implemented", sa.Boolean(), nullable=True),
        sa.Column("effective", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "audit_id"],
            ["audits.organisation_id", "audits.id"],
            name=op.f("fk_audit_verdicts_organisation_id_audit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "nonconformity_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_audit_verdicts_organisation_id_nonconformity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audit_verdicts_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audit_verdicts")),
        sa.UniqueConstraint(
            "organisation_id",
            "audit_id",
            "nonconformity_id",
            name=op.f("uq_audit_verdicts_organisation_id_audit_id_nonconformity_id"),
        ),
    )
    op.create_index(
        "ix_audit_verdicts_nonconformity",
        "audit_verdicts",
        ["organisation_id", "nonconformity_id"],
        unique=False,
    )
    op.create_table(
        "facts",
        sa.Column("fact_set_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "line",
                "unit",
                "metric",
                "row",
                "word",
                name="fact_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("aspect", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("improvement_approach", sa.Boolean(), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("judged_by_id", sa.BigInteger(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "fact_set_id"],
            ["fact_sets.organisation_id", "fact_sets.id"],
            name=op.f("fk_facts_organisation_id_fact_set_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "judged_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_facts_organisation_id_judged_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_facts_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_facts")),
        sa.UniqueConstraint(
            "organisation_id", "fact_set_id", "key", name=op.f("uq_facts_organisation_id_fact_set_id_key")
        ),
    )
    op.create_table(
        "metric_targets",
        sa.Column("metric_id", sa.BigInteger(), nullable=False),
        sa.Column("from_month", sa.String(length=7), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=True),
        sa.Column("low", sa.String(length=120), nullable=True),
        sa.Column("high", sa.String(length=120), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "metric_id"],
            ["metrics.organisation_id", "metrics.id"],
            name=op.f("fk_metric_targets_organisation_id_metric_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_metric_targets_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_metric_targets")),
        sa.UniqueConstraint(
            "organisation_id",
            "metric_id",
            "from_month",
            name=op.f("uq_metric_targets_organisation_id_metric_id_from_month"),
        ),
    )
    op.create_table(
        "metric_values",
        sa.Column("metric_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("numerator", sa.String(length=120), nullable=True),
        sa.Column("denominator", sa.String(length=120), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "metric_id"],
            ["metrics.organisation_id", "metrics.id"],
            name=op.f("fk_metric_values_organisation_id_metric_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_metric_values_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_metric_values")),
        sa.UniqueConstraint(
            "organisation_id",
            "metric_id",
            "month",
            name=op.f("uq_metric_values_organisation_id_metric_id_month"),
        ),
    )
    op.create_table(
        "nonconformity_links",
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "nonconformity_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_nonconformity_links_organisation_id_nonconformity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_nonconformity_links_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_nonconformity_links")),
        sa.UniqueConstraint(
            "organisation_id",
            "nonconformity_id",
            "standard",
            "element",
            name=op.f("uq_nonconformity_links_organisation_id_nonconformity_id_standard_element"),
        ),
    )
    op.create_index(
        "ix_nonconformity_links_element",
        "nonconformity_links",
        ["organisation_id", "element", "number"],
        unique=False,
    )
    op.create_table(
        "overrules",
        sa.Column("fact_set_id", sa.BigInteger(), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column("dimension", sa.String(length=20), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "fact_set_id"],
            ["fact_sets.organisation_id", "fact_sets.id"],
            name=op.f("fk_overrules_organisation_id_fact_set_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_overrules_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_overrules_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_overrules")),
        sa.UniqueConstraint(
            "organisation_id",
            "fact_set_id",
            "element",
            "dimension",
            name=op.f("uq_overrules_organisation_id_fact_set_id_element_dimension"),
        ),
    )
    op.create_table(
        "pins",
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("element", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("aspect", sa.String(length=20), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_reason", sa.Text(), nullable=False),
        sa.Column("judged_value", sa.String(length=20), nullable=False),
        sa.Column("judged_by_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "judged_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_pins_organisation_id_judged_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "nonconformity_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_pins_organisation_id_nonconformity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_pins_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_pins_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_pins")),
        sa.UniqueConstraint(
            "organisation_id",
            "nonconformity_id",
            "standard",
            "key",
            name=op.f("uq_pins_organisation_id_nonconformity_id_standard_key"),
        ),
    )
    op.create_index("ix_pins_fact", "pins", ["organisation_id", "site_id", "standard", "key"], unique=False)
    op.create_table(
        "scoring_runs",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("release_id", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "baseline",
                "raised",
                "closed",
                "reopened",
                "data",
                "scope",
                "overrule",
                "voided",
                "withdrawn",
                "release",
                name="run_cause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("previous_id", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("total", sa.String(length=120), nullable=True),
        sa.Column("maximum", sa.String(length=120), nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "nonconformity_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_scoring_runs_organisation_id_nonconformity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_scoring_runs_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "previous_id"],
            ["scoring_runs.organisation_id", "scoring_runs.id"],
            name=op.f("fk_scoring_runs_organisation_id_previous_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"],
            ["catalogue_releases.organisation_id", "catalogue_releases.id"],
            name=op.f("fk_scoring_runs_organisation_id_release_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "review_id"],
            ["reviews.organisation_id", "reviews.id"],
            name=op.f("fk_scoring_runs_organisation_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_scoring_runs_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_scoring_runs_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_scoring_runs")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_scoring_runs_organisation_id_number")),
    )
    op.create_index(
        "ix_scoring_runs_site",
        "scoring_runs",
        ["organisation_id", "site_id", "standard", "tier", "number"],
        unique=False,
    )
    op.create_table(
        "action_dependencies",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("needs_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("action_id <> needs_id", name=op.f("ck_action_dependencies_not_itself")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "action_id"],
            ["actions.organisation_id", "actions.id"],
            name=op.f("fk_action_dependencies_organisation_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "needs_id"],
            ["actions.organisation_id", "actions.id"],
            name=op.f("fk_action_dependencies_organisation_id_needs_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_action_dependencies_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_action_dependencies")),
        sa.UniqueConstraint(
            "organisation_id",
            "action_id",
            "needs_id",
            name=op.f("uq_action_dependencies_organisation_id_action_id_needs_id"),
        ),
    )
    op.create_table(
        "action_nonconformities",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("nonconformity_id", sa.BigInteger(), nullable=False),
        sa.Column("implemented", sa.Boolean(), nullable=True),
        sa.Column("effective", sa.Boolean(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "action_id"],
            ["actions.organisation_id", "actions.id"],
            name=op.f("fk_action_nonconformities_organisation_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "nonconformity_id"],
            ["nonconformities.organisation_id", "nonconformities.id"],
            name=op.f("fk_action_nonconformities_organisation_id_nonconformity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_action_nonconformities_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_action_nonconformities")),
        sa.UniqueConstraint(
            "organisation_id",
            "action_id",
            "nonconformity_id",
            name=op.f("uq_action_nonconformities_organisation_id_action_id_nonconformity_id"),
        ),
    )
    op.create_index(
        "ix_action_nonconformities_nonconformity",
        "action_nonconformities",
        ["organisation_id", "nonconformity_id"],
        unique=False,
    )
    op.create_table(
        "causes",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "root",
                "contributing",
                "escape",
                name="cause_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("rib", sa.String(length=40), nullable=False),
        sa.Column("controllable", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "measurement",
                "observation",
                "reproduction",
                name="verification_method",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("verified_by_id", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_answer", sa.Text(), nullable=False),
        sa.Column("no_task_reason", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "(verified_at IS NULL) = (verified_by_id IS NULL)", name=op.f("ck_causes_verified_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "action_id"],
            ["actions.organisation_id", "actions.id"],
            name=op.f("fk_causes_organisation_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "parent_id"],
            ["causes.organisation_id", "causes.id"],
            name=op.f("fk_causes_organisation_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "verified_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_causes_organisation_id_verified_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_causes_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_causes")),
    )
    op.create_index("ix_causes_action", "causes", ["organisation_id", "action_id"], unique=False)
    op.create_table(
        "standings",
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("baseline_run_id", sa.BigInteger(), nullable=True),
        sa.Column("baseline", sa.String(length=120), nullable=True),
        sa.Column("verified", sa.String(length=120), nullable=True),
        sa.Column("claimed", sa.String(length=120), nullable=True),
        sa.Column("projected", sa.String(length=120), nullable=True),
        sa.Column("maximum", sa.String(length=120), nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=False),
        sa.Column("projected_verdict", sa.String(length=24), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("projected_level", sa.SmallInteger(), nullable=True),
        sa.Column("unmet", sa.JSON(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "baseline_run_id"],
            ["scoring_runs.organisation_id", "scoring_runs.id"],
            name=op.f("fk_standings_organisation_id_baseline_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "run_id"],
            ["scoring_runs.organisation_id", "scoring_runs.id"],
            name=op.f("fk_standings_organisation_id_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "site_id"],
            ["sites.organisation_id", "sites.id"],
            name=op.f("fk_standings_organisation_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_standings_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_standings")),
        sa.UniqueConstraint(
            "organisation_id",
            "site_id",
            "standard",
            name=op.f("uq_standings_organisation_id_site_id_standard"),
        ),
    )
    op.create_table(
        "tasks",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("cause_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("effort", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "done",
                "dropped",
                name="task_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("dropped_reason", sa.Text(), nullable=False),
        sa.Column("done_by_id", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f("ck_tasks_done_has_a_time")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "action_id"],
            ["actions.organisation_id", "actions.id"],
            name=op.f("fk_tasks_organisation_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "cause_id"],
            ["causes.organisation_id", "causes.id"],
            name=op.f("fk_tasks_organisation_id_cause_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "done_by_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_tasks_organisation_id_done_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["people.organisation_id", "people.id"],
            name=op.f("fk_tasks_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_tasks_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_action", "tasks", ["organisation_id", "action_id"], unique=False)
    op.create_index(
        "ix_tasks_owner", "tasks", ["organisation_id", "owner_id", "state", "due_on"], unique=False
    )
    op.create_table(
        "audit_checks",
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "audit_id"],
            ["audits.organisation_id", "audits.id"],
            name=op.f("fk_audit_checks_organisation_id_audit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "task_id"],
            ["tasks.organisation_id", "tasks.id"],
            name=op.f("fk_audit_checks_organisation_id_task_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audit_checks_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audit_checks")),
    )
    op.create_index("ix_audit_checks_audit", "audit_checks", ["organisation_id", "audit_id"], unique=False)
    _forbid_changes()
    _search_upgrade()


def downgrade() -> None:
    _search_downgrade()
    _allow_changes()

    op.drop_index("ix_audit_checks_audit", table_name="audit_checks")
    op.drop_table("audit_checks")
    op.drop_index("ix_tasks_owner", table_name="tasks")
    op.drop_index("ix_tasks_action", table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("standings")
    op.drop_index("ix_causes_action", table_name="causes")
    op.drop_table("causes")
    op.drop_index("ix_action_nonconformities_nonconformity", table_name="action_nonconformities")
    op.drop_table("action_nonconformities")
    op.drop_table("action_dependencies")
    op.drop_index("ix_scoring_runs_site", table_name="scoring_runs")
    op.drop_table("scoring_runs")
    op.drop_index("ix_pins_fact", table_name="pins")
    op.drop_table("pins")
    op.drop_table("overrules")
    op.drop_index("ix_nonconformity_links_element", table_name="nonconformity_links")
    op.drop_table("nonconformity_links")
    op.drop_table("metric_values")
    op.drop_table("metric_targets")
    op.drop_table("facts")
    op.drop_index("ix_audit_verdicts_nonconformity", table_name="audit_verdicts")
    op.drop_table("audit_verdicts")
    op.drop_index("ix_actions_state", table_name="actions")
    op.drop_index("ix_actions_site", table_name="actions")
    op.drop_index("ix_actions_owner", table_name="actions")
    op.drop_index("ix_actions_due", table_name="actions")
    op.drop_table("actions")
    op.drop_index("ix_nonconformities_state_rank", table_name="nonconformities")
    op.drop_index("ix_nonconformities_state", table_name="nonconformities")
    op.drop_index("ix_nonconformities_site_state", table_name="nonconformities")
    op.drop_index("ix_nonconformities_site_due", table_name="nonconformities")
    op.drop_index("ix_nonconformities_site", table_name="nonconformities")
    op.drop_index("ix_nonconformities_review", table_name="nonconformities")
    op.drop_index("ix_nonconformities_points", table_name="nonconformities")
    op.drop_index("ix_nonconformities_owner_due", table_name="nonconformities")
    op.drop_index("ix_nonconformities_owner", table_name="nonconformities")
    op.drop_index("ix_nonconformities_grade", table_name="nonconformities")
    op.drop_index("ix_nonconformities_due", table_name="nonconformities")
    op.drop_table("nonconformities")
    op.drop_index("ix_metrics_site", table_name="metrics")
    op.drop_table("metrics")
    op.drop_table("gap_reasons")
    op.drop_index(
        "uq_fact_sets_current",
        table_name="fact_sets",
        sqlite_where=sa.text("kind = 'current'"),
        postgresql_where=sa.text("kind = 'current'"),
    )
    op.drop_index("ix_fact_sets_review", table_name="fact_sets")
    op.drop_table("fact_sets")
    op.drop_table("units")
    op.drop_index("ix_signatures_record", table_name="signatures")
    op.drop_table("signatures")
    op.drop_table("role_grants")
    op.drop_index("ix_reviews_register", table_name="reviews")
    op.drop_table("reviews")
    op.drop_index("ix_outbox_messages_waiting", table_name="outbox_messages")
    op.drop_index("ix_outbox_messages_person", table_name="outbox_messages")
    op.drop_table("outbox_messages")
    op.drop_index("ix_history_record", table_name="history")
    op.drop_table("history")
    op.drop_index("ix_audits_state", table_name="audits")
    op.drop_index("ix_audits_site", table_name="audits")
    op.drop_index("ix_audits_auditor", table_name="audits")
    op.drop_table("audits")
    op.drop_table("sites")
    op.drop_index("ix_people_email", table_name="people")
    op.drop_table("people")
    op.drop_table("counters")
    op.drop_table("catalogue_releases")
    op.drop_table("audit_heads")
    op.drop_table("audit_events")
    op.drop_index("ix_sign_in_failures_subject", table_name="sign_in_failures")
    op.drop_table("sign_in_failures")
    op.drop_table("organisations")
