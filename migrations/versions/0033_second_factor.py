"""A second factor for who moves money or reads of others, codes for the day when the phone is lost, and forms that wait while somebody proves who they are."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sign_in_session", sa.Column("second_at", AT, nullable=True))
    op.create_table(
        "second_factor",
        sa.Column("id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("confirmed_at", AT, nullable=True),
        sa.Column("last_step", BIG, nullable=True),
        sa.Column("wrong_tries", BIG, nullable=False),
        sa.Column("wrong_since", AT, nullable=True),
        sa.CheckConstraint("wrong_tries >= 0", name=op.f("ck_second_factor_wrong_tries")),
        sa.CheckConstraint("confirmed_at is null or last_step is not null", name=op.f("ck_second_factor_last_step")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_second_factor_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor")),
    )
    for name, where in (("uq_second_factor_confirmed", "confirmed_at is not null"), ("uq_second_factor_shown", "confirmed_at is null")):
        op.create_index(name, "second_factor", ["person_id"], unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_table(
        "recovery_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("person_id", "code_hash", name=op.f("uq_recovery_code_person_id_code_hash")),
    )
    op.create_table(
        "held_form",
        sa.Column("session_id", BIG, autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sign_in_session.id"], name=op.f("fk_held_form_session_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_held_form")),
    )


def downgrade() -> None:
    for table in ("held_form", "recovery_code", "second_factor"):
        op.drop_table(table)
    op.drop_column("sign_in_session", "second_at")
