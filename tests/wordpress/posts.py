"""The forms in which bloggers post a cable: what they type into WordPress's editor.

WordPress then makes paragraphs of blank lines and <br /> of line breaks (wpautop), and curls
quotes (wptexturize), outside <pre>. The cable's own text is escaped as a careful blogger does it,
so that a page shows `<` and `&` as they are in the cable.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.corpus import PlainReading
from tests.sites.cables import PARTIAL_NOTICE, InventedCable
from tests.wordpress.server import Comment, Post


@dataclass(frozen=True)
class PostedCable:
    reference_id: str
    created: str
    """`YYYY-MM-DD HH:MM`"""
    released: str
    classification: str
    origin: str
    title: str
    header: str
    body: str
    articles: tuple[str, ...] = ()
    record: int = 9_001
    """Its number in the raw dump."""
    references: tuple[str, ...] = ()
    """IDs in the raw dump's column of them."""

    @property
    def address(self) -> str:
        """Its page at WikiLeaks."""
        folder = self.created[:7].replace("-", "/")
        return f"http://wikileaks.org/cable/{folder}/{self.reference_id}.html"

    @property
    def text(self) -> str:
        """Header and body as one text."""
        return f"{self.header}\n\n{self.body}"

    @property
    def row(self) -> tuple[str, ...]:
        """Its cells under COLUMNS."""
        return (self.reference_id, self.created, self.released, self.classification, self.origin)


def posted(cable: InventedCable | PlainReading) -> PostedCable:
    """An invented cable, or one of a real page, as a blogger has it."""
    return PostedCable(
        reference_id=cable.reference_id,
        created=cable.created,
        released=cable.released,
        classification=cable.classification,
        origin=cable.origin,
        title=cable.title,
        header=cable.header,
        body=cable.body,
        articles=tuple(cable.articles),
    )


def has_broken_lines(cable: PostedCable) -> bool:
    """Whether its lines are a telegram's, its paragraphs numbered, and its end a name."""
    lines = [line for line in cable.text.split("\n") if line != PARTIAL_NOTICE]
    return (
        max(map(len, lines)) <= 90
        and re.search(r"^\d{1,2}\. ", cable.body, re.M) is not None
        and re.fullmatch(r"[A-Z]{4,}", lines[-1].strip()) is not None
    )


COLUMNS = ("Reference ID", "Created", "Released", "Classification", "Origin")

JUSTIFICATION = (
    "To understand the justification used for the classification of each cable, please use this "
    '<a href="http://en.wikisource.org/wiki/Executive_Order_12958">WikiSource article</a> as '
    "reference."
)
DISCUSSING = (
    "If you find meaningful or important information in a cable, please link directly to its "
    "unique reference number. Linking to a specific paragraph in the body of a cable is also "
    "possible by copying the appropriate link (to be found at the paragraph symbol). Please mark "
    "messages for social networking services like Twitter with the hash tags <b>#cablegate</b> "
    "and a hash containing the reference ID e.g. <b>#{}</b>."
)

# ----------------------------------------------------------------- the block as typed by hand


def block_as_table(cable: PostedCable) -> str:
    """The page of WikiLeaks pasted with its markup: block with a table, header and body in <pre>.

    What the visual editor makes of a paste from the browser.
    """
    return (
        f"{_opening(cable)}\n{_table(cable)}\n{_articles(cable)}"
        f"<pre>{_typed(cable.header)}</pre>\n<pre>{_typed(cable.body)}</pre>"
    )


def block_as_lines(cable: PostedCable) -> str:
    """The block flattened to two lines of text, header and body as bare text.

    The first seed: pasted as text, so that wpautop makes the paragraphs and line breaks.
    """
    return "\n".join(
        [
            f'<a href="{cable.address}">WikiLeaks Link</a>',
            "",
            JUSTIFICATION,
            "Discussing cables",
            DISCUSSING.format(cable.reference_id),
            " ".join(COLUMNS),
            " ".join(cable.row),
            *(
                ["Appears in these articles:", *map(_typed, cable.articles)]
                if cable.articles
                else []
            ),
            "",
            _typed(cable.text),
        ]
    )


def block_as_cells(cable: PostedCable) -> str:
    """The block's table as <div>s, a row of names and a row of values; the cable in one <pre>.

    What a paste into a theme without table styles, or a converter of tables, leaves.
    """
    rows = "\n".join(
        '<div class="row">{}</div>'.format("".join(f'<div class="cell">{c}</div>' for c in row))
        for row in (COLUMNS, cable.row)
    )
    return f"{_opening(cable)}\n{rows}\n{_articles(cable)}<pre>{_typed(cable.text)}</pre>"


