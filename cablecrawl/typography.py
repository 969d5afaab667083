"""What a text is when typography and white space are set aside.

WordPress sets texts as a printer would (wptexturize): straight quotation marks become curly
ones, `--` a dash, three points an ellipsis, `9x12` gets a multiplication sign; and a paragraph
shows no run of blanks. A copy that differs in no more than this is the same text set otherwise.

Source: https://developer.wordpress.org/reference/functions/wptexturize/ and …/convert_smilies/
"""

from __future__ import annotations

import re

# Marks that are set in place of others; every kind of a mark becomes one of them.
MARKS = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″", "''"),
    '"': "''",
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "×": "x",
    "™": "(tm)",
    "\u00ad": "",
    **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f\u3000", " "),
}
# What convert_smilies shows for the runs of marks that cables have by chance: "(para 8)".
SMILIES = {
    "😎": "8)",
    "🙂": ":)",
    "🙁": ":(",
    "😉": ";)",
    "😀": ":D",
    "😛": ":P",
    "😮": ":o",
    "😕": ":?",
    "😐": ":|",
    "😡": ":x",
    "😈": ":twisted:",
}
FOLDED = str.maketrans({**MARKS, **SMILIES})
DASHES = re.compile(r"\s*-[-\s]*")
# The same smilies may be written with a nose; they are ones only with blanks around them.
NOSE = re.compile(r"(?<!\S)([8:;])-([)(DPo?|x])(?!\S)")


def fold(text: str) -> str:
    """The text with each mark in one spelling, and no more white space than parts words.

    White space beside a dash goes: ` -- ` is set as `—` and as ` – ` alike.
    """
    # Dashes first: folding twice must be folding once.
    plain = " ".join(DASHES.sub("-", text.translate(FOLDED)).split())
    return NOSE.sub(r"\1\2", plain)
