"""The invented cables of the sample sites.

Every event, person, company and text is made up. The posts exist, so that origins and
reference IDs have the form of real ones; serials are 9000 and up (State: 900000 and up),
which these posts did not reach in a year. The three malformed or twinned IDs are the exception:
they stand in aliases.csv, since that table is what they are there to try.
"""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

PARTIAL_NOTICE = (
    "This record is a partial extract of the original cable. "
    "The full text of the original cable is not available."
)

# The numbers are the site's own keys, the same in every build (dossier 2).
CLASSIFICATIONS = (
    "CONFIDENTIAL",
    "CONFIDENTIAL//NOFORN",
    "SECRET",
    "SECRET//NOFORN",
    "UNCLASSIFIED",
    "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
)


NEWSPAPER_DATE = re.compile(r"\A\w+day, \d\d \w+ \d{4}, \d\d:\d\d\n")


@dataclass(frozen=True)
class InventedCable:
    reference_id: str
    created: str
    """With the true minute, `2007-04-20 11:13`; most layouts print a false one."""
    classification: str
    """One of CLASSIFICATIONS, as the table prints it."""
    origin: str
    title: str
    """What the h3 and the index rows print; may be empty or cut, as on the real pages."""
    header: str
    """The first <pre>, lines divided by '\\n'."""
    body: str
    """The second <pre> without ¶ anchors and tag links, lines divided by '\\n'."""
    tags: tuple[str, ...] = ()
    """The tags under which the site lists the cable."""
    articles: tuple[str, ...] = ()
    """Entries of the media row: an address, or a line of prose."""
    released: str = "2010-11-28 18:06"
    """The claim of builds that give none of their own."""
    shows: str = ""
    """What this cable is in the set for."""

    @property
    def bare_body(self) -> str:
        """The body less what a newspaper or a dump has put above it."""
        record = self.body.find(self.header)
        return NEWSPAPER_DATE.sub("", self.body[max(record, 0) :])

    @property
    def month(self) -> str:
        """Year and month of creation, `2007-04`."""
        return self.created[:7]

    @property
    def page(self) -> str:
        """The page's path in a mirror: `cable/2007/04/07ASTANA9033.html`."""
        return f"cable/{self.created[:4]}/{self.created[5:7]}/{self.reference_id}.html"


def invented_cables(count: int = 24, seed: int = 7) -> list[InventedCable]:
    """The hand-written cables, then generated ones up to `count`; the same for the same seed."""
    cables = list(HAND_WRITTEN[:count])
    cables.extend(_fillers(count - len(cables), random.Random(seed)))
    return cables


def cable_by_id(reference_id: str) -> InventedCable:
    """A hand-written cable. Raises KeyError."""
    return _BY_ID[reference_id]


# ------------------------------------------------------------------------ writing a telegram

# ZNY is followed by the letter of the classification, ZNR by U.
_SECURITY = {"C": "ZNY CCCCC ZZH", "S": "ZNY SSSSS ZZH", "U": "ZNR UUUUU ZZH"}


def routing_header(
    created: str,
    serial: int,
    station: str,
    sender: str,
    classification: str,
    *,
    precedence: str = "P",
    sections: int = 1,
    info: Sequence[str] = (),
) -> str:
    """The routing lines of a telegram from `sender` (`AMEMBASSY ASTANA`) to the Department."""
    when = datetime.strptime(created, "%Y-%m-%d %H:%M")
    group = when.strftime("%d%H%MZ %b %y").upper()
    part = "/01" if sections > 1 else ""
    lines = [
        f"VZCZCXRO{serial * 7 % 10000:04}",
        f"{precedence}{precedence} RUEHXQ RUEHZV",
        f"DE {station} #{serial % 10000:04}{part} {when:%j%H%M}",
        _SECURITY[classification[0]],
        f"{precedence} {group}",
        f"FM {sender}",
        f"TO RUEHC/SECSTATE WASHDC PRIORITY {serial * 3 % 10000:04}",
    ]
    lines += [f"{'INFO ' if number == 0 else ''}{to}" for number, to in enumerate(info)]
    return "\n".join(lines)


def _text(body: str) -> str:
    return body.strip("\n")


def _padded(body: str) -> str:
    """With a space before each line break, as most transmissions have it.

    Not on the TAGS line: the site rewrote it when it linked the tags.
    """
    padded = body.strip("\n").replace("\n", " \n")
    return re.sub(r"(?m)^(TAGS: .*) $", r"\1", padded)


# ----------------------------------------------------------------------------- by hand

_ASTANA = InventedCable(
    shows="three sections with page-break lines, SIPDIS again inside a sentence",
    reference_id="07ASTANA9033",
    created="2007-04-20 11:13",
    classification="CONFIDENTIAL",
    origin="Embassy Astana",
    title="KAZAKHSTAN: THE TRAM THAT STOPS FOR NOBODY, MARCH-APRIL",
    tags=("PGOV", "ECON", "ELTN", "KZ"),
    header=routing_header(
        "2007-04-20 11:13",
        9033,
        "RUEHTA",
        "AMEMBASSY ASTANA",
        "CONFIDENTIAL",
        sections=3,
        info=("RUCNCIS/CIS COLLECTIVE 0199", "RUEHAST/USOFFICE ALMATY"),
    ),
    body=_padded(
        """
C O N F I D E N T I A L SECTION 01 OF 03 ASTANA 009033

SIPDIS

SIPDIS

DEPT FOR SCA/CEN (J. HOLLOWBROOK), EB/TRA

E.O. 12958: DECL: 04/20/2017
TAGS: PGOV ECON ELTN KZ
SUBJECT: KAZAKHSTAN: THE TRAM THAT STOPS FOR NOBODY, MARCH-APRIL
2007

REF: A. 06 ASTANA 9871
     B. ALMATY 9104 (NOTAL)

ASTANA 00009033  001.2 OF 003


Classified By: Pol-Econ Chief Orla Penhaligon, reasons 1.4(b) and
(d).

1. (C) Summary: The city's first tram line opened on March 3 with
brass bands, two deputy mayors and no stops. The contractor,
Zhuldyz Rail, blames a missing decree; the akimat blames the
contractor; passengers wave from the kerb. Post sees the quarrel
as an early test of who signs for public works after the January
reshuffle. End summary.

-------------------
A RIBBON, NO DOORS
-------------------

2. (C) Deputy Akim Serik Tolubayev-Marchetti told Econoff on April
11 that the line was "ninety percent finished, and the other
ninety percent is paper." The ministry
SIPDIS
had promised the operating decree by Nauryz, he said, but the
draft came back twice because it named stops in a street that has
since been renamed.

3. (SBU) Zhuldyz Rail's director, Madina Orlovskaya, showed us the
timetable: forty-one departures a day, each returning to the depot
without opening its doors. The drivers are paid by the kilometer.

ASTANA 00009033  002 OF 003


--------------------
WHO HOLDS THE STAMP
--------------------

4. (C) Three offices claim the right to approve the stops: the
Department of Roads, the Committee for Urban Symbols, and a working
group that has not met since the autumn (ref A). A consultant to
the working group, who asked that we protect him, said each office
fears that signing first means paying first.

5. (U) The newspaper Esil Vestnik has begun to print a daily photo
of an empty tram. Readers send captions; the editor says he has
had four thousand.

-------
COMMENT
-------

ASTANA 00009033  003 OF 003


6. (C) Comment: Nobody here expects the tram to stay empty past the
summer. The lesson is smaller and more lasting: below the level of
the akim, a signature is still a risk and seldom a duty. End
comment.
PENWARDEN
"""
    ),
)