def block_as_paragraphs(cable: PostedCable) -> str:
    """A paragraph for each cell of the block: names first, then values; the cable in one <pre>."""
    cells = "\n\n".join([*COLUMNS, *cable.row])
    return f"{_opening(cable)}\n{cells}\n\n{_articles(cable)}<pre>{_typed(cable.text)}</pre>"


def _opening(cable: PostedCable) -> str:
    return "\n".join(
        [
            f'<h3><a href="{cable.address}">WikiLeaks Link</a></h3>',
            JUSTIFICATION,
            "<h4>Discussing cables</h4>",
            DISCUSSING.format(cable.reference_id),
            "",
        ]
    )


def _table(cable: PostedCable) -> str:
    return "<table>\n<tbody>\n{}</tbody>\n</table>".format(
        "".join(
            "<tr>\n{}</tr>\n".format("".join(f"<{cell}>{text}</{cell}>\n" for text in row))
            for cell, row in (("th", COLUMNS), ("td", _linked(cable)))
        )
    )


def _linked(cable: PostedCable) -> tuple[str, ...]:
    return (f'<a href="{cable.address}">{cable.reference_id}</a>', *cable.row[1:])


def _articles(cable: PostedCable) -> str:
    if not cable.articles:
        return ""
    links = "\n".join(f'<a href="{_typed(at)}">{_typed(at)}</a>' for at in cable.articles)
    return f"Appears in these articles:\n{links}\n\n"


# ------------------------------------------------------------------------ the block editor


def blocks_preformatted(cable: PostedCable) -> str:
    """Block editor: heading, paragraphs, a table, header and body in preformatted blocks."""
    return _blocks(
        _opening_blocks(cable),
        _block("preformatted", _preformatted(_typed(cable.header))),
        _block("preformatted", _preformatted(_typed(cable.body))),
    )


def blocks_preformatted_with_breaks(cable: PostedCable) -> str:
    """The same from its first years, when a preformatted block stored line breaks as <br>."""
    return _blocks(
        _opening_blocks(cable),
        _block("preformatted", _preformatted(_broken(cable.header))),
        _block("preformatted", _preformatted(_broken(cable.body))),
    )


def blocks_paragraphs(cable: PostedCable) -> str:
    """Block editor, text pasted: a paragraph block for each paragraph, <br> within."""
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", cable.text)
    return _blocks(
        _opening_blocks(cable),
        *(_block("paragraph", f"<p>{_broken(text)}</p>") for text in paragraphs),
    )


def blocks_code(cable: PostedCable) -> str:
    """Block editor: the cable in a code block, which stores `[` and lone URLs as references."""
    text = _typed(cable.text).replace("[", "&#91;")
    text = re.sub(r"(?m)^(\s*https?:)//(\S+\s*)$", r"\1&#47;&#47;\2", text)
    code = f'<pre class="wp-block-code"><code>{text}</code></pre>'
    return _blocks(_opening_blocks(cable), _block("code", code))


def blocks_verse(cable: PostedCable) -> str:
    """Block editor: the cable in a verse block, a <pre> that is set in the text's own face."""
    verse = f'<pre class="wp-block-verse">{_typed(cable.text)}</pre>'
    return _blocks(_opening_blocks(cable), _block("verse", verse))


def _opening_blocks(cable: PostedCable) -> str:
    rows = "".join(
        "<tr>{}</tr>".format("".join(f"<td>{text}</td>" for text in row))
        for row in (COLUMNS, _linked(cable))
    )
    pieces = [
        _block("heading", f'<h2><a href="{cable.address}">WikiLeaks Link</a></h2>'),
        _block("paragraph", f"<p>{JUSTIFICATION}</p>"),
        _block("heading", "<h3>Discussing cables</h3>", ' {"level":3}'),
        _block("paragraph", f"<p>{DISCUSSING.format(cable.reference_id)}</p>"),
        _block(
            "table",
            f'<figure class="wp-block-table"><table><tbody>{rows}</tbody></table></figure>',
        ),
    ]
    if cable.articles:
        links = "<br>".join(f'<a href="{_typed(at)}">{_typed(at)}</a>' for at in cable.articles)
        pieces.append(_block("paragraph", f"<p>Appears in these articles:<br>{links}</p>"))
    return _blocks(*pieces)


def _blocks(*blocks: str) -> str:
    return "\n\n".join(blocks)


