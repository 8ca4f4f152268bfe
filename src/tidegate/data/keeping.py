"""Any source into the store, whole: its bars, what is known of its assets, and the reports beside them.

A synthetic market is drawn anew whenever it is asked for; kept as a dataset it is read like any other, can be exported
and looked at with `tidegate data`, and stands in for a real panel in whatever names one.
"""

import polars as pl

from tidegate.data.fact_health import FactHealth, field_health
from tidegate.data.fact_store import FactHolding, drop_facts, put_facts
from tidegate.data.fundamentals import ImportedFundamentals
from tidegate.data.source import Source
from tidegate.data.store import Holding, Store
from tidegate.types.facts import Facts
from tidegate.types.history import Reported

__all__ = ["keep_reported", "keep_source"]


def keep_source(source: Source, store: Store, dataset: str, *, replace: bool = False) -> Holding:
    """Keep everything that a source has as a dataset; the same source again changes nothing.

    Known at, units, missing values
        Those of the source: nothing is changed on the way.
    Errors
        `KeptError` where other bars or facts are there already, unless `replace`; `BusyError` while another process
        writes.

    >>> from tempfile import mkdtemp
    >>> from tidegate.data.share_world import ShareWorld
    >>> world, store = ShareWorld(assets=6, sessions=80, seed=1, ic=0.1), Store(mkdtemp())
    >>> keep_source(world, store, "made").digest == world.bars().digest
    True
    """
    bars, instruments, reported = source.bars(), source.instruments(), source.reported()
    holding = store.put(dataset, bars, instruments=instruments, replace=replace)
    if any(held is not None for held in (reported.facts, reported.classes, reported.memberships)):
        keep_reported(reported, store, dataset, told_by=source.name, replace=replace)
    elif replace:
        drop_facts(store, dataset)
    return holding


def keep_reported(
    reported: Reported, store: Store, dataset: str, *, told_by: str, replace: bool = False
) -> FactHolding:
    """Keep reports, classes and memberships beside the bars of a dataset; `told_by` says whose they are.

    Raises as `put_facts` does. The health report that is kept names no file, and no defect: nothing was read.
    """
    facts = reported.facts if reported.facts is not None else Facts.of(_NO_FACTS)
    health = FactHealth(
        files=(), fields=field_health(facts), defects=(), notes=(f"made by {told_by}, not read from a file",),
        stamps=reported.stamps,
    )  # fmt: skip
    listed = pl.DataFrame(schema=dict.fromkeys(("defect", "row", "column", "found"), pl.String))
    imported = ImportedFundamentals(facts, health, listed, reported.classes, reported.memberships)
    return put_facts(store, dataset, imported, replace=replace)


_NO_FACTS = pl.DataFrame(
    schema={
        "field": pl.String, "asset": pl.String, "usable": pl.Date, "period": pl.Date, "value": pl.Float64,
        "by": pl.String,
    }
)  # fmt: skip