_ALMATY = InventedCable(
    shows="a partial extract: the notice stands where the header should",
    reference_id="05ALMATY9281",
    created="2005-12-01 05:09",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    origin="US Office Almaty",
    title="APPLE GROWERS ASK FOR A COLD STORE, NOT A FESTIVAL",
    tags=("EAGR", "ETRD", "KZ"),
    header=PARTIAL_NOTICE,
    body=_text(
        """
UNCLAS SECTION 01 OF 02 ALMATY 009281

SIPDIS

SENSITIVE

STATE FOR EUR/CACEN; COMMERCE FOR ITA
USDA FOR FAS

E.O. 12958: N/A
TAGS: EAGR ETRD KZ
SUBJECT: APPLE GROWERS ASK FOR A COLD STORE, NOT A FESTIVAL

1. (SBU) SUMMARY. Growers in the foothills lost a third of the
autumn crop for want of two cold rooms. The oblast has offered them
a festival with a cardboard apple nine meters tall. END SUMMARY.

2. (U) Agatt drove the valley road with Bolat Yessimkhan, who keeps
six hundred trees and a ledger. His ledger shows that apples picked
on a Monday fetch half by Friday, and that the nearest cold room is
rented to a dealer in tires.

3. (SBU) COMMENT. The sum asked for is about the cost of the
cardboard apple. END COMMENT.
"""
    ),
)

_TALLINN_PARTIAL = InventedCable(
    shows="a partial extract whose notice is followed by a line of the header",
    reference_id="06TALLINN9117",
    created="2006-06-08 15:45",
    classification="CONFIDENTIAL",
    origin="Embassy Tallinn",
    title="ESTONIA: FERRY TIMETABLES AS FOREIGN POLICY",
    tags=("PREL", "EWWT", "EN"),
    header=f"{PARTIAL_NOTICE}\n\n081545Z Jun 06",
    body=_text(
        """
C O N F I D E N T I A L TALLINN 009117

SIPDIS

E.O. 12958: DECL: 06/08/2016
TAGS: PREL EWWT EN
SUBJECT: ESTONIA: FERRY TIMETABLES AS FOREIGN POLICY

Classified By: DCM Ruvim Castellane for reasons 1.4(b) and (d).

1. (C) The harbor master has moved the evening ferry by eleven
minutes so that it no longer waits for the train from across the
border. The change was announced on a sheet of paper taped to a
pillar. Two foreign ministries have asked for the sheet.

2. (C) MFA Desk Officer Tiina Vahtramae called the eleven minutes
"maritime, not diplomatic." Her counterpart was not reached. A copy
of this record is held in partial form only.

3. (C) COMMENT: Post counts this as the third such move since the
winter and the first with tape. END COMMENT.
CASTELLANE
"""
    ),
)

_WINDHOEK = InventedCable(
    shows="bodies were never escaped: <<Country> is swallowed, &note and &regulations8 change",
    reference_id="08WINDHOEK9046",
    created="2008-05-14 14:20",
    classification="UNCLASSIFIED",
    origin="Embassy Windhoek",
    title="NAMIBIA: SEED BANK R&D AND THE MISSING CATALOG",
    tags=("SENV", "TBIO", "WA"),
    header=routing_header(
        "2008-05-14 14:20",
        9046,
        "RUEHWD",
        "AMEMBASSY WINDHOEK",
        "UNCLASSIFIED",
        precedence="R",
        info=("RUCNSAD/SADC COLLECTIVE",),
    ),
    body=_padded(
        """
UNCLAS WINDHOEK 009046

SIPDIS

E.O. 12958: N/A
TAGS: SENV TBIO WA
SUBJECT: NAMIBIA: SEED BANK R&D AND THE MISSING CATALOG

1. The seed bank at Okakarara-Noord keeps eleven thousand jars and
one catalog. In April the catalog was lent to a visiting botanist
and came back filed under <<Angola>, a heading that does not exist
in the bank and now holds every jar from A to K.

2. Director Hilma Nangombe-Vos read us the rules she follows:
staff must not eat samples &note the date of any that are eaten;
borrowers sign under &regulations8 of the trust deed; visitors are
shown the cellar &pounding of the door notwithstanding.

3. She spends less than a phone bill (she named AT&T) on paper, and
asked whether a printed list could be kept at the Embassy <in case>.

4. Comment: Yes. End comment.
MALTRAVERS
"""
    ),
)

