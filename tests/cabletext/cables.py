"""Invented cables in the dialects that mirrors hold."""

from cablecrawl.cabletext import Finding, Part, read_cable

HEADER = """\
VZCZCXRO1234
RR RUEHXX RUEHYY
DE RUEHQZ #0042/01 0451230
ZNY CCCCC ZZH
R 141230Z FEB 08 ZDK
FM AMEMBASSY QUITO
TO RUEHC/SECSTATE WASHDC 0001
INFO RUEHLM/AMEMBASSY LIMA 0002
"""

PLAIN = """\
C O N F I D E N T I A L SECTION 01 OF 02 QUITO 000042

SIPDIS

STATE FOR EXAMPLE BUREAU

E.O. 12958: DECL: 02/14/2018
TAGS: PREL PGOV ECON
EC, PE
SUBJECT: THE INVENTED MINISTER OPENS A BRIDGE, AND CLOSES
ANOTHER ONE

REF: A. LIMA 17
     B. 07 SAO PAULO 000311 (NOTAL)

     C. IIR 6 123 0456 08
     D. 2006 QUITO 9 AND PREVIOUS

Classified By: Counselor A. N. Other, reasons 1.4 (b) and (d).

1. (C) SUMMARY: The minister, XXXXXXXXXXXX, cut two ribbons. His
aide [NAME REMOVED] held the scissors. SUBJECT: of a toast.

QUITO 00000042  002 OF 002

SIPDIS
2. (C) Please include SIPDIS in any reply. See LIMA 99.
OTHER
"""

NEWSPAPER = """\
Thursday, 14 February 2008, 12:30
S E C R E T SECTION 01 OF 02 PORT AU PRINCE 000043
SIPDIS
EO 12958 DECL: 2018/02/14
TAGS PREL, KDEM, 2009 Election, OVIP (DOE, JANE), HA
SUBJECT: A LIGHTHOUSE FOR A
HARBOR
REF PORT AU PRINCE 12
PORT AU PR 00000043 001.2 OF 002
Classified By: A. N. Other, reasons 1.4 (b).
1. (S) The lamp is lit.
"""

RAW_ROW = """\
<<123456>>
2/14/2008 12:30
08QUITO44
Embassy Quito
CONFIDENTIAL
08LIMA17
VZCZCXYZ0007
RR RUEHWEB

DE RUEHQZ #0044/01 0451230
ZNY CCCCC ZZH
R 141230Z FEB 08
FM AMEMBASSY QUITO
TAGS: PREL EC
SUBJECT: A FERRY THAT CROSSES THE
REF: LIMA 17


C o n f i d e n t i a l quito 000044

Sipdis

E.o. 12958: decl: 02/14/2018
Tags: prel, ec
Subject: a ferry that crosses the wide
lagoon

Ref: lima 17

1. (c) It floats.
"""

GLUED = (
    "S E C R E T RIGA 000045 SIPDIS E.O. 12958: DECL: 02/14/2018 TAGS: PREL LG "
    "SUBJECT: A TRAM REF: OSLO 5 Classified By: A. N. Other\n\n1. (S) It rings.\n"
)


def read(body: str, header: str = "") -> dict[str, list[str]]:
    """The values by field, in order."""
    values: dict[str, list[str]] = {}
    for finding in read_cable(header, body):
        values.setdefault(finding.field, []).append(finding.value)
    return values


def verbatim(finding: Finding, header: str, body: str) -> str:
    parts: dict[Part, str] = {"header": header, "body": body}
    return parts[finding.part][finding.start : finding.end]