def _block(name: str, markup: str, attributes: str = "") -> str:
    return f"<!-- wp:{name}{attributes} -->\n{markup}\n<!-- /wp:{name} -->"


def _preformatted(text: str) -> str:
    return f'<pre class="wp-block-preformatted">{text}</pre>'


def _broken(text: str) -> str:
    return _typed(text).replace("\n", "<br>")


# ---------------------------------------------------------------------------- no block at all


def plain_text(cable: PostedCable) -> str:
    """The telegram and nothing else, as bare text; which cable it is says the post's title."""
    return _typed(cable.text)


def plain_pre(cable: PostedCable) -> str:
    """The telegram and nothing else, in one <pre>."""
    return f"<pre>{_typed(cable.text)}</pre>"


# ------------------------------------------------------------------------------ raw records


def twice_by_lines(cable: PostedCable) -> str:
    """The page of WikiLeaks, and below it the raw dump's record, one field a line, as bare text."""
    return f"{block_as_table(cable)}\n\n{_typed(_record_of_lines(cable))}"


def twice_by_tabs(cable: PostedCable) -> str:
    """The page of WikiLeaks, and below it the raw record: tabs, and `\\` where a line ends."""
    return f"{block_as_table(cable)}\n\n<pre>{_typed(_record_of_tabs(cable))}</pre>"


def twice_as_text(cable: PostedCable) -> str:
    """Both copies as bare text: nothing but the record's first lines stands between them."""
    return f"{block_as_lines(cable)}\n\n{_typed(_record_of_lines(cable))}"


def block_and_record(cable: PostedCable) -> str:
    """The block, and the raw record in place of the telegram."""
    return (
        f"{_opening(cable)}\n{_table(cable)}\n{_articles(cable)}"
        f"<pre>{_typed(_record_of_lines(cable))}</pre>"
    )


def _record_of_lines(cable: PostedCable) -> str:
    return "\n".join(["<>", *_fields(cable), cable.header, "", cable.body])


def _record_of_tabs(cable: PostedCable) -> str:
    return "\t".join([*_fields(cable), cable.text.replace("\n", "\\\n")])


def _fields(cable: PostedCable) -> list[str]:
    return [
        str(cable.record),
        f"{cable.created}:00",
        cable.reference_id,
        cable.origin,
        cable.classification,
        "|".join(cable.references),
    ]


# ------------------------------------------------------------------------------- commentary

BEFORE = (
    "I have been waiting for this one. The paper wrote about it last week and left out the best "
    "part, so here it is in full."
)
AFTER = (
    "What nobody asks is who paid for the tram. My guess is in last month's post; tell me yours."
)


def commentary_divided_by_rules(cable: PostedCable) -> str:
    """The blogger's own words before and after, each divided from the page by an <hr />."""
    return f"{BEFORE}\n\n<hr />\n\n{block_as_table(cable)}\n\n<hr />\n\n{AFTER}"


def commentary_under_headings(cable: PostedCable) -> str:
    """Own words before and after, under headings; the page as text between them."""
    return (
        f"<h2>Why this matters</h2>\n{BEFORE}\n<h2>The cable</h2>\n{block_as_lines(cable)}\n"
        f"<h2>What I make of it</h2>\n{AFTER}"
    )


def commentary_before_more(cable: PostedCable) -> str:
    """Own words, then <!--more-->: lists of posts show the words only."""
    return f"{BEFORE}\n\n<!--more-->\n\n{block_as_table(cable)}"


def commentary_with_quotation(cable: PostedCable) -> str:
    """The cable, then own words about a sentence of it in a <blockquote>."""
    return (
        f"{block_as_cells(cable)}\n\n{BEFORE}\n"
        f"<blockquote>{_typed(_sentence(cable))}</blockquote>\n{AFTER}"
    )


def commentary_in_paragraphs(cable: PostedCable) -> str:
    """A paragraph of own words before and after the page as text: no markup divides them."""
    return f"{BEFORE}\n\n{block_as_lines(cable)}\n\n{AFTER}"


def commentary_around_pre(cable: PostedCable) -> str:
    """A paragraph of own words before and after the telegram in <pre>, with no block."""
    return f"{BEFORE}\n\n{plain_pre(cable)}\n\n{AFTER}"


def commentary_around_plain_text(cable: PostedCable) -> str:
    """A paragraph of own words before and after the telegram as bare text, with no block."""
    return f"{BEFORE}\n\n{plain_text(cable)}\n\n{AFTER}"


# --------------------------------------------------------------------------- several cables


