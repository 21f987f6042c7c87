"""One neighbour on all ideas is one worker; whom the council bought from; what neighbours gave beside hours."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STANDS = sa.text("status in ('delivered', 'checked')")
AT_CONTACT = sa.text("contact <> ''")
log = logging.getLogger("alembic.runtime.migration")


def upgrade() -> None:
    op.add_column("pledge", sa.Column("worker", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE pledge SET worker = CASE WHEN person_id IS NULL THEN 'pledge:' || id ELSE 'person:' || person_id END")
    op.create_index("ix_pledge_contact", "pledge", ["contact", "id"], sqlite_where=AT_CONTACT, postgresql_where=AT_CONTACT)
    op.create_index(op.f("ix_pledge_worker"), "pledge", ["worker"])
    _join_neighbours()
    op.add_column("payee", sa.Column("company_number", sa.Text(), nullable=False, server_default=""))
    op.execute(
        "ALTER TABLE payee ADD COLUMN individual BOOLEAN NOT NULL DEFAULT false "
        "CONSTRAINT ck_payee_individual CHECK (not individual or company_number = '')"
    )
    # the council stood there itself, because nobody had asked where it bought
    op.execute("UPDATE payee SET name = '' WHERE route = 'council_buys'")
    _deliveries()


def _join_neighbours() -> None:
    """Who was asked without an account, at an address that somebody's account has now or that another idea asked before, is the same."""
    connection = op.get_bind()
    same = connection.execute(
        sa.text(
            "SELECT pledge.id, coalesce('person:' || min(person.id), 'pledge:' || min(earlier.id)) AS known FROM pledge "
            "LEFT JOIN person ON (person.email = pledge.contact OR person.phone = pledge.contact) AND person.deleted_at IS NULL "
            "LEFT JOIN pledge AS earlier ON earlier.contact = pledge.contact AND earlier.person_id IS NULL AND earlier.id < pledge.id "
            "WHERE pledge.contact <> '' AND pledge.person_id IS NULL GROUP BY pledge.id "
            "HAVING min(person.id) IS NOT NULL OR min(earlier.id) IS NOT NULL ORDER BY pledge.id"
        )
    ).all()
    apart = 0
    for id_, known in same:
        names = {"old": f"pledge:{id_}", "new": known}
        if connection.execute(sa.text(TWO_PEOPLE), names).first() is not None:
            apart += 1
            continue
        for column in ("worker", "entered_by", "checked_by"):
            connection.execute(sa.text(f"UPDATE work_record SET {column} = :new WHERE {column} = :old"), names)
        connection.execute(sa.text("UPDATE pledge SET worker = :new WHERE id = :id"), {"new": known, "id": id_})
    if apart:
        log.warning(
            "%d of %d neighbours at one address stay two: both have a line for one idea and day, or one checked the other's",
            apart,
            len(same),
        )


def _deliveries() -> None:
    number, at = sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.DateTime(timezone=True)
    op.create_table(
        "delivery",
        sa.Column("id", number, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("award_id", number, nullable=False),
        sa.Column("pledge_id", number, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("value", number, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("entered_at", at, nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=True),
        sa.Column("checked_at", at, nullable=True),
        sa.CheckConstraint("status in ('delivered', 'checked', 'withdrawn', 'turned_down', 'taken_back')", name=op.f("ck_delivery_status")),
        sa.CheckConstraint("kind in ('goods', 'room', 'cash')", name=op.f("ck_delivery_kind")),
        sa.CheckConstraint("value > 0", name=op.f("ck_delivery_value")),
        sa.CheckConstraint("checked_by is null or checked_by <> entered_by", name=op.f("ck_delivery_second_person")),
        sa.CheckConstraint("status not in ('checked', 'taken_back') or checked_by is not null", name=op.f("ck_delivery_checked")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_delivery_award_id")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_delivery_pledge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("ref", name=op.f("uq_delivery_ref")),
    )
    op.create_index("ix_delivery_award_id", "delivery", ["award_id"])
    op.create_index(
        "uq_delivery_standing", "delivery", ["pledge_id", "day", "kind", "what"], unique=True, sqlite_where=STANDS, postgresql_where=STANDS
    )
    op.add_column("award", sa.Column("given", number, nullable=False, server_default="0"))


# one line cannot stand for both, and nobody checks their own
TWO_PEOPLE = (
    "SELECT one.id FROM work_record AS one JOIN work_record AS other ON other.purpose_id = one.purpose_id AND other.day = one.day "
    "WHERE one.worker = :old AND other.worker = :new AND one.refused_at IS NULL AND other.refused_at IS NULL "
    "UNION ALL SELECT id FROM work_record WHERE entered_by IN (:old, :new) AND checked_by IN (:old, :new) LIMIT 1"
)


def downgrade() -> None:
    connection = op.get_bind()
    op.drop_column("award", "given")
    op.drop_table("delivery")
    op.execute("UPDATE payee SET name = coalesce((SELECT coalesce(nullif(publisher_name, ''), name) FROM scheme), '') WHERE name = ''")
    op.drop_column("payee", "individual")
    op.drop_column("payee", "company_number")
    # the older code looks for hours under the pledge itself
    for id_, application_id, known in connection.execute(
        sa.text("SELECT id, application_id, worker FROM pledge WHERE person_id IS NULL AND worker <> 'pledge:' || id")
    ).all():
        for column in ("worker", "entered_by", "checked_by"):
            connection.execute(
                sa.text(
                    f"UPDATE work_record SET {column} = :old WHERE {column} = :new AND purpose_id IN (SELECT purpose.id FROM purpose "
                    "JOIN award ON purpose.about = 'award:' || award.id WHERE award.application_id = :bid)"
                ),
                {"old": f"pledge:{id_}", "new": known, "bid": application_id},
            )
    op.drop_index(op.f("ix_pledge_worker"), table_name="pledge")
    op.drop_index("ix_pledge_contact", table_name="pledge")
    op.drop_column("pledge", "worker")
