"""What happened: opened when the money is paid, written by the applicant, accepted by an officer."""

from sqlalchemy import select

from portal.db import db, must_be_in_transaction
from portal.grants.model import Award, Report
from portal.grants.moves import begin, move
from portal.history import Actor
from portal.refs import new_ref


def open_report(award: Award, actor: Actor) -> None:
    """Ask for the report of a paid award, as a part of an action. One that was opened before stays as it is."""
    must_be_in_transaction()
    if db.session.scalar(select(Report.id).where(Report.award_id == award.id)) is None:
        report = Report(ref=new_ref("RPT"), award_id=award.id, due=award.report_due)
        db.session.add(report)
        db.session.flush()
        begin(report, "due", actor)
    move(award, "report_opened", actor)
