"""Leak tests on a real panel: every factor and step, splits to scale, and whole studies of months.

    python benchmarks/real_leaks.py factors --dataset ashare --shares 300 --cuts 8
    python benchmarks/real_leaks.py steps   --dataset ashare --shares 300 --cuts 8
    python benchmarks/real_leaks.py splits  --dataset ashare
    python benchmarks/real_leaks.py study   --dataset ashare --shares 200

The store is `$TIDEGATE_STORE`, and is only read. Shares are spread evenly over the dataset's codes.

factors, steps   at each cut what came after is cut off (L1), bars and reports after it are replaced by others (L2), and
                 reports alone are (L10); every value up to the cut must be the same, bit for bit, in double precision;
                 the last line counts values *after* the cuts that did change, so that the test is seen to have power
splits           the last target known in training against the first decision judged, fold by fold (L5); rows of inputs
                 that stand on both sides; what each published way of holding out shares
study            the corridor of `published` and `walk` with a small network: weights of every member and fold,
                 forecasts, decisions, fills (L2, L3, L4, L10)

A pass refutes nothing but the cuts that were tried. A difference ends the script with an error.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from parts.record import keep, peak_now
from tidegate.data.months import by_month
from tidegate.data.stored import Stored
from tidegate.factors.expressions import PriceRatios, PriceVolume
from tidegate.factors.noise import PlantedNoise
from tidegate.factors.styles.multi_factor import MultiFactor, MultiFactorTwelve
from tidegate.market.instruments import Instruments
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.date_step import prepare_dates
from tidegate.prepare.hold_out import Part, part_within, shared
from tidegate.prepare.sections import CrossSections
from tidegate.study.beside import Beside
from tidegate.study.ground import seen_bars, seen_reports, stand
from tidegate.study.records import load_folds, load_panel, load_windows
from tidegate.study.stages import Stages
from tidegate.testing.compare import bit_equal, require_same
from tidegate.testing.corridor import check_corridor
from tidegate.testing.reports import scramble_reports
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts
from tidegate.types.history import History
from tidegate_studies.multifactor import STEPS, iterations
from tidegate_studies.multifactor_lstm import declare

SETS = {
    "48 factors": MultiFactor(),
    "12 factors": MultiFactorTwelve(),
    "7 price ratios": PriceRatios(),
    "158 of price and volume": PriceVolume(),
    "planted noise": PlantedNoise(),
}
HELD = ("split-random", "split-stock", "split-month")


def taken(dataset, count):
    """Bars, reports and instruments of some shares of a dataset; 0 takes all."""
    source = Stored(dataset=dataset)
    bars, reported, instruments = source.bars(), source.reported(), source.instruments()
    if 0 < count < len(bars.assets):
        own = pl.col("asset").is_in([bars.assets[at] for at in np.linspace(0, len(bars.assets) - 1, count).astype(int)])
        bars = Bars.of(bars.frame.filter(own), bars.spec)
        reported = replace(reported, facts=Facts.of(reported.facts.frame.filter(own)))
        instruments = Instruments.of(instruments.frame.filter(own))
    return bars, reported, instruments


def monthly(bars, reported):
    return History.of(bars, by_month(bars), reported)


def cuts_of(history, count):
    """Days spread over the axis and around splits and first bars, and the eves of two announcements."""
    days = history.reported.facts.frame.filter(by="announced")["usable"].unique().sort().to_numpy()
    days = days.astype("datetime64[us]")
    inside = days[(days > history.bars.times[1]) & (days <= history.bars.times[-1])]
    eves = np.searchsorted(history.bars.times, np.random.default_rng(0).choice(inside, 2, replace=False)) - 1
    cuts = np.unique(np.concatenate([cut_times(history.bars, count), history.bars.times[eves]]))
    return cuts[cuts > history.rows.times[1]]  # before the first month's end there is no row to hold


def other_futures(history, cut, seed):
    """Three histories that agree up to a cut."""
    day = cut.astype("datetime64[D]").item()
    reports = scramble_reports(history, day, seed)
    yield "L1 cut off", monthly(history.bars.upto(cut), history.reported.upto(day))
    yield "L2 scrambled", monthly(scramble_future(history.bars, cut, seed), reports)
    yield "L10 reports scrambled", monthly(history.bars, reports)


def labels_of(history):
    frame = history.rows.frame
    return frame["asset"].to_numpy(), frame["time"].to_numpy().astype("datetime64[us]")


def both(assets, when, others, later):
    """Places of the rows that two tables have in common."""
    one = pl.DataFrame({"asset": assets.astype(str), "time": when}).with_row_index("before")
    two = pl.DataFrame({"asset": others.astype(str), "time": later}).with_row_index("after")
    found = one.join(two, on=["asset", "time"], maintain_order="left")
    return found["before"].to_numpy(), found["after"].to_numpy()


def compared(history, cuts, make):
    """Hold what `make` gives against what it gives of other futures; one row of counts by what was compared."""
    assets, when = labels_of(history)
    whole, rows = make(history), {}
    for number, cut in enumerate(cuts):
        for way, other in other_futures(history, cut, number):
            others, later = labels_of(other)
            past, same = when <= cut, later <= cut
            if not (np.array_equal(assets[past], others[same]) and np.array_equal(when[past], later[same])):
                raise SystemExit(f"{way} {cut}: other rows up to the cut")
            for what, made in make(other).items():
                full = whole[what]
                names = [f"{a} {str(t)[:10]}" for a, t in zip(assets[past], when[past], strict=True)]
                require_same(
                    full[past],
                    made[same],
                    f"{what}: {way} at {str(cut)[:10]}",
                    lambda at, names=names: names[at[0]],
                    "",
                )
                row = rows.setdefault((what, way), {"what": what, "way": way, "cuts": 0, "numbers": 0, "after": 0})
                row["cuts"] += 1
                row["numbers"] += int(np.isfinite(made[same]).sum())
                before, after = both(assets[~past], when[~past], others[~same], later[~same])
                row["after"] += int((~bit_equal(full[~past][before], made[~same][after])).sum())
        print(f"{str(cut)[:10]}: the same up to it", flush=True)
    return list(rows.values())


def factors(history):
    return {title: made.at(history).values for title, made in SETS.items()}


def steps(history):
    made = MultiFactor().at(history)
    like = made.panel(history.rows)
    classes = history.reported.classes
    groups = {name: classes.codes(name, like.assets)[like.row_asset] for name in classes.names}
    sections, held = CrossSections.of_values(made.values, like, groups), {}
    for step in STEPS:
        sections = prepare_dates(sections, (step,)).sections
        back = np.empty_like(sections.values)
        back[like.by_time] = sections.values
        held[f"after {step.name}"] = back
    return {**held, "panel, single": sections.panel(like).values}


def splits(bars, reported):
    """L5, fold by fold: the last target learned from against the first decision; and what the hold-outs share."""
    everything, rows = declare(Stored(dataset="ashare")), []
    with TemporaryDirectory() as folder:
        for name in ("published", "walk", "split-time", *HELD):
            study = everything.study(name)
            standing = stand(study, seen_bars(study, bars), Stages(Path(folder)), seen_reports(study, reported))
            panel = load_panel(standing.ground.panel.folder)
            windows, folds = (
                load_windows(standing.ground.windows.folder, panel),
                load_folds(standing.ground.folds.folder),
            )
            for fold in folds:
                train, judged = fold.training(windows), fold.testing(windows) & np.isfinite(windows.target)
                sides = {"test": Part(0, train, judged, "")}
                if fold.valid is not None and study.hold_out is None:
                    sides["valid"] = Part(0, train, fold.validation(windows), "")
                elif study.hold_out is not None:
                    among = train | fold.validation(windows)
                    part = part_within(study.hold_out, windows, among)
                    sides["held out"] = part
                    sides["test"] = Part(0, among, judged, "")
                for side, part in sides.items():
                    known, first = windows.known[part.training].max(), windows.anchor_time[part.held].min()
                    both = shared(windows, part)
                    rows.append({
                        "study": name, "fold": fold.index, "side": side, "learned": int(part.training.sum()),
                        "judged": int(part.held.sum()), "last_known": str(panel.times[known])[:10],
                        "first_decision": str(panel.times[first])[:10], "apart": bool(known <= first),
                        "inputs": both.inputs, "targets": both.targets, "dates": both.dates, "later": both.later,
                        "purged": fold.purged(windows),
                    })  # fmt: skip
                    print(rows[-1], flush=True)
                    leaks = side == "held out" and bool(part.stamp)
                    if not leaks and (both.later or both.targets or both.dates):
                        raise SystemExit(f"{name}: the sides of fold {fold.index} share what they must not")
    return rows


def studies(bars, reported, instruments, dataset):
    """The corridor of both protocols with a small network."""
    everything, rows = declare(Stored(dataset=dataset)), []
    for name in ("published", "walk"):
        study = everything.study(name).but(
            model=RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=3),
            training=iterations(20, batch=256),
            seeds=(0,),
            gates=0,
        )
        began = time.perf_counter()
        tried = check_corridor(study, bars, beside=Beside(instruments, None, None), reported=reported)
        rows.append({"study": name, "cuts": tried, "seconds": round(time.perf_counter() - began)})
        print(rows[-1], flush=True)
    return rows


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("what", choices=("factors", "steps", "splits", "study"))
    asked.add_argument("--dataset", default="ashare")
    asked.add_argument("--shares", type=int, default=300)
    asked.add_argument("--cuts", type=int, default=8)
    given = asked.parse_args()
    bars, reported, instruments = taken(given.dataset, given.shares)
    size = {"shares": len(bars.assets), "bars": bars.frame.height, "facts": reported.facts.frame.height}
    print(size, flush=True)
    if given.what in ("factors", "steps"):
        history = monthly(bars, reported)
        make = factors if given.what == "factors" else steps
        rows = compared(history, cuts_of(history, given.cuts), make)
    elif given.what == "splits":
        rows = splits(bars, reported)
    else:
        rows = studies(bars, reported, instruments, given.dataset)
    for row in rows:
        print(row)
    spent = {"processor_seconds": round(time.process_time()), "peak_mebibytes": round(peak_now())}
    keep("real_leaks", [{"what": given.what, **size, **spent, "found": rows}])


if __name__ == "__main__":
    main()
