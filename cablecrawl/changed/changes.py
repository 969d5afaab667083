"""What became of each copy, as it may be shown: kinds of change, and claims before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from cablecrawl.changed.moments import Moment
from cablecrawl.changed.states import UNLISTED, CableFates, Fate, HeldClaim, State, States
from cablecrawl.collation.collation import Collation
from cablecrawl.collation.former import former_of
from cablecrawl.collation.hidden import Hidden
from cablecrawl.export.read import Snapshot, StoredCable
from cablecrawl.records import ChangedClaim, ChangedField, ChangeRecord, CopyState, CopyTurn
from cablecrawl.store.evidence import GONE

NEW, CHANGED, MOVED, BACK = "new", "changed", "moved", "back"
RESTATED, REBUILT, REVERTED = "restated", "rebuilt", "reverted"
KINDS = (NEW, CHANGED, MOVED, GONE, BACK, UNLISTED, RESTATED, REBUILT, REVERTED)

RELEASED = "released"

OF_BUILD = frozenset(("release", "released_so_far", "chrome_sha256"))
"""Fields by which a page tells its build: with each build they are others on all pages."""

OWN_VALUES = frozenset(("reference_id", "created_precision", "partial_extract", "flag"))
"""Fields whose values are ours, or name the cable: nothing is hidden in them."""


class Changes:
    """What changed in a store between two moments."""

    def __init__(
        self,
        store: Snapshot,
        since: Moment | None,
        until: Moment | None = None,
        *,
        show: bool = False,
    ) -> None:
        """`since` None: all is new; `until` None: now; `show`: the setting SHOW_REDACTED_SPANS."""
        self._store = store
        self._states = States(store.connection, since, until)
        self._show = show
        self._fates = self._states.cables()
        self._next = next(self._fates, None)

    def __iter__(self) -> Iterator[tuple[StoredCable, Hidden, list[ChangeRecord]]]:
        """Every cable that changed, by reference ID, with what is hidden of it."""
        while self._next is not None:
            cable = self._store.cable(self._next.reference_id)
            assert cable is not None  # the store is seen as it was at one moment
            hidden = self._hidden(cable)
            records = self._of_next(Collation(cable), hidden)
            if records:
                yield cable, hidden, records

    def of(self, collation: Collation) -> list[ChangeRecord]:
        """The changes of a cable; asked of cables in the order of their IDs."""
        cable = collation.cable
        while self._next is not None and self._next.reference_id < cable.reference_id:
            self._next = next(self._fates, None)
        if self._next is None or self._next.reference_id != cable.reference_id:
            return []
        return self._of_next(collation, self._hidden(cable))

    def _hidden(self, cable: StoredCable) -> Hidden:
        former = former_of(self._store.connection, cable.reference_id)
        return Hidden.of(cable, former, show=self._show)

    def _of_next(self, collation: Collation, hidden: Hidden) -> list[ChangeRecord]:
        assert self._next is not None
        of_cable, self._next = self._next, next(self._fates, None)
        records = (self._record(of_cable, fate, collation, hidden) for fate in of_cable.fates)
        return [record for record in records if record.kinds]

    def _record(
        self, of_cable: CableFates, fate: Fate, collation: Collation, hidden: Hidden
    ) -> ChangeRecord:
        before, after = fate.before, fate.after
        fields: list[ChangedField] = []
        text_changes: tuple[str, ...] = ()
        if before is not None and fate.claims_may_differ:
            fields = _changed_fields(
                self._states.claims(before), self._states.claims(after), hidden
            )
        if before is not None and before.sha256 != after.sha256:
            text_changes = collation.compare(before.sha256, after.sha256).kinds
        return ChangeRecord(
            of_cable.reference_id,
            fate.source,
            hidden.address(fate.url),
            _kinds(fate, {each.field for each in fields}),
            of_cable.is_new,
            None if before is None else _state(before),
            _state(after),
            list(text_changes),
            [CopyTurn(turn.sha256, turn.at, turn.capture_id) for turn in fate.course],
            fields,
        )


def _state(state: State) -> CopyState:
    return CopyState(state.status, state.sha256)


def _kinds(fate: Fate, fields: set[str]) -> list[str]:
    """In the order of KINDS."""
    before, after = fate.before, fate.after
    if before is None:
        return [NEW, GONE] if after.status == GONE else [NEW]
    is_changed = before.sha256 != after.sha256
    was_gone, is_gone = before.status == GONE, after.status == GONE
    others = fields - OF_BUILD - {RELEASED}
    held = {
        CHANGED: is_changed,
        MOVED: RELEASED in fields,
        GONE: is_gone and not was_gone,
        BACK: was_gone and not is_gone,
        UNLISTED: after.status == UNLISTED != before.status,
        RESTATED: bool(others) and not is_changed,
        REBUILT: not fields.isdisjoint(OF_BUILD),
    }
    return [kind for kind in held if held[kind]] or ([REVERTED] if fate.course else [])


def _changed_fields(
    before: Sequence[HeldClaim], after: Sequence[HeldClaim], hidden: Hidden
) -> list[ChangedField]:
    """The fields that say something else, or by somebody else; by what rule it is read is ours."""
    olds, news = _by_field(before), _by_field(after)
    return [
        ChangedField(
            name,
            [_claim(claim, hidden) for claim in olds.get(name, ())],
            [_claim(claim, hidden) for claim in news.get(name, ())],
        )
        for name in sorted(olds.keys() | news.keys())
        if _said(olds.get(name, ())) != _said(news.get(name, ()))
    ]


def _by_field(claims: Sequence[HeldClaim]) -> dict[str, list[HeldClaim]]:
    return {name: list(of_field) for name, of_field in groupby(claims, attrgetter("field"))}


def _said(claims: Sequence[HeldClaim]) -> list[tuple[str, str]]:
    """What is said and by whom, in the order of the page, each once."""
    said = sorted({(claim.ordinal, claim.value, claim.step.asserted_by) for claim in claims})
    return list(dict.fromkeys((value, asserted_by) for _, value, asserted_by in said))


def _claim(claim: HeldClaim, hidden: Hidden) -> ChangedClaim:
    value = claim.value if claim.field in OWN_VALUES else hidden.mask(claim.value)
    return ChangedClaim(value, claim.step.asserted_by, claim.step.rule, claim.capture_id)