def several(*cables: PostedCable) -> str:
    """Several pages of WikiLeaks one after the other, each with its block."""
    return "\n\n".join(block_as_table(cable) for cable in cables)


def several_as_text(*cables: PostedCable) -> str:
    """The same as text: each block is two lines."""
    return "\n\n".join(block_as_lines(cable) for cable in cables)


def several_under_headings(*cables: PostedCable) -> str:
    """Several pages, each under a heading that is the cable's ID."""
    return "\n\n".join(
        f"<h2>{cable.reference_id}</h2>\n{block_as_table(cable)}" for cable in cables
    )


def several_telegrams_under_headings(*cables: PostedCable) -> str:
    """Several telegrams in <pre> without blocks, each under a heading that is its ID."""
    return "\n\n".join(f"<h2>{cable.reference_id}</h2>\n{plain_pre(cable)}" for cable in cables)


# ------------------------------------------------------------------------------- no cable


def mentions(*cables: PostedCable) -> str:
    """An article that names cables, links to them and quotes a sentence: no cable."""
    named = " and ".join(f'<a href="{cable.address}">{cable.reference_id}</a>' for cable in cables)
    return (
        f"Two weeks on, and the embassy still says nothing about {named}.\n\n"
        f"<blockquote>{_typed(_sentence(cables[0]))}</blockquote>\n"
        f"That is from {cables[0].reference_id}, {cables[0].origin}, "
        f"{cables[0].classification}. {AFTER}"
    )


# ------------------------------------------------------------------------------- posts

Form = Callable[..., str]
"""From a cable, or for the forms of SEVERAL from two or more, to a post's raw content."""

FORMS: dict[str, Form] = {
    form.__name__: form
    for form in (
        block_as_table,
        block_as_lines,
        block_as_cells,
        block_as_paragraphs,
        blocks_preformatted,
        blocks_preformatted_with_breaks,
        blocks_paragraphs,
        blocks_code,
        blocks_verse,
        plain_text,
        plain_pre,
        twice_by_lines,
        twice_by_tabs,
        twice_as_text,
        block_and_record,
        commentary_divided_by_rules,
        commentary_under_headings,
        commentary_before_more,
        commentary_with_quotation,
        commentary_in_paragraphs,
        commentary_around_pre,
        commentary_around_plain_text,
        several,
        several_as_text,
        several_under_headings,
        several_telegrams_under_headings,
        mentions,
    )
}

SEVERAL = frozenset(
    {
        "several",
        "several_as_text",
        "several_under_headings",
        "several_telegrams_under_headings",
        "mentions",
    }
)
"""Forms of two or more cables; their posts have titles that name none."""


def post_of(
    form: str, *cables: PostedCable, divider: str = ", ", comments: Iterable[Comment] = ()
) -> Post:
    """The post of a cable, or of several, in a form of FORMS.

    As on the blogs of this kind its date is the cable's own, its title ID and title with
    `divider` (", " or ": ") between them, its categories are classification and origin.
    """
    first = cables[0]
    if form in SEVERAL:
        title = f"From the cables of {first.created[:4]}"
    else:
        title = f"{first.reference_id}{divider}{first.title}" if first.title else first.reference_id
    return Post(
        title=_typed(title),
        content=FORMS[form](*cables),
        date=first.created,
        categories=(first.classification, first.origin),
        comments=tuple(comments),
    )


def quoting_comments(cable: PostedCable) -> tuple[Comment, ...]:
    """Comments, a pingback and a trackback that hold the cable's ID and its text."""
    start = cable.body[:1500]
    return (
        Comment(
            _typed(f"The part that matters in {cable.reference_id}:\n\n{start}"),
            replies=(Comment("Read paragraph 2 again.", author="The blogger"),),
        ),
        Comment(f"<pre>{_typed(cable.text)}</pre>", author="Somebody who pastes it all"),
        Comment(
            f"[&#8230;] {_typed(_sentence(cable))} [&#8230;]",
            author="Another blog",
            kind="pingback",
            url="http://another.example/2011/09/",
        ),
        Comment(
            f"<strong>{cable.reference_id}</strong>\n\n{_typed(_sentence(cable))}",
            author="A third blog",
            kind="trackback",
            url="http://third.example/",
        ),
    )


def _sentence(cable: PostedCable) -> str:
    """A sentence of the cable on one line: the first that is long enough to be quoted."""
    flat = " ".join(cable.body.split())
    found = re.search(r"(?<=\. )[A-Z][^.]{60,}\.(?= )", flat)
    return found[0] if found else flat[:200]


def _typed(text: str) -> str:
    return html.escape(text, quote=False)
