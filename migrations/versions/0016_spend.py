"""Spend offers: what partners offer for time, its places, bookings and redemptions; and what the database refuses of them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
ONCE = sa.text("status in ('waiting', 'booked', 'redeemed')")
HOLDS = "{row}.status IN ('booked', 'redeemed')"
FIXED = "ref, offer_id, slot_id, member_id, day, begins, ends, minutes, booked_by, booked_at"
CHANGED = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in FIXED.split(", "))
ENDED = "(OLD.status = 'redeemed' AND NEW.status NOT IN ('redeemed', 'undone')) OR (OLD.status = 'undone' AND NEW.status <> 'undone')"
SAME_OFFER = "EXISTS (SELECT 1 FROM spend_slot WHERE id = NEW.slot_id AND offer_id = NEW.offer_id)"
SAME_PLACES = "EXISTS (SELECT 1 FROM spend_offer WHERE id = NEW.offer_id AND places = NEW.places)"
SQLITE = (
    f"""CREATE TRIGGER spend_place_new AFTER INSERT ON spend_booking WHEN {HOLDS.format(row="NEW")}
BEGIN UPDATE spend_slot SET taken = taken + 1 WHERE id = NEW.slot_id; END""",
    f"""CREATE TRIGGER spend_place_moved AFTER UPDATE OF status ON spend_booking WHEN ({HOLDS.format(row="NEW")}) <> ({HOLDS.format(row="OLD")})
BEGIN UPDATE spend_slot SET taken = taken + CASE WHEN {HOLDS.format(row="NEW")} THEN 1 ELSE -1 END WHERE id = NEW.slot_id; END""",
    f"""CREATE TRIGGER spend_booking_new BEFORE INSERT ON spend_booking
WHEN NOT {SAME_OFFER} OR EXISTS (SELECT 1 FROM spend_booking WHERE id = NEW.id OR ref = NEW.ref)
BEGIN SELECT RAISE(ABORT, 'spend_booking: a place of its own offer, never replaced'); END""",
    f"""CREATE TRIGGER spend_booking_fixed BEFORE UPDATE ON spend_booking WHEN {CHANGED} OR {ENDED}
BEGIN SELECT RAISE(ABORT, 'spend_booking: what was booked stays as it was'); END""",
    "CREATE TRIGGER spend_booking_kept BEFORE DELETE ON spend_booking BEGIN SELECT RAISE(ABORT, 'spend_booking: never deleted'); END",
    f"""CREATE TRIGGER spend_slot_new BEFORE INSERT ON spend_slot
WHEN NOT {SAME_PLACES} OR NEW.taken <> 0 OR EXISTS (SELECT 1 FROM spend_slot WHERE id = NEW.id OR (offer_id = NEW.offer_id AND code = NEW.code))
BEGIN SELECT RAISE(ABORT, 'spend_slot: the places of its offer, never replaced'); END""",
    f"""CREATE TRIGGER spend_slot_fixed BEFORE UPDATE OF offer_id, code, day, places ON spend_slot
WHEN NEW.offer_id <> OLD.offer_id OR NEW.code <> OLD.code OR NEW.day IS NOT OLD.day OR (NEW.places <> OLD.places AND NOT {SAME_PLACES})
BEGIN SELECT RAISE(ABORT, 'spend_slot: the places of its offer'); END""",
    "CREATE TRIGGER spend_slot_kept BEFORE DELETE ON spend_slot BEGIN SELECT RAISE(ABORT, 'spend_slot: never deleted'); END",
    """CREATE TRIGGER spend_redemption_new BEFORE INSERT ON spend_redemption
WHEN EXISTS (SELECT 1 FROM spend_redemption WHERE id = NEW.id OR booking_id = NEW.booking_id OR entry_key = NEW.entry_key)
  OR NOT EXISTS (SELECT 1 FROM spend_booking WHERE id = NEW.booking_id AND status = 'redeemed' AND minutes = NEW.minutes)
