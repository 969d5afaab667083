"""The colours of figures, by name: what they look like is for the style sheet, light and dark.

A figure is drawn with a stand-in for each, which becomes a class. The scales have one hue and
grow in lightness, so that they are told apart without colours too.
"""

from __future__ import annotations

STEPS = 8
"""Of a scale. The upper half is dark on light paper, and light on dark."""

HELD = tuple(f"held-{step}" for step in range(STEPS))
LACK = tuple(f"lack-{step}" for step in range(STEPS))
INK, SOFT, LINE, PAPER = "ink", "soft", "line", "paper"
ONE, TWO, THREE, FOUR, REST = "one", "two", "three", "four", "rest"
NAMES = (*HELD, *LACK, INK, SOFT, LINE, PAPER, ONE, TWO, THREE, FOUR, REST)

_STAND_INS = {name: f"#0101{number:02x}" for number, name in enumerate(NAMES, start=1)}
_NAMES = {colour: name for name, colour in _STAND_INS.items()}


def stand_in(name: str) -> str:
    """What a figure is drawn with."""
    return _STAND_INS[name]


def name_of(colour: str) -> str:
    """The name behind a stand-in. Raises KeyError for any other colour."""
    return _NAMES[colour]


def written_on(name: str) -> str:
    """The colour of what is written on a step of a scale."""
    return INK if int(name[-1]) < STEPS // 2 else PAPER


def classes() -> str:
    """The rules of the style sheet for each name: of shapes, strokes and swatches."""
    return "\n".join(
        f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}"
        f".b-{name}{{background:var(--{name})}}.o-{name}{{border:2px solid var(--{name})}}"
        for name in NAMES
    )
