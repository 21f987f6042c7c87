"""The place of an award may be put right, its ward with it, once an officer has put on record why."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

SENTENCE = "award: what was decided stays as it was"
FOR_EVER = ("application_id", "fund_id", "amount", "decided_on", "released_by_id", "seconded_by_id")
PLACE = ("area_id", "ward_code", "ward_name")


def _changed(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in columns)


BEFORE = _changed((*FOR_EVER, *PLACE))
ON_RECORD = "EXISTS (SELECT 1 FROM event WHERE about = 'bid:' || OLD.application_id AND kind = 'area_corrected')"
SINCE = f"{_changed(FOR_EVER)} OR (({_changed(PLACE)}) AND (NEW.area_id = OLD.area_id OR NOT {ON_RECORD}))"


def _guard(moved: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE OR REPLACE FUNCTION award_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  IF {moved} THEN "
            f"RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;\n  RETURN NEW;\nEND $$"
        )
        return
    op.execute("DROP TRIGGER award_fixed")
    op.execute(
        f"CREATE TRIGGER award_fixed BEFORE UPDATE OF {', '.join((*FOR_EVER, *PLACE))} ON award WHEN {moved}\n"
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    )


def upgrade() -> None:
    _guard(SINCE)


def downgrade() -> None:
    _guard(BEFORE)
