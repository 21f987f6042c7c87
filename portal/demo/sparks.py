"""Quick sparks in the demo: floats asked for, granted, topped up, refused and ended; sparks with and without receipts; months read."""

import io
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw
from sqlalchemy import select

from portal import clock, photos
from portal.db import db, transaction
from portal.grants import floats, quick, quick_review
from portal.grants.model import QuickReview, QuickSpark
from portal.history import Actor
from portal.money import Pence
from portal.panels import actions as panels
from portal.panels.model import Matter, Panel
from portal.people import actions as people
from portal.people.access import Who
from portal.people.model import Role

if TYPE_CHECKING:
    from portal.demo.story import Story

# (days ago, what for, whom it helps, pence, kind of payee, name, receipt?)
OF_GUS = (
    (96, "A kettle for the warm room", "Those who come on Tuesdays", 18_99, "shop", "Quay Street Hardware", True),
    (93, "A bus fare to the eye clinic", "An older neighbour", 4_60, "person", "Dorothy Lowe", True),
    (84, "Paint for the shed door", "The allotment group", 16_50, "shop", "Brush and Bucket", True),
    (72, "Tea and biscuits for a first coffee morning", "Six neighbours on the stairs", 12_00, "group", "Wednesday Friends", True),
    (58, "School shoes, size 3", "A family new to the estate", 24_00, "shop", "Little Steps", True),
    (51, "Bulbs for the beds by the library", "Everybody who passes", 9_80, "shop", "Corner Growers Nursery", True),
    (44, "A key cut for a helper", "A man who came out of hospital", 5_50, "shop", "Quay Street Hardware", True),
    (33, "A lamp for a dark stair", "Four flats", 14_25, "shop", "Quay Street Hardware", True),
    (27, "Yarn for the sewing circle", "Stitch Together", 11_40, "group", "Stitch Together", True),
    (9, "A warm blanket", "A neighbour whose boiler broke", 22_00, "shop", "Market Hall", True),
    (3, "Ingredients for a soup", "The Saturday table", 13_70, "shop", "Green Basket", False),
)
OF_HANA = ((24, "A phone card", "A young man without credit", 10_00, "shop", "Station News", False),)
OF_IVO = ((60, "Garden gloves", "Two children who help", 7_50, "shop", "Brush and Bucket", True),)


