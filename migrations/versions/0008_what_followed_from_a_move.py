"""What a move took along, kept with the move so that both can be taken back together.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("move_undos", sa.Column("along", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    # SQLite drops a column in place; a batch would make the table again for it.
    op.execute("ALTER TABLE move_undos DROP COLUMN along")
