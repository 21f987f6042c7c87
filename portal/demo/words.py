"""What the fictional scheme is made of. No place, person, code or number here is real."""

WARDS = (
    "Mossgate", "Saltmarsh", "Heronsbrook", "Kilnfield", "Eastquay", "Larkrise", "Chalkhill", "Beaconfield", "Ferryside", "Orchard Park",
    "Tidemill", "Rookery", "St Brannoc", "Wharfside", "Priory", "Gorseheath", "Millrace", "Netherby", "Cockle Row", "Highlands",
)  # fmt: skip
ESTATES = (("Larch Court", "Mossgate"), ("The Moorings", "Eastquay"), ("Brickfields", "Kilnfield"))
HUBS = (("Saltmarsh Hub", "Saltmarsh"), ("Priory Hub", "Priory"))

FIRST = (
    "Maya", "Idris", "Rosa", "Tom", "Aisha", "Wendy", "Kofi", "Priya", "George", "Elsie", "Yusuf", "Bronwen", "Marek", "Linh", "Dorothy", "Samir",
    "Grace", "Owen", "Zainab", "Piotr", "Hannah", "Leroy", "Fatima", "Jack", "Nadia", "Arthur", "Mei", "Callum", "Ines", "Harold", "Sunita", "Eve",
)  # fmt: skip
LAST = (
    "Adeyemi", "Barker", "Chowdhury", "Dunn", "Evans", "Farrow", "Gill", "Hassan", "Iqbal", "Jarvis", "Kaur", "Lowe", "Mensah", "Novak", "Osei",
    "Pryce", "Quinn", "Reyes", "Shah", "Tran", "Umar", "Vale", "Webb", "Yates", "Zielinski", "Marsh", "Reed", "Finch", "Hollis", "Tidy",
)  # fmt: skip

# (what they do at the sign-in page, first name, last name, role or nothing)
STAFF = (
    ("council-officer", "Amara", "Okafor", "officer"),
    ("second-officer", "Ben", "Hughes", "officer"),
    ("finance-officer", "Chidi", "Rahman", "finance"),
    ("finance-manager", "Dee", "Larsson", "finance"),
    ("auditor", "Esme", "Whitlock", "auditor"),
    ("administrator", "Farah", "Nasser", "administrator"),
    ("connector", "Gus", "Penhaligon", "connector"),
    ("third-officer", "Hana", "Brook", "officer"),
)
PANEL = (
    ("panel-chair", "Joan", "Abara"),
    ("panel-member", "Ravi", "Patel"),
    ("panel-member.two", "Kelly", "Stone"),
    ("panel-member.three", "Abdul", "Karim"),
    ("panel-member.four", "Nia", "Morgan"),
)
RESIDENTS = (("resident-with-an-idea", "Maya", "Greene"), ("neighbour", "Idris", "Cole"), ("resident-with-a-grant", "Rosa", "Delgado"))