BEGIN SELECT RAISE(ABORT, 'spend_redemption: only ever appended, of what its booking costs'); END""",
    *(
        f"CREATE TRIGGER spend_redemption_no_{change.lower()} BEFORE {change} ON spend_redemption BEGIN SELECT RAISE(ABORT, 'spend_redemption: only ever appended'); END"
        for change in ("UPDATE", "DELETE")
    ),
)
RAISE = "RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation';"
POSTGRESQL = (
    f"""CREATE FUNCTION spend_place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    IF {HOLDS.format(row="NEW")} THEN
      UPDATE spend_slot SET taken = taken + 1 WHERE id = NEW.slot_id;
    END IF;
  ELSIF ({HOLDS.format(row="NEW")}) <> ({HOLDS.format(row="OLD")}) THEN
    UPDATE spend_slot SET taken = taken + CASE WHEN {HOLDS.format(row="NEW")} THEN 1 ELSE -1 END WHERE id = NEW.slot_id;
  END IF;
  RETURN NULL;
END $$""",
    "CREATE TRIGGER place AFTER INSERT OR UPDATE OF status ON spend_booking FOR EACH ROW EXECUTE FUNCTION spend_place()",
    f"""CREATE FUNCTION spend_booking_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT {SAME_OFFER} THEN {RAISE.format(words="spend_booking: a place of its own offer")} END IF;
  ELSIF TG_OP = 'DELETE' THEN
    {RAISE.format(words="spend_booking: never deleted")}
  ELSIF {CHANGED} OR {ENDED} THEN
    {RAISE.format(words="spend_booking: what was booked stays as it was")}
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE INSERT OR UPDATE OR DELETE ON spend_booking FOR EACH ROW EXECUTE FUNCTION spend_booking_fixed()",
    f"""CREATE FUNCTION spend_slot_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    {RAISE.format(words="spend_slot: never deleted")}
  ELSIF TG_OP = 'INSERT' THEN
    IF NOT {SAME_PLACES} OR NEW.taken <> 0 THEN {RAISE.format(words="spend_slot: the places of its offer")} END IF;
  ELSIF NEW.offer_id <> OLD.offer_id OR NEW.code <> OLD.code OR NEW.day IS DISTINCT FROM OLD.day OR (NEW.places <> OLD.places AND NOT {SAME_PLACES}) THEN
    {RAISE.format(words="spend_slot: the places of its offer")}
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE INSERT OR UPDATE OR DELETE ON spend_slot FOR EACH ROW EXECUTE FUNCTION spend_slot_fixed()",
    f"""CREATE FUNCTION spend_redemption_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM spend_booking WHERE id = NEW.booking_id AND status = 'redeemed' AND minutes = NEW.minutes) THEN
    {RAISE.format(words="spend_redemption: of what its booking costs")}
  END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fits BEFORE INSERT ON spend_redemption FOR EACH ROW EXECUTE FUNCTION spend_redemption_new()",
    "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON spend_redemption FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    *(
        f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("spend_booking", "spend_slot", "spend_redemption")
    ),
)
FUNCTIONS = ("spend_place", "spend_booking_fixed", "spend_slot_fixed", "spend_redemption_new")


