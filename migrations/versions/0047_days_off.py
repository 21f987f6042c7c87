"""Settings: days off of the scheme's own, and its limits. The last day to appeal is kept with the letter that told it, so that no day off moves it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORKING_DAYS = 20  # as every letter said until now
LONDON = ZoneInfo("Europe/London")
APPLICATION = sa.table(
    "application",
    sa.column("id", sa.BigInteger()),
    sa.column("status", sa.Text()),
    sa.column("released_at", sa.DateTime(timezone=True)),
    sa.column("appeal_by", sa.Date()),
)
EVENT = sa.table("event", sa.column("about", sa.Text()), sa.column("kind", sa.Text()), sa.column("at", sa.DateTime(timezone=True)))


def upgrade() -> None:
    op.create_table(
        "day_off",
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_day_off_name")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_day_off_span")),
        sa.PrimaryKeyConstraint("first_day", name=op.f("pk_day_off")),
        sa.UniqueConstraint("last_day", name=op.f("uq_day_off_last_day")),
    )
    op.create_table(
        "scheme_limit",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.CheckConstraint(
            "(key = 'large' and value between 100000 and 100000000) or (key = 'receipt' and value between 3 and 60) or "
            "(key = 'appeal' and value between 10 and 60) or (key = 'answer' and value between 3 and 40) or "
            "(key = 'second_look' and value between 5 and 40) or (key = 'neighbours' and value between 6 and 30) or "
            "(key = 'slow' and value between 3 and 30)",
            name=op.f("ck_scheme_limit_bounds"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_scheme_limit")),
    )
    op.add_column("application", sa.Column("appeal_by", sa.Date(), nullable=True))
    _keep_what_was_told()


def _keep_what_was_told() -> None:
    bind = op.get_bind()
    released = sa.select(APPLICATION.c.id, APPLICATION.c.released_at).where(APPLICATION.c.released_at.is_not(None))
    _write(bind, bind.execute(released).tuples().all())
    name = sa.literal("bid:") + sa.cast(APPLICATION.c.id, sa.Text())
    ineligible = (
        sa.select(APPLICATION.c.id, sa.func.max(EVENT.c.at, type_=sa.DateTime(timezone=True)))
        .join(EVENT, sa.and_(EVENT.c.about == name, EVENT.c.kind == "ineligible"))
        .where(APPLICATION.c.status == "ineligible")
        .group_by(APPLICATION.c.id)
    )
    _write(bind, bind.execute(ineligible).tuples().all())


def _write(bind: sa.Connection, told: Iterable[tuple[int, datetime]]) -> None:
    found: dict[date, date] = {}
    rows = []
    for id_, at in told:
        day = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(LONDON).date()
        if day not in found:
            found[day] = _last_day(day)
        rows.append({"bid": id_, "day": found[day]})
    if rows:
        bind.execute(sa.update(APPLICATION).where(APPLICATION.c.id == sa.bindparam("bid")).values(appeal_by=sa.bindparam("day")), rows)


def _last_day(day: date) -> date:
    closed = holidays.country_holidays("GB", subdiv="ENG")
    left = WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in closed
    return day


def downgrade() -> None:
    op.drop_column("application", "appeal_by")
    op.drop_table("scheme_limit")
    op.drop_table("day_off")