_MUSCAT = InventedCable(
    shows="literal <br> and </table> in the body, from a page someone pasted",
    reference_id="09MUSCAT9112",
    created="2009-02-03 10:30",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    origin="Embassy Muscat",
    title="OMAN: LIGHTHOUSE KEEPERS GO ON LINE",
    tags=("EWWT", "EINT", "MU"),
    header=routing_header(
        "2009-02-03 10:30",
        9112,
        "RUEHMS",
        "AMEMBASSY MUSCAT",
        "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    ),
    body=_text(
        """
UNCLAS MUSCAT 009112

SENSITIVE
SIPDIS

E.O. 12958: N/A
TAGS: EWWT EINT MU
SUBJECT: OMAN: LIGHTHOUSE KEEPERS GO ON LINE

1. (SBU) The lighthouse service put its log on the internet in
January. The page, pasted here as the keepers sent it, is the whole
of the announcement:

Station<br>Lamp<br>Keeper<br>
Ras Hilf<br>lit<br>Said<br>
Ras Dhoub<br>lit, mostly<br><strong>vacant</strong><br>
</td></tr></table>
http://keepers.lights.example/log.html

2. (SBU) Keeper Said al-Farsi-Whitlock asked Poloff whether ships
read it. Poloff said that some people read everything.

3. (SBU) Comment: The vacant post at Ras Dhoub has been vacant for
two years; the log is the first place that says so. End comment.
GRIMSHAW-OYELARAN
"""
    ),
)

_NICOSIA = InventedCable(
    shows="references on lettered lines, which the site anchors too; paragraph 3 stands twice",
    reference_id="06NICOSIA9204",
    created="2006-09-27 13:05",
    classification="CONFIDENTIAL",
    origin="Embassy Nicosia",
    title="CYPRUS: THE CATS OF THE BUFFER ZONE",
    tags=("PREL", "UNFICYP", "SENV", "CY"),
    header=routing_header(
        "2006-09-27 13:05",
        9204,
        "RUEHNC",
        "AMEMBASSY NICOSIA",
        "CONFIDENTIAL",
        info=("RUEHAK/AMEMBASSY ANKARA 4410", "RUEHTH/AMEMBASSY ATHENS 3702"),
    ),
    body=_padded(
        """
C O N F I D E N T I A L NICOSIA 009204

SIPDIS

E.O. 12958: DECL: 09/27/2016
TAGS: PREL UNFICYP SENV CY
SUBJECT: CYPRUS: THE CATS OF THE BUFFER ZONE

REF: A. NICOSIA 9188
B. 05 NICOSIA 9931 AND PREVIOUS
C. TALLINN 9117

Classified By: CDA Ines Drummond-Achterberg, reasons 1.4(b,d).

1. (C) Two veterinary services have agreed, without meeting, on a
common register of the cats that live between the lines (ref A).
Each side keeps the even pages.

2. (C) The register began as a bet between two sergeants and has
outlived both postings (ref B). It now has columns for weight and
for temper.

3. (C) Dr. Eleni Vasquez-Hadji says the even pages are late. The
odd pages, we are told, say the same.

3. (C) A mixed team of four will weigh the cats on October 9, a
Monday, under an awning lent by the fire brigade.

4. (C) Comment: It is not a confidence-building measure. It is only
that nobody has yet thought to forbid it. End comment.
DRUMMOND-ACHTERBERG
"""
    ),
)

_OSLO = InventedCable(
    shows="the heading of a newspaper's copy: weekday and long date, tags without links",
    reference_id="09OSLO9071",
    created="2009-11-05 09:42",
    classification="SECRET",
    origin="Embassy Oslo",
    title="NORWAY: A RADIO TELESCOPE HEARS THE HERRING FLEET",
    tags=("TSPA", "EFIS", "NO"),
    articles=("http://www.fjordpost.example",),
    header=routing_header("2009-11-05 09:42", 9071, "RUEHNY", "AMEMBASSY OSLO", "SECRET"),
    body=_text(
        """
Thursday, 05 November 2009, 09:42
S E C R E T OSLO 009071
SIPDIS
EO 12958 DECL: 11/04/2019
TAGS TSPA, EFIS, NO
SUBJECT: NORWAY: A RADIO TELESCOPE HEARS THE HERRING FLEET
REF OSLO 9020
Classified By: Econ Counselor Thaddeus Birch for reasons 1.4 (b) and (e)
1. (S) The dish at Skarvholmen was built to listen to hydrogen. Since August it has listened \
to skippers, whose new radios drift into the protected band whenever the catch is good.
2. (S) Station head Ragnhild Tveit-Moreau has learned to tell the boats apart. She shared a \
page of her notes and asked that we not tell the boats.
3. (S) Comment: the observatory's paper on hydrogen will be late; its unpublished paper on \
herring is the best the ministry has. End comment.
BIRCH
"""
    ),
)

_QUITO_HEADER = routing_header(
    "2004-03-09 22:28", 9311, "RUEHQT", "AMEMBASSY QUITO", "CONFIDENTIAL", precedence="R"
)
_QUITO = InventedCable(
    shows="a raw record before the cable: the dump's fields, one a line, then the header again",
    reference_id="04QUITO9311",
    created="2004-03-09 22:28",
    classification="CONFIDENTIAL",
    origin="Embassy Quito",
    title="ECUADOR: A BRIDGE CHANGES BANKS",
    tags=("PGOV", "EAID", "EC"),
    header=_QUITO_HEADER,
    body=_text(
        f"""
955988
2004-03-09 22:28:00
04QUITO9311
Embassy Quito
CONFIDENTIAL
04QUITO9300|04STATE910044
{_QUITO_HEADER}
C O N F I D E N T I A L QUITO 009311

SIPDIS

E.O. 12958: DECL: 03/09/2014
TAGS: PGOV EAID EC
SUBJECT: ECUADOR: A BRIDGE CHANGES BANKS

REF: A. QUITO 9300
B. STATE 910044

Classified By: PolChief Amadou Rosenquist, reason 1.4 (d).

1. (C) The Rio Pastoro moved four hundred meters in one night and
left the new bridge standing in a bean field, its ribbon still on.

2. (C) Prefect Lourdes Ibarra-Quill says the bridge is in order and
the river is not. Her engineers propose to dig the river back; the
owner of the beans proposes a toll.

3. (C) COMMENT: Post would fund neither. END COMMENT.
ROSENQUIST
"""
    ),
)

_LISBON_BODY = _padded(
    """
C O N F I D E N T I A L LISBON 009539

SIPDIS

E.O. 12958: DECL: 07/18/2015
TAGS: PGOV SCUL PO
SUBJECT: PORTUGAL: THE ARCHIVE THAT MOVED BY TRAM

Classified By: PolOff Henrike Soames, reasons 1.4(b/d).

1. (C) The municipal archive moved up the hill in nineteen tram
loads, at night, so that the streets would not be blocked by the
eighteenth century.

2. (C) Archivist Duarte Pessanha-Lind rode each load himself. He
counted the boxes in, and counted the boxes out; the difference is
one box, and the box is the inventory.

3. (C) Comment: He will find it. He has, he says, a list of the
places where things are never found. End comment.
SOAMES
"""
)

_LISBON = InventedCable(
    shows="the cable whose text another ID carries",
    reference_id="05LISBON9539",
    created="2005-07-18 16:01",
    classification="CONFIDENTIAL",
    origin="Embassy Lisbon",
    title="PORTUGAL: THE ARCHIVE THAT MOVED BY TRAM",
    tags=("PGOV", "SCUL", "PO"),
    header=routing_header("2005-07-18 16:01", 9539, "RUEHLI", "AMEMBASSY LISBON", "CONFIDENTIAL"),
    body=_LISBON_BODY,
)

_WRONG_BODY = InventedCable(
    shows="the wrong body: header from Muscat, text and ID line from Lisbon",
    reference_id="05MUSCAT9679",
    created="2005-07-18 12:33",
    classification="CONFIDENTIAL",
    origin="Embassy Muscat",
    title="PORTUGAL: THE ARCHIVE THAT MOVED BY TRAM",
    tags=("PGOV", "SCUL", "PO"),
    header=routing_header("2005-07-18 12:33", 9679, "RUEHMS", "AMEMBASSY MUSCAT", "CONFIDENTIAL"),
    body=_LISBON_BODY,
)

_DAKAR = InventedCable(
    shows="names replaced by runs of X, in the title too",
    reference_id="09DAKAR9150",
    created="2009-06-11 17:50",
    classification="CONFIDENTIAL//NOFORN",
    origin="Embassy Dakar",
    title="SENEGAL: XXXXXXXXXXXX ON THE HARBOR CRANES",
    tags=("PGOV", "KCOR", "EWWT", "SG"),
    header=routing_header(
        "2009-06-11 17:50",
        9150,
        "RUEHDK",
        "AMEMBASSY DAKAR",
        "CONFIDENTIAL//NOFORN",
        info=("RUEHZK/ECOWAS COLLECTIVE",),
    ),
    body=_padded(
        """
C O N F I D E N T I A L DAKAR 009150

NOFORN
SIPDIS

E.O. 12958: DECL: 06/11/2019
TAGS: PGOV KCOR EWWT SG
SUBJECT: SENEGAL: XXXXXXXXXXXX ON THE HARBOR CRANES

Classified By: Econ Chief Lazare Pemberton, reasons 1.4(b,d).

1. (C/NF) XXXXXXXXXXXX, a supplier to the port (strictly protect),
told Econoff on June 9 that two of the five new cranes are one
crane, painted on both sides.

2. (C/NF) XXXXXXXXXXXX XXXXXXXXXXXX said the second invoice was
signed by XXXXXXXXXXXX, whose cousin owns the paint.

3. (C/NF) Comment: The port counts cranes from the sea on even days
and from the land on odd ones. End comment.
PEMBERTON
"""
    ),
)

_HANOI = InventedCable(
    shows="redaction in lower case and in brackets",
    reference_id="09HANOI9188",
    created="2009-08-19 08:15",
    classification="SECRET//NOFORN",
    origin="Embassy Hanoi",
    title="VIETNAM: AN OPERA IN SEARCH OF ITS THIRD ACT",
    tags=("SCUL", "PHUM", "VM"),
    articles=("http://www.delta-herald.example/archive/opera",),
    header=routing_header("2009-08-19 08:15", 9188, "RUEHHI", "AMEMBASSY HANOI", "SECRET//NOFORN"),
    body=_text(
        """
S E C R E T HANOI 009188

NOFORN
SIPDIS

E.O. 12958: DECL: 08/19/2034
TAGS: SCUL PHUM VM
SUBJECT: VIETNAM: AN OPERA IN SEARCH OF ITS THIRD ACT

Classified By: CAO Philippa Okonjo-Reyes, reasons 1.4(c) and (d).

1. (S/NF) The composer xxxxxxxxxxxx has withdrawn the third act of
his opera, the one in which a customs officer sings. His librettist,
[NAME REMOVED], thinks that xxxxxxxxxxxx asked him to.

2. (S/NF) At a rehearsal on August 12, xxxxxxxxxxxx conducted the
two acts and then forty minutes of silence, with full lighting.

3. (S/NF) COMMENT: The silence was applauded. END COMMENT.
OKONJO-REYES
"""
    ),
)

_REYKJAVIK = InventedCable(
    shows="no SUBJECT line, hence no title",
    reference_id="08REYKJAVIK9019",
    created="2008-02-12 16:40",
    classification="UNCLASSIFIED",
    origin="Embassy Reykjavik",
    title="",
    tags=("TPHY", "IC"),
    header=routing_header(
        "2008-02-12 16:40", 9019, "RUEHRK", "AMEMBASSY REYKJAVIK", "UNCLASSIFIED", precedence="R"
    ),
    body=_text(
        """
UNCLAS REYKJAVIK 009019

SIPDIS

E.O. 12958: N/A
TAGS: TPHY IC

REF: STATE 902210

1. On February 11 Econoff delivered reftel points on the calibration
of tide gauges to Gunnhildur Saevarsdottir-Boyle of the Hydrographic
Office. She accepted them, and gave us the tide.

2. Post will report any further movement septel.
ASHCOMBE
"""
    ),
)

_LJUBLJANA = InventedCable(
    shows="an empty title though the body has a subject, which starts on its second line",
    reference_id="07LJUBLJANA9066",
    created="2007-09-03 12:00",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    origin="Embassy Ljubljana",
    title="",
    tags=("EAGR", "SENV", "SI"),
    header=routing_header(
        "2007-09-03 12:00",
        9066,
        "RUEHLJ",
        "AMEMBASSY LJUBLJANA",
        "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    ),
    body=_padded(
        """
UNCLAS LJUBLJANA 009066

SENSITIVE
SIPDIS

E.O. 12958: N/A
TAGS: EAGR SENV SI
SUBJECT:
SLOVENIA: BEES COUNTED FOR THE FIRST TIME SINCE
THE LAST TIME

1. (SBU) The bee census closed on August 31. Enumerators wore white
and were asked not to count aloud.

2. (SBU) The Ministry's Jernej Kastelic-Brown expects a figure by
spring, give or take a hive.

3. (SBU) Comment: The previous figure was also by Kastelic-Brown,
who remembers it. End comment.
QUILLFEATHER
"""
    ),
)

_EFTO = InventedCable(
    shows="a malformed ID (EFTO prefix) without a well-formed twin",
    reference_id="06EFTOPORTMORESBY350",
    created="2006-08-22 04:44",
    classification="UNCLASSIFIED",
    origin="Embassy Port Moresby",
    title="PAPUA NEW GUINEA: MAIL BY CANOE, FOUR DAYS EARLY",
    tags=("ECPS", "PP"),
    header=routing_header(
        "2006-08-22 04:44", 350, "RUEHPB", "AMEMBASSY PORT MORESBY", "UNCLASSIFIED", precedence="R"
    ),
    body=_text(
        """
UNCLAS E F T O PORT MORESBY 000350

SIPDIS

E.O. 12958: N/A
TAGS: ECPS PP
SUBJECT: PAPUA NEW GUINEA: MAIL BY CANOE, FOUR DAYS EARLY

1. For the third month the canoe mail has reached Karamui Landing
before the telegram that announces it. The postmaster, Joseph
Tovali-Finch, keeps the telegrams in the order he would have liked.

2. Comment: Conoff has moved his appointments to the canoe. End
comment.
HARGREAVE-LUTZ
"""
    ),
)

# The fragment is the second section of its twin, sent again under a garbled heading.
_PORT_OF_SPAIN_SECOND = """
4. (SBU) The steelband federation says the notes were fixed in 1951
and may not be moved. The tuners say that notes move by themselves.

5. (SBU) Minister Cheryl-Ann Rampersad-Vogel offered to keep a
reference pan in a glass case. Both sides asked who would tune it.

6. (SBU) Comment: We are told that the case has been ordered. End
comment.
ELLERY-STRAND
"""

_PORT_OF_SPAIN = InventedCable(
    shows="the well-formed twin of a malformed ID, in two sections",
    reference_id="08PORTOFSPAIN546",
    created="2008-11-26 20:11",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    origin="Embassy Port Of Spain",
    title="TRINIDAD AND TOBAGO: WHO OWNS MIDDLE C?",
    tags=("SCUL", "KIPR", "TD"),
    header=routing_header(
        "2008-11-26 20:11",
        546,
        "RUEHSP",
        "AMEMBASSY PORT OF SPAIN",
        "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
        sections=2,
    ),
    body=_text(
        """
UNCLAS SECTION 01 OF 02 PORT OF SPAIN 000546

SENSITIVE
SIPDIS

E.O. 12958: N/A
TAGS: SCUL KIPR TD
SUBJECT: TRINIDAD AND TOBAGO: WHO OWNS MIDDLE C?

1. (SBU) A draft standard for the tuning of steel pans has divided
the federation that asked for it and united everyone else.

2. (SBU) The draft gives the pitch of middle C to three decimals
and names a warehouse where it may be heard on weekdays.

3. (SBU) The warehouse belongs to the drafter's brother-in-law.

PORT OF SP 00000546  002 OF 002

"""
        + _PORT_OF_SPAIN_SECOND
    ),
)

_FRAGMENT = InventedCable(
    shows="a malformed ID with a twin, of which it is the second section",
    reference_id="08SECTIN02OF02PORTOFSPAIN546",
    created="2008-11-26 20:13",
    classification="UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    origin="Embassy Port Of Spain",
    title="TRINIDAD AND TOBAGO: WHO OWNS MIDDLE C?",
    tags=("SCUL", "KIPR", "TD"),
    header=routing_header(
        "2008-11-26 20:13",
        546,
        "RUEHSP",
        "AMEMBASSY PORT OF SPAIN",
        "UNCLASSIFIED//FOR OFFICIAL USE ONLY",
    ),
    body=_text(
        """
UNCLAS SECTIN 02 OF 02 PORT OF SPAIN 000546

SENSITIVE
SIPDIS

E.O. 12958: N/A
TAGS: SCUL KIPR TD
SUBJECT: TRINIDAD AND TOBAGO: WHO OWNS MIDDLE C?
"""
        + _PORT_OF_SPAIN_SECOND
    ),
)

_SUVA = InventedCable(
    shows="a telegram of the 1970s: no VZCZC line, E.O. 11652, capitals",
    reference_id="73SUVA9412",
    created="1973-11-18 02:05",
    classification="CONFIDENTIAL",
    origin="Embassy Suva",
    title="FIJI: THE GOVERNOR'S BAROMETER",
    tags=("PINT", "FJ"),
    header=_text(
        """
R 180205Z NOV 73
FM AMEMBASSY SUVA
TO SECSTATE WASHDC 1204
INFO AMEMBASSY CANBERRA
AMEMBASSY WELLINGTON
"""
    ),
    body=_padded(
        """
C O N F I D E N T I A L SUVA 9412

E.O. 11652: GDS
TAGS: PINT FJ
SUBJ: FIJI: THE GOVERNOR'S BAROMETER

REF: SUVA 9390

1. THE BAROMETER IN GOVERNMENT HOUSE HAS READ QTE CHANGE UNQTE SINCE
INDEPENDENCE. CABINET DISCUSSED ON NOVEMBER 15 WHETHER IT MAY BE
TAPPED.

2. PERMSEC RATU TEMO HARCOURT HELD THAT INSTRUMENT CAME WITH THE
HOUSE AND THE HOUSE WITH THE CONSTITUTION. OPPOSITION LEADER
BELIEVES IT IS BROKEN.

3. COMMENT: SO DOES EMBASSY. WEATHER CONTINUES FAIR. END COMMENT.
THISTLEWOOD

CONFIDENTIAL
"""
    ),
)

_BERN = InventedCable(
    shows="curly quotes, accents and a dash; a media row of two links and a line of prose",
    reference_id="10BERN9008",
    created="2010-01-14 15:27",
    classification="SECRET",
    origin="Embassy Bern",
    title="SWITZERLAND: THE CAFÉ THAT WOULD NOT CLOSE",
    tags=("PGOV", "ECON", "SZ"),
    articles=(
        "http://www.courrier-du-lac.example/2010/cafe",
        "http://www.nachtblatt.example",
        "The Ledger and Lamp carried it on paper only",
    ),
    header=routing_header(
        "2010-01-14 15:27",
        9008,
        "RUEHSW",
        "AMEMBASSY BERN",
        "SECRET",
        info=("RUEHGV/USMISSION GENEVA 3311",),
    ),
    body=_text(
        """
S E C R E T BERN 009008

SIPDIS

E.O. 12958: DECL: 01/14/2020
TAGS: PGOV ECON SZ
SUBJECT: SWITZERLAND: THE CAFÉ THAT WOULD NOT CLOSE

REF: 09 BERN 9541

Classified By: Ambassador Cosima Fairweather-Lüthi, reasons 1.4(b)
and (d).

1. (S) Since the canton’s decree of January 4 – “a clock in every
window” – the Café Zähringer has kept its clock at five to twelve.
The fine is per minute; the clock does not move; no fine has fallen
due.

2. (S) State Councilor Léonie Brügger-Achebe called it “a matter
for physics.” The owner, René Ostertag, pours until he is tired.

3. (S) Comment: The decree’s author drinks there. End comment.
FAIRWEATHER-LÜTHI
"""
    ),
)

_TALLINN_JANUARY = InventedCable(
    shows="a January cable whose reference without a year is to last year's cable",
    reference_id="08TALLINN9012",
    created="2008-01-08 14:08",
    classification="CONFIDENTIAL",
    origin="Embassy Tallinn",
    title="ESTONIA: THE PILLAR, CONTINUED",
    tags=("PREL", "EWWT", "EN"),
    header=routing_header(
        "2008-01-08 14:08",
        9012,
        "RUEHTL",
        "AMEMBASSY TALLINN",
        "CONFIDENTIAL",
        info=("RUEHHE/AMEMBASSY HELSINKI 5150",),
    ),
    body=_text(
        """
C O N F I D E N T I A L TALLINN 009012

SIPDIS

E.O. 12958: DECL: 01/08/2018
TAGS: PREL EWWT EN
SUBJECT: ESTONIA: THE PILLAR, CONTINUED

REF: TALLINN 9892

Classified By: DCM Ruvim Castellane for reasons 1.4(b) and (d).

1. (C) The sheet reported reftel has been laminated. Harbor staff
take this to mean that the timetable is settled; the ministry takes
it to mean that it is January.

2. (C) Comment: A second pillar has been measured. End comment.
CASTELLANE
"""
    ),
)

_TALLINN_DECEMBER = InventedCable(
    shows="the cable that the January cable refers to",
    reference_id="07TALLINN9892",
    created="2007-12-19 13:02",
    classification="CONFIDENTIAL",
    origin="Embassy Tallinn",
    title="ESTONIA: A SECOND SHEET ON THE PILLAR",
    tags=("PREL", "EWWT", "EN"),
    header=routing_header("2007-12-19 13:02", 9892, "RUEHTL", "AMEMBASSY TALLINN", "CONFIDENTIAL"),
    body=_text(
        """
C O N F I D E N T I A L TALLINN 009892

SIPDIS

E.O. 12958: DECL: 12/19/2017
TAGS: PREL EWWT EN
SUBJECT: ESTONIA: A SECOND SHEET ON THE PILLAR

REF: 06 TALLINN 9117

Classified By: DCM Ruvim Castellane for reasons 1.4(b) and (d).

1. (C) A second sheet has appeared under the first. It gives the old
time, in pencil.

2. (C) The harbor master says that the pencil is not his. He owns,
he says, only pens.
CASTELLANE
"""
    ),
)

_VALLETTA = InventedCable(
    shows="lines that look like the furniture of a web page and are cable; they must survive",
    reference_id="09VALLETTA9101",
    created="2009-03-17 11:56",
    classification="CONFIDENTIAL",
    origin="Embassy Valletta",
    title="MALTA: THE LAND REGISTRY LEARNS TO SHARE",
    tags=("PGOV", "ECON", "EINT", "MT"),
    header=routing_header(
        "2009-03-17 11:56",
        9101,
        "RUEHVT",
        "AMEMBASSY VALLETTA",
        "CONFIDENTIAL",
        info=("RUEHBS/USEU BRUSSELS 0217",),
    ),
    body=_text(
        """
C O N F I D E N T I A L VALLETTA 009101

SIPDIS

E.O. 12958: DECL: 03/17/2019
TAGS: PGOV ECON EINT MT
SUBJECT: MALTA: THE LAND REGISTRY LEARNS TO SHARE

REF: A. (C) 2008 STATE 917165
B. VALLETTA 9088

Classified By: DCM Boaz Tremlett, reasons 1.4(b) and (d).

1. (C) The registry's new clerk has pinned seven instructions to
the counter. Post reports them as they stand, one a line:

Leave the map where it was.
Share the ink.
Tags: one a parcel, and legible.
Search the north drawer first.
Follow the wall, not the hedge.
Reply in the order of arrival.
View no deed twice in a day.

--------------------------------------------- ------

2. (C) Related to the above:
Source: a retired surveyor, strictly protect.
Created in 1897, the index was last checked in 1931.
Released prisoners of the old fort still own three of its cells.
Discussing this with the Registrar takes an afternoon.
Understanding it takes two.
Latest count: 40,211 deeds.
Next year they hope to begin on the letter B.

3. (C) You are asked, said Registrar Fenech-Dupree, not to look for
the registry on Facebook, Twitter or Google: "If you find us there,
it is somebody else." Write instead to
registry.counter@deeds.example or see
http://www.deeds.example/counter

Note: the counter closes when the clerk is at lunch.
About the lunch there is no note.
Subscribe: the clerk means "sign below."
Disclaimer: the clerk's word, for a hedge.

Comment
-------

4. (C) Comment: To understand the seven instructions, one should
have met the eighth, which was torn off. End comment.

Comments
by the Ambassador follow septel.
TREMLETT
"""
    ),
)

_STATE = InventedCable(
    shows="a cable of the Department, with talking points",
    reference_id="08STATE943817",
    created="2008-10-02 00:31",
    classification="SECRET",
    origin="Secretary of State",
    title="ACTION REQUEST: LENDING OF THE SECOND-BEST GLOBE",
    tags=("SCUL", "OPRC", "AORC"),
    header=routing_header(
        "2008-10-02 00:31",
        943817,
        "RUEHC",
        "SECSTATE WASHDC",
        "SECRET",
        precedence="O",
        info=("RUEHTA/AMEMBASSY ASTANA IMMEDIATE 0000",),
    ),
    body=_text(
        """
S E C R E T STATE 943817

SIPDIS

E.O. 12958: DECL: 10/02/2018
TAGS: SCUL OPRC AORC
SUBJECT: ACTION REQUEST: LENDING OF THE SECOND-BEST GLOBE

REF: A. 07 ASTANA 9033
B. WINDHOEK 9046

Classified By: Acting A/S Noor Winterbourne for reasons 1.4 (b) and
(d).

1. (U) This is an action request; see paragraph 3.

2. (S) Posts that hold a globe from before 1950 should say so by
October 20, and should say which way up it is.

3. (S) Begin talking points:

-- The exhibition needs eleven globes.

-- It has nine, and a tenth that is flat.

-- We would return them turned to the same longitude.

End talking points.
WINTERBOURNE
"""
    ),
)

HAND_WRITTEN: tuple[InventedCable, ...] = (
    _ASTANA,
    _ALMATY,
    _TALLINN_PARTIAL,
    _WINDHOEK,
    _MUSCAT,
    _NICOSIA,
    _OSLO,
    _QUITO,
    _LISBON,
    _WRONG_BODY,
    _DAKAR,
    _HANOI,
    _REYKJAVIK,
    _LJUBLJANA,
    _EFTO,
    _PORT_OF_SPAIN,
    _FRAGMENT,
    _SUVA,
    _BERN,
    _TALLINN_JANUARY,
    _TALLINN_DECEMBER,
    _VALLETTA,
    _STATE,
)

_BY_ID = {cable.reference_id: cable for cable in HAND_WRITTEN}


# --------------------------------------------------------------------------- by grammar


@dataclass(frozen=True)
class _Post:
    code: str
    """As in a reference ID: `PORTLOUIS`."""
    name: str
    """As in an ID line: `PORT LOUIS`."""
    station: str
    country: str
    tag: str

    @property
    def origin(self) -> str:
        return f"Embassy {self.name.title()}"


_POSTS = (
    _Post("APIA", "APIA", "RUEHAP", "Samoa", "WS"),
    _Post("BANJUL", "BANJUL", "RUEHJL", "The Gambia", "GA"),
    _Post("BELMOPAN", "BELMOPAN", "RUEHBE", "Belize", "BH"),
    _Post("COTONOU", "COTONOU", "RUEHCO", "Benin", "BN"),
    _Post("DUSHANBE", "DUSHANBE", "RUEHDBU", "Tajikistan", "TI"),
    _Post("GABORONE", "GABORONE", "RUEHGB", "Botswana", "BC"),
    _Post("HELSINKI", "HELSINKI", "RUEHHE", "Finland", "FI"),
    _Post("LILONGWE", "LILONGWE", "RUEHLG", "Malawi", "MI"),
    _Post("LUXEMBOURG", "LUXEMBOURG", "RUEHLE", "Luxembourg", "LU"),
    _Post("MASERU", "MASERU", "RUEHMR", "Lesotho", "LT"),
    _Post("MBABANE", "MBABANE", "RUEHMB", "Swaziland", "WZ"),
    _Post("NIAMEY", "NIAMEY", "RUEHNM", "Niger", "NG"),
    _Post("PARAMARIBO", "PARAMARIBO", "RUEHPO", "Suriname", "NS"),
    _Post("PORTLOUIS", "PORT LOUIS", "RUEHPL", "Mauritius", "MP"),
    _Post("PRAIA", "PRAIA", "RUEHPR", "Cape Verde", "CV"),
    _Post("RIGA", "RIGA", "RUEHRA", "Latvia", "LG"),
    _Post("ULAANBAATAR", "ULAANBAATAR", "RUEHUM", "Mongolia", "MG"),
    _Post("VIENTIANE", "VIENTIANE", "RUEHVN", "Laos", "LA"),
    _Post("VILNIUS", "VILNIUS", "RUEHVL", "Lithuania", "LH"),
    _Post("YAOUNDE", "YAOUNDE", "RUEHYD", "Cameroon", "CM"),
)

_TOPICS = (
    ("the ice road", "ELTN", "ECON"),
    ("the observatory", "TSPA", "TPHY"),
    ("the fish market", "EFIS", "ETRD"),
    ("the national choir", "SCUL", "KPAO"),
    ("the grain elevator", "EAGR", "EAID"),
    ("the telephone exchange", "ECPS", "EINV"),
    ("the lighthouse fund", "EWWT", "EFIN"),
    ("the mapping office", "PBTS", "PGOV"),
    ("the beekeepers' union", "SENV", "ELAB"),
    ("the weather service", "SENV", "TRGY"),
    ("the football league", "SOCI", "KCOR"),
    ("the botanical garden", "TBIO", "SENV"),
)

_SUBJECTS = (
    "{country}: {topic} under review",
    "{country}: what became of {topic}",
    "{country}: new money for {topic}",
    "{country}: {topic} and the election",
    "{country}: a visit to {topic}",
    "{country}: dispute over {topic} nears its end",
)

_FIRST_NAMES = (
    "Anselm Beatrix Cyprian Dorothea Emeka Fenella Gustav Hedda Ivo Jorunn Kwame Lavinia "
    "Matthias Nokuthula Osric Perpetua Quentin Rosalind Sixtus Tamsin Ulrich Verity"
).split()
_LAST_NAMES = (
    "Abernathy-Kowal Brandvold Cloudsley Dravidson Eastermann Farquhar-Ito Goldenrod "
    "Hathersage Imberlow Jostwick Kettlewell Lindqvarn Mossfield Nightingrove Oxenbridge "
    "Pallister-Ndong Quarrenton Rookwood Sandiver Thornapple Umberleigh Vantongeren"
).split()
_ROLES = (
    "Deputy Minister",
    "Director General",
    "union leader",
    "newspaper editor",
    "opposition deputy",
    "bank governor",
    "district engineer",
    "university rector",
)
_OFFICERS = ("Poloff", "Econoff", "the DCM", "Conoff", "the Ambassador", "PAO")
_PLACES = (
    "Osterhavn",
    "Mbolo Flats",
    "Kirchdal",
    "Santa Ordina",
    "Tervola Bridge",
    "Nam Sai Kao",
    "Upper Lessing",
    "Qaraqum Station",
)
_SENTENCES = (
    "{role} {person} told {officer} on {day} that {topic} would be reorganized before the "
    "end of the year.",
    "According to {person}, the budget covers {number} percent of what was promised in {place}.",
    "Local papers gave the story {number} lines, most of them about the weather.",
    "{person} said the figures from {place} were correct when they were written down.",
    "A tender for {topic} drew {number} bids, of which all but one were from the same address.",
    "Asked about the delay, {person} pointed to the map and then to the ceiling.",
    "Neither the ministry nor the town of {place} has published the agreement.",
    "{officer} visited {place} and found the office open, the lamp lit and nobody at the desk.",
    "The committee on {topic} last met in {month}, when it adopted the date of its next meeting.",
    "Contacts in {place} expect little to change, and say so with some satisfaction.",
    "{role} {person} (protect) described the plan as modest, expensive and probably finished.",
    "Of the {number} members present, a majority abstained and the rest left early.",
    "The donors would like a report; {person} would like the donors to read the last one.",
    "Rumors that {person} will resign have been heard in {place} since {month}.",
    "The two sides agreed to exchange lists of what each believes the other has lost.",
    "Officials privately concede that {topic} has cost more than the bridge at {place}.",
)
_HEADINGS = (
    "A SLOW START",
    "THE VIEW FROM THE PROVINCES",
    "WHO PAYS",
    "NEXT STEPS",
    "MIXED SIGNALS",
    "THE NUMBERS",
)
_MONTHS = "January March April May June September October November".split()
_WEIGHTS = (40, 4, 11, 5, 18, 22)  # of each classification, near its share among the 6,712
_PORTIONS = {"C": "C", "S": "S", "U": "SBU"}
_BANNERS = {"C": "C O N F I D E N T I A L", "S": "S E C R E T", "U": "UNCLAS"}
# The builds' Released minutes equal the hour on a 12-hour clock (dossier 0, fact 4).
_RELEASES = (
    "2010-11-28 18:06",
    "2010-11-29 23:11",
    "2010-11-30 16:04",
    "2010-12-01 21:09",
    "2010-12-02 17:05",
)


def _fillers(count: int, rng: random.Random) -> Iterator[InventedCable]:
    for number in range(count):
        yield _filler(number, rng)


def _filler(number: int, rng: random.Random) -> InventedCable:
    # Post and serial come from the number, so that IDs stay distinct however many are made.
    post = _POSTS[number % len(_POSTS)]
    year = 2004 + number // len(_POSTS) % 6
    serial = 9200 + number // (len(_POSTS) * 6)
    created = (
        f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} "
        f"{rng.randint(5, 18):02}:{rng.randint(0, 59):02}"
    )
    classification = rng.choices(CLASSIFICATIONS, _WEIGHTS)[0]
    topic, *topic_tags = rng.choice(_TOPICS)
    subject = rng.choice(_SUBJECTS).format(country=post.country, topic=topic).upper()
    tags = ("PGOV" if "PGOV" not in topic_tags else "PREL", *topic_tags, post.tag)
    sections = rng.choice((1, 2, 2, 3))
    text = _filler_text(
        f"{_BANNERS[classification[0]]} {_section(sections)}{post.name} {serial:06}",
        f"{post.name[:10]} {serial:08}",
        (
            *_declassification(created, classification),
            f"TAGS: {' '.join(tags)}",
            f"SUBJECT: {subject}",
            "",
            f"REF: {post.name} {serial - 1}",
        ),
        _PORTIONS[classification[0]],
        topic,
        sections,
        rng,
    )
    return InventedCable(
        reference_id=f"{year % 100:02}{post.code}{serial}",
        created=created,
        classification=classification,
        origin=post.origin,
        title=subject,
        header=routing_header(
            created,
            serial,
            post.station,
            f"AMEMBASSY {post.name}",
            classification,
            sections=sections,
            info=("RUCNDT/USMISSION USUN NEW YORK 1067", "RHEHNSC/NSC WASHDC"),
        ),
        body=text,
        tags=tags,
        articles=("http://www.morning-lantern.example",) if rng.random() < 0.2 else (),
        released=rng.choice(_RELEASES),
    )


def _section(sections: int) -> str:
    return f"SECTION 01 OF {sections:02} " if sections > 1 else ""


def _declassification(created: str, classification: str) -> tuple[str, ...]:
    if classification.startswith("U"):
        return ("E.O. 12958: N/A",)
    return (f"E.O. 12958: DECL: {created[5:7]}/{created[8:10]}/{int(created[:4]) + 10}",)


def _filler_text(
    banner: str,
    page_mark: str,
    block: Sequence[str],
    portion: str,
    topic: str,
    sections: int,
    rng: random.Random,
) -> str:
    lines = [banner, "", "SIPDIS", "", *block, ""]
    if portion != "SBU":
        lines += [f"Classified By: DCM {_person(rng)}, reasons 1.4(b) and (d).", ""]
    paragraphs = rng.randint(7, 13)
    page = 1
    for paragraph in range(1, paragraphs + 1):
        sentences = " ".join(_sentences(rng, topic, rng.randint(2, 5)))
        if paragraph == 1:
            sentences = f"Summary: {sentences} End summary."
        elif paragraph == paragraphs:
            sentences = f"Comment: {sentences} End comment."
        elif rng.random() < 0.25:
            heading = rng.choice(_HEADINGS)
            lines += ["-" * len(heading), heading, "-" * len(heading), ""]
        lines += [*textwrap.wrap(f"{paragraph}. ({portion}) {sentences}", 66), ""]
        if page < sections and paragraph * sections >= page * paragraphs:
            page += 1
            lines += [f"{page_mark}  {page:03} OF {sections:03}", "", ""]
    lines += [rng.choice(_LAST_NAMES).partition("-")[0].upper()]
    return _padded("\n".join(lines))


def _sentences(rng: random.Random, topic: str, count: int) -> Iterator[str]:
    for sentence in rng.sample(_SENTENCES, count):
        filled = sentence.format(
            role=rng.choice(_ROLES),
            person=_person(rng),
            officer=rng.choice(_OFFICERS),
            place=rng.choice(_PLACES),
            month=rng.choice(_MONTHS),
            day=f"{rng.choice(_MONTHS)} {rng.randint(1, 28)}",
            number=rng.randint(3, 97),
            topic=topic,
        )
        yield filled[0].upper() + filled[1:]


def _person(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}"