def upgrade() -> None:
    op.create_table(
        "spend_offer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("partner_id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("places", BIG, nullable=False),
        sa.Column("per", sa.Text(), nullable=False),
        sa.Column("ahead", sa.Boolean(), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.Column("days_off", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("each_month", BIG, nullable=False),
        sa.Column("each_all", BIG, nullable=True),
        sa.Column("cancel_hours", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("flagged", sa.Text(), nullable=False),
        sa.Column("excuse", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("opened_at", AT, nullable=True),
        sa.Column("photo_file", sa.Text(), nullable=True),
        sa.Column("photo_width", BIG, nullable=True),
        sa.Column("photo_height", BIG, nullable=True),
        sa.Column("photo_alt", sa.Text(), nullable=False),
        sa.CheckConstraint("status in ('waiting', 'sent_back', 'open', 'ended')", name=op.f("ck_spend_offer_status")),
        sa.CheckConstraint("minutes > 0 and minutes <= 960 and minutes % 15 = 0", name=op.f("ck_spend_offer_minutes")),
        sa.CheckConstraint("per in ('time', 'day', 'all')", name=op.f("ck_spend_offer_per")),
        sa.CheckConstraint("places > 0 and places <= 10000", name=op.f("ck_spend_offer_places")),
        sa.CheckConstraint("each_month > 0 and (each_all is null or each_all > 0)", name=op.f("ck_spend_offer_limits")),
        sa.CheckConstraint("cancel_hours >= 0 and cancel_hours <= 168", name=op.f("ck_spend_offer_cancel_hours")),
        sa.CheckConstraint("last_day is null or last_day >= first_day", name=op.f("ck_spend_offer_days")),
        sa.CheckConstraint("flagged = '' or status <> 'open' or excuse <> ''", name=op.f("ck_spend_offer_excuse")),
        sa.CheckConstraint("status <> 'open' or opened_at is not null", name=op.f("ck_spend_offer_looked_at")),
        sa.ForeignKeyConstraint(["partner_id"], ["member.id"], name=op.f("fk_spend_offer_partner_id")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_spend_offer_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_offer")),
        sa.UniqueConstraint("ref", name=op.f("uq_spend_offer_ref")),
    )
    op.create_index("ix_spend_offer_status", "spend_offer", ["status", "id"])
    op.create_index("ix_spend_offer_partner_id", "spend_offer", ["partner_id", "id"])
    op.create_table(
        "spend_slot",
        sa.Column("id", BIG, nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("places", BIG, nullable=False),
        sa.Column("taken", BIG, nullable=False),
        sa.CheckConstraint("taken >= 0 and taken <= places", name=op.f("ck_spend_slot_not_oversold")),
        sa.ForeignKeyConstraint(["offer_id"], ["spend_offer.id"], name=op.f("fk_spend_slot_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_slot")),
        sa.UniqueConstraint("offer_id", "code", name=op.f("uq_spend_slot_offer_id_code")),
    )
    op.create_index("ix_spend_slot_offer_id_day", "spend_slot", ["offer_id", "day"])
    op.create_table(
        "spend_booking",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("slot_id", BIG, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begins", BIG, nullable=False),
        sa.Column("ends", BIG, nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("booked_by", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("booked_at", AT, nullable=False),
        sa.Column("moved_at", AT, nullable=True),
        sa.Column("free_until", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("questioned_at", AT, nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status in ('waiting', 'booked', 'redeemed', 'undone', 'cancelled', 'late', 'missed', 'off', 'passed')",
            name=op.f("ck_spend_booking_status"),
        ),
        sa.CheckConstraint("minutes > 0 and minutes % 15 = 0", name=op.f("ck_spend_booking_minutes")),
        sa.CheckConstraint("begins >= 0 and begins < ends and ends <= 1440", name=op.f("ck_spend_booking_times")),
        sa.ForeignKeyConstraint(["offer_id"], ["spend_offer.id"], name=op.f("fk_spend_booking_offer_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["spend_slot.id"], name=op.f("fk_spend_booking_slot_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_spend_booking_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_booking")),
        sa.UniqueConstraint("ref", name=op.f("uq_spend_booking_ref")),
    )
    op.create_index(
        "uq_spend_booking_once",
        "spend_booking",
        ["offer_id", "member_id", "day", "begins"],
        unique=True,
        sqlite_where=ONCE,
        postgresql_where=ONCE,
    )
    op.create_index("ix_spend_booking_member_id", "spend_booking", ["member_id", "id"])
    op.create_index("ix_spend_booking_slot_id", "spend_booking", ["slot_id", "status"])
    op.create_index("ix_spend_booking_status", "spend_booking", ["status", "day"])
    op.create_table(
        "spend_redemption",
        sa.Column("id", BIG, nullable=False),
        sa.Column("booking_id", BIG, nullable=False),
        sa.Column("partner_id", BIG, nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.CheckConstraint("minutes > 0 and minutes % 15 = 0", name=op.f("ck_spend_redemption_minutes")),
        sa.CheckConstraint("proof in ('code', 'name')", name=op.f("ck_spend_redemption_proof")),
        sa.ForeignKeyConstraint(["booking_id"], ["spend_booking.id"], name=op.f("fk_spend_redemption_booking_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["member.id"], name=op.f("fk_spend_redemption_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_redemption")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_spend_redemption_booking_id")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_spend_redemption_entry_key")),
    )
    op.create_index("ix_spend_redemption_partner_id", "spend_redemption", ["partner_id", "day"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for table in ("spend_redemption", "spend_booking", "spend_slot", "spend_offer"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")