# (title, what, who for, what will be better, what to buy with pence, group or nothing)
IDEAS = (
    ("Benches for the green", "Three benches by the library, so that people can rest and talk.", "Everybody who passes, most of all older neighbours", "People meet who only nodded before.", (("Timber for three benches", 14_000), ("Screws and oil", 2_350), ("Stone for the feet", 4_100)), "Friends of the Green"),
    ("Saturday soup table", "A long table and a pot of soup every Saturday in winter.", "Anybody who would eat alone", "Nobody on the street eats alone on Saturdays.", (("Two large pots", 6_450), ("Bowls and spoons", 5_200), ("Vegetables for ten weeks", 9_800)), ""),
    ("Community garden beds", "Raised beds on the empty corner, for flowers and beans.", "Families without a garden", "The corner is cared for, and children know where beans grow.", (("Planks for six beds", 13_200), ("Soil", 8_400), ("Seeds and tools", 3_300)), "Corner Growers"),
    ("Park cleaning kit", "Grabbers, gloves and bags that anybody may borrow.", "Everybody who uses the park", "The park stays clean between the council's rounds.", (("Ten litter grabbers", 8_900), ("Gloves in all sizes", 2_800), ("Bag hoops and hi-vis", 4_300)), "Park Mates"),
    ("Street party for midsummer", "Close the street for an afternoon, with games and music.", "All sixty houses", "We learn each other's names.", (("Bunting and chalk", 3_500), ("Hire of tables", 9_000), ("Insurance", 6_500)), ""),
    ("Friendship club", "Tea and board games every Wednesday.", "People who live alone", "Somebody notices when one of us is ill.", (("Games", 5_500), ("Tea urn", 7_900), ("Biscuits and milk", 4_600)), "Wednesday Friends"),
    ("Bike repair afternoons", "Four afternoons where neighbours mend bikes together.", "Children and anybody with a flat tyre", "More of us cycle, and nobody pays for a puncture.", (("Tools and stand", 15_500), ("Tubes and brake pads", 6_000)), ""),
    ("Sewing circle", "Machines to share and somebody who shows how.", "Beginners and old hands", "Clothes are mended, and newcomers have company.", (("Two used machines", 16_000), ("Thread, needles, cloth", 5_400)), "Stitch Together"),
    ("Bat and swift boxes", "Boxes built with the school and put up along the lane.", "The class, and the swifts", "Children know what lives above their heads.", (("Wood and screws", 9_500), ("Hire of a ladder", 4_500)), "Lane Wildlife"),
    ("Film nights in the hall", "A film a month, chosen by who comes.", "Teenagers with nowhere to go", "A warm place on a Friday.", (("Screen", 8_900), ("Licence for five films", 12_500)), ""),
    ("Walking football", "Gentle football for people over fifty.", "Men who have stopped going out", "Fitter hearts and new friends.", (("Balls and bibs", 7_200), ("Hall for eight weeks", 16_000)), "Slow Strikers"),
    ("Story bench for the school gate", "A bench where grandparents read to children.", "Children in the first years", "Reading is fun, and the old are needed.", (("Bench", 17_500), ("Box of books", 6_000)), ""),
    ("Tool library shelf", "Drills, ladders and saws that the street shares.", "All who would buy a drill for one hole", "Less bought, more talked.", (("Drill and saw", 13_900), ("Ladder", 8_200)), "Street Shed"),
    ("Welcome boxes", "A small box for each family that moves in.", "New neighbours", "Nobody is new for long.", (("Thirty boxes", 4_500), ("Maps and tea", 8_700)), ""),
)  # fmt: skip

REASONS = {
    "yes": ("Many neighbours stand behind this, and it will be seen every day.", "A clear idea, made by those who will use it.", "It brings people together who would not meet otherwise."),
    "no": ("A group round the corner does the same; the panel would love you to join them.", "The panel could not see who would look after it later."),
    "not_yet": ("Come back when two more neighbours have said yes.", "The panel likes it, and asks for a word from the school first."),
}  # fmt: skip
# where the council bought: name, company number, whether it is a person
SHOPS = (("Tidemill Timber (fictional) Ltd", "00000017", False), ("Corner Hardware (fictional)", "", False), ("Olwen Sparrow", "", True))
DONE = (
    "It rained, and still forty people came.",
    "We finished in two weekends, and one more neighbour joined each time.",
    "The best part was who turned up to help.",
)
BETTER = (
    "Three people who lived alone now come every week.",
    "Children look after it by themselves.",
    "We know who to ring when something breaks.",
)
WORK = ("digging", "painting", "cooking", "carrying", "planting", "sewing", "putting up", "clearing away")
# what neighbours bring beside their time: kind, what, and what it would cost in pence
BROUGHT = (
    ("goods", "Spades, a barrow and gloves", 35_00),
    ("room", "The chapel hall, two afternoons", 40_00),
    ("cash", "A whip-round on the street", 25_50),
)

APPEALS = {
    "rules": "The letter says that the panel met on a Tuesday. On the site it said that they have until Friday.",
    "tie": "One of the panel runs the other garden. I do not think that she said so.",
    "unseen": "We sent three photos of the corner, and a letter from the school. Nobody speaks of them.",
    "fact": "You write that the hall is let on Saturdays. It is not, we asked.",
}  # fmt: skip
ANSWERS = {
    "upheld": "You sent it in time, and we did not pass it on. That was our mistake.",
    "not_upheld": "I read what you sent, how each seat voted and who declared a tie. Everything was there, and enough of the panel voted.",
}  # fmt: skip
SECOND = "The answer speaks of the vote. I asked about the photos."