class QuickSparks:
    """Told after the rest of the story, so that nothing before it changes."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.officer = Actor(story.staff["council-officer"].id)
        self.tap = 0

    def tell(self) -> None:
        gus = self.story.staff["connector"]
        hana, ivo, old = self._connectors()
        self._granted(gus, 110, 150_00, "Three estates without a shop nearby: small things that cannot wait for a round.")
        self._granted(hana, 80, 60_00, "For the young people’s evenings at the quay.")
        self._granted(ivo, 78, 40_00, "For the allotments.")
        self._granted(old, 200, 50_00, "To try it out.")
        self._spend(gus, OF_GUS[:7])
        self._granted(gus, 40, 50_00, "The first float is nearly given; the list shows for what.")
        self._spend(gus, OF_GUS[7:])
        self._spend(hana, OF_HANA)
        self._spend(ivo, OF_IVO)
        self._put_right_and_let_go(gus)
        self._ended(ivo, old)
        self._read()
        self._asked(hana)

    def _connectors(self) -> tuple[Who, Who, Who]:
        made = []
        with self.story.at(self.story.ago(220)), transaction():
            for does, first, last in (("connector", "Hana", "Osei"), ("", "Ivo", "Novak"), ("", "Lena", "Farrow")):
                someone = (
                    self.story._person(does, first, last)
                    if does
                    else people.create_person(f"{first} {last}", email=f"{first.lower()}@people.example", area_id=self.story.areas[0].id)
                )
                db.session.add(
                    Role(person_id=someone.id, name="connector", since=clock.today(), reason="Trained with the others in spring")
                )
                made.append(self.story._who(someone, "connector"))
        return made[0], made[1], made[2]

    # --- the panel -------------------------------------------------------------------------------------------------------

    def _ask(self, who: Who, days: float, pence: int, reason: str, fund: str = "small-sparks") -> str:
        self.tap += 1
        with self.story.at(self.story.ago(days + 6)):
            return floats.ask(who.ref, fund, self.story.panel_ref, Pence(pence), reason, Actor(who.id), once_key=f"demo:quick:{self.tap}")

    def _decide(self, request: str, days: float, choice: str = "yes") -> None:
        asked = floats.request_by_ref(request)
        matter = db.session.scalars(select(Matter.ref).where(Matter.about == floats.matter_about(asked))).one()
        with self.story.at(self.story.ago(days)):
            for member in self.story.panel[:3]:
                panels.declare(member, self.story.panel_ref, matter, "none")
                panels.vote(
                    member, self.story.panel_ref, matter, choice, "" if choice == "yes" else "Let us see first how the other floats go."
                )
            panels.close(self.story.staff["council-officer"], self.story.panel_ref, matter)

    def _granted(self, who: Who, days: float, pence: int, reason: str) -> None:
        self._decide(self._ask(who, days, pence, reason), days)

    def _asked(self, hana: Who) -> None:
        """One that the panel refused, one that was taken back, one that waits."""
        self._decide(self._ask(hana, 30, 300_00, "For the whole winter.", "warm-winter"), 30, "no")
        withdrawn = self._ask(hana, 14, 80_00, "Typed for the wrong fund.")
        with self.story.at(self.story.ago(19)):
            floats.withdraw(withdrawn, "Typed for the wrong fund", self.officer)
        self.tap += 1
        with self.story.at(self.story.ago(2)):
            floats.ask(
                self.story.staff["connector"].ref, "small-sparks", self.story.panel_ref, Pence(100_00), "Winter is coming, and boilers break.",
                self.officer, once_key=f"demo:quick:{self.tap}",
            )  # fmt: skip

    # --- giving ----------------------------------------------------------------------------------------------------------

    def _spend(self, who: Who, some: tuple[tuple[int, str, str, int, str, str, bool], ...]) -> None:
        for number, (days, what, helps, pence, kind, name, receipt) in enumerate(some):
            self.tap += 1
            with self.story.at(self.story.ago(days, hour=11)):
                float_ = quick.floats_of(who.id)[0]
                given = quick.Given(what, helps, self.story.areas[number % 4].id, Pence(pence), clock.today(), kind, name, not_ours=True)
                quick.spend(
                    float_.ref, given, self._paper(number, what, pence) if receipt else None, self._picture(number) if number in (2, 5) else None,
                    "A drawing of what was made", self.story.data_dir, Actor(who.id, None, ("in person", "telephone")[number % 2]), once_key=f"demo:quick:{self.tap}",
                )  # fmt: skip

    def _put_right_and_let_go(self, gus: Who) -> None:
        """One was paid by somebody else after all; one was given without a till, on a slip that an officer typed."""
        key = next(each for each in quick.sparks_of(gus.id) if each.what.startswith("A key"))
        with self.story.at(self.story.ago(41)):
            quick.put_right(key.ref, "The shop gave the money back", self.officer)
        self.tap += 1
        with self.story.at(self.story.ago(20, hour=15)):
            float_ = quick.floats_of(gus.id)[0]
            given = quick.Given("Eggs from the allotment for a cake stall", "The hall", self.story.areas[1].id, Pence(6_00), clock.today(), "person", "Harold Tidy", not_ours=True)  # fmt: skip
            ref = quick.spend(
                float_.ref, given, None, None, "", self.story.data_dir, Actor(self.officer.person_id, gus.id, "slip 12"), once_key=f"demo:quick:{self.tap}"
            )  # fmt: skip
        with self.story.at(self.story.ago(18)):
            quick.waive(ref, "Sold over the fence, no till; the connector saw it", self.officer)

    def _ended(self, ivo: Who, old: Who) -> None:
        """One role ended and its float is still out; one float went back."""
        administrator = Actor(self.story.staff["administrator"].id)
        with self.story.at(self.story.ago(5)):
            role = db.session.scalars(select(Role).where(Role.person_id == ivo.id)).one()
            people.end_role(ivo.id, role.id, "He moves away", administrator)
        with self.story.at(self.story.ago(120)):
            floats.take_back(quick.floats_of(old.id)[0].ref, "The trial is over, thank you", self.officer)

    # --- the panel's look ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Each month on its first: read by some, closed by the chair; the last one is open, with a question and its answer."""
        firsts = self._firsts()
        for place, first in enumerate(firsts):
            with self.story.at(clock.start_of_day(first) + timedelta(hours=9)):
                quick_review.open_reviews()
            month = f"{quick_review.first_of(first - timedelta(days=1)):%Y-%m}"
            if place < len(firsts) - 1 and self._there_is(month):
                with self.story.at(clock.start_of_day(first) + timedelta(days=4)):
                    for member in self.story.panel[:3]:
                        quick_review.mark_read(member, self.story.panel_ref, month)
                    quick_review.close(self.story.panel[0], self.story.panel_ref, month, "All clear. Small things that mattered.")
        open_ = db.session.scalars(select(QuickReview).where(QuickReview.closed_at.is_(None)).order_by(QuickReview.month.desc())).first()
        if open_ is None:
            return
        month = f"{open_.month:%Y-%m}"
        line = db.session.scalars(select(QuickSpark.ref).where(QuickSpark.review_id == open_.id).order_by(QuickSpark.id)).first()
        with self.story.at(open_.opened_at + timedelta(hours=2)):
            quick_review.mark_read(self.story.panel[1], self.story.panel_ref, month)
            assert line is not None
            quick_review.question(self.story.panel[1], self.story.panel_ref, month, line, "Could the group have asked for a grant instead?")
        with self.story.at(open_.opened_at + timedelta(hours=5)):
            giver = quick.by_ref(line).float.person_id
            quick_review.answer(line, "They will. This was to try whether anybody comes.", Actor(giver))

    def _firsts(self) -> list[date]:
        """The firsts of months that have come since the first float was granted."""
        day = quick_review.after(quick_review.first_of(clock.london_day(self.story.now - timedelta(days=110))))
        found = []
        while day <= clock.london_day(self.story.now):
            found.append(day)
            day = quick_review.after(day)
        return found

    def _there_is(self, month: str) -> bool:
        panel = db.session.scalars(select(Panel.id).where(Panel.ref == self.story.panel_ref)).one()
        return any(f"{each.review.month:%Y-%m}" == month for each in quick_review.months_of(panel))

    # --- pictures --------------------------------------------------------------------------------------------------------

    def _paper(self, number: int, what: str, pence: int) -> photos.Picture:
        """A till slip: grey lines and the sum."""
        paper = Image.new("RGB", (360, 560), (250, 249, 244))
        draw = ImageDraw.Draw(paper)
        for line in range(9):
            draw.rectangle((40, 60 + line * 36, 220 + (line * 37 + number * 23) % 90, 72 + line * 36), fill=(190, 188, 180))
        draw.text((40, 440), f"TOTAL {pence // 100}.{pence % 100:02d}", fill=(40, 40, 40))
        return _ready(paper)

    def _picture(self, number: int) -> photos.Picture:
        paint = random.Random(number + 900)  # noqa: S311
        picture = Image.new("RGB", (720, 480), (247, 232, 200))
        draw = ImageDraw.Draw(picture)
        for _flower in range(14):
            x, y = paint.randrange(60, 660), paint.randrange(120, 420)
            draw.line((x, y, x, 470), fill=(70, 110, 60), width=5)
            draw.ellipse((x - 22, y - 22, x + 22, y + 22), fill=(paint.randrange(200, 250), paint.randrange(90, 160), 70))
        return _ready(picture)


def _ready(picture: Image.Image) -> photos.Picture:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return photos.read(out.getvalue())
