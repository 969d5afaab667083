"""A matplotlib figure as an element of the page: no colour, font or ID of its own.

matplotlib writes styles into attributes, which a page's Content-Security-Policy may forbid:
here colours become classes and the rest presentation attributes
(https://www.w3.org/TR/SVG2/styling.html#PresentationAttributes).
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import matplotlib
from lxml import etree
from matplotlib.figure import Figure as Canvas

from cablecrawl.report.colours import INK, LINE, SOFT, name_of, stand_in

PIXELS_AN_INCH = 72
"""What matplotlib writes an SVG in: a unit is a pixel then."""

TEXT_SIZE = 12
SMALLEST_TEXT = 9
"""Pixels; on a narrow screen a figure is scaled down to that, and scrolls from there on."""

SVG = "http://www.w3.org/2000/svg"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

REFERENCE = re.compile(r"#(?P<id>[\w.-]+)", re.ASCII)
FONT_SIZE = re.compile(r"(?P<size>[\d.]+)px", re.ASCII)
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}", re.ASCII)

# Styles that are the page's to choose, or that say what is so anyway.
LEFT_OUT = frozenset(("font-family", "stroke-linejoin", "stroke-linecap", "white-space"))

SETTINGS = {
    "svg.hashsalt": "cablecrawl",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a "$" in a source's name is one
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same sizes everywhere
    "font.size": TEXT_SIZE,
    "figure.dpi": PIXELS_AN_INCH,
    "text.color": stand_in(INK),
    "axes.labelcolor": stand_in(SOFT),
    "axes.edgecolor": stand_in(LINE),
    "xtick.color": stand_in(LINE),
    "xtick.labelcolor": stand_in(SOFT),
    "ytick.color": stand_in(LINE),
    "ytick.labelcolor": stand_in(INK),
    "grid.color": stand_in(LINE),
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
}


class Drawn(NamedTuple):
    """A figure as an element of HTML."""

    svg: str
    width: int
    """Pixels, at the text's own size."""

    @property
    def narrowest(self) -> int:
        """Pixels at which the text can still be read."""
        return round(self.width * SMALLEST_TEXT / TEXT_SIZE)


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib as a report draws, whatever the user's own settings are."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its font cache
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A letter that its font has not: the page has other fonts.
        warnings.simplefilter("ignore", UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)  # type: ignore[arg-type]  # its keys are literals
        yield


def canvas(width: float, height: float) -> Canvas:
    """An empty figure of so many pixels."""
    return Canvas(figsize=(width / PIXELS_AN_INCH, height / PIXELS_AN_INCH))


def drawn(figure: Canvas, name: str, title: str, description: str, tips: dict[str, str]) -> Drawn:
    """A finished figure.

    `name` is an ID in the page. `tips` are what is said of a part when it is pointed at, by the
    gid that the part was drawn with.
    """
    file = io.BytesIO()
    figure.savefig(
        file,
        format="svg",
        transparent=True,
        bbox_inches="tight",
        pad_inches=2 / PIXELS_AN_INCH,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    parser = etree.XMLParser(remove_comments=True, no_network=True, resolve_entities=False)
    root = etree.fromstring(file.getvalue(), parser)
    width = round(float(root.get("width").removesuffix("pt")))
    for element in [*root.iter(f"{{{SVG}}}metadata"), *root.iter(f"{{{SVG}}}style")]:
        element.getparent().remove(element)
    _tip(root, tips)
    _rename(root, name)
    for element in root.iter():
        _restyle(element)
    _unwrap(root)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = etree.Element(f"{{{SVG}}}{tag}", id=f"{name}-{tag}")
        element.text = text
        root.insert(place, element)
    for element in root.iter():  # HTML knows the namespace by the element's name
        element.tag = etree.QName(element).localname
    etree.cleanup_namespaces(root)
    for element in root.iter():
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
    text = etree.tostring(root, encoding="unicode", method="xml")
    return Drawn(text, width)


def _tip(root: etree._Element, tips: dict[str, str]) -> None:
    for element in root.iter():
        tip = tips.get(element.get("id", ""))
        if tip is not None:
            title = etree.Element(f"{{{SVG}}}title")
            title.text = tip
            element.insert(0, title)


def _rename(root: etree._Element, name: str) -> None:
    """Keep the IDs that something refers to, told apart from those of the other figures."""
    wanted = {
        match["id"]
        for element in root.iter()
        for value in element.attrib.values()
        for match in REFERENCE.finditer(value)
    }
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in wanted:
            element.set("id", f"{name}-{identity}")
        if XLINK_HREF in element.attrib:
            target = element.attrib.pop(XLINK_HREF).removeprefix("#")
            element.set("href", f"#{name}-{target}")
        clip = element.get("clip-path")
        if clip is not None:
            element.set("clip-path", clip.replace("url(#", f"url(#{name}-"))


def _restyle(element: etree._Element) -> None:
    styles = {
        part.partition(":")[0].strip(): part.partition(":")[2].strip()
        for part in element.attrib.pop("style", "").split(";")
        if part.strip()
    }
    classes = []
    font = styles.pop("font", None)
    if font is not None:
        size = FONT_SIZE.search(font)
        if size is not None:
            styles["font-size"] = size["size"]
        if "bold" in font or "700" in font:
            styles["font-weight"] = "bold"
    styles.setdefault("fill", element.attrib.pop("fill", ""))
    styles.setdefault("stroke", element.attrib.pop("stroke", ""))
    if "font-size" in styles:
        styles["font-size"] = styles["font-size"].removesuffix("px")
    for name, value in styles.items():
        if not value or name in LEFT_OUT:
            continue
        if value.startswith("#"):
            classes.append(f"{'f' if name == 'fill' else 's'}-{name_of(value)}")
        else:
            element.set(name, value)
    if classes:
        element.set("class", " ".join(classes))
    element.attrib.pop(XML_SPACE, None)
    for name in ("d", "transform", "x", "y", "width", "height"):
        value = element.get(name)
        if value is not None:
            element.set(name, LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value))


def _unwrap(root: etree._Element) -> None:
    """Take away groups that say nothing, which is most of them."""
    for group in reversed(list(root.iter(f"{{{SVG}}}g"))):
        parent = group.getparent()
        if (
            parent is None
            or group.attrib
            or any(etree.QName(c).localname == "title" for c in group)
        ):
            continue
        place = parent.index(group)
        for child in reversed(list(group)):
            parent.insert(place, child)
        parent.remove(group)
