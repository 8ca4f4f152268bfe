"""Forecasts of a price are audited by its change: an honest net that echoes the close passes, a seen label does not."""

from typing import ClassVar

import numpy as np
import polars as pl
import pytest

import tidegate.catalog  # noqa: F401 - lets settings find members by name
from tidegate.auditing.audit import audit_study
from tidegate.auditing.skill import skill_of_dealt
from tidegate.component import document
from tidegate.data.worlds import NoiseWorld
from tidegate.models.base import Rival
from tidegate.study.declare import Study


class Remembering(Rival):
    """Says the target of the most alike window that it learned from."""

    name: ClassVar[str] = "audit-remembering"

    def fit(self, seen, target, weight):
        return {"seen": seen.z[:, -1, :].copy(), "target": target.copy()}

    def predict(self, learned, seen):
        asked = seen.z[:, -1, :]
        gap = np.square(asked[:, None, :] - learned["seen"][None, :, :]).sum(axis=2)
        return learned["target"][gap.argmin(axis=1)]


class EchoOfTheClose(Rival):
    """Says a curve of the last close, whatever the targets were: all that a net which learned nothing can say."""

    name: ClassVar[str] = "audit-echo-of-the-close"

    def fit(self, seen, target, weight):
        return {"centre": np.array([target.mean()]), "scale": np.array([target.std()])}

    def predict(self, learned, seen):
        return learned["centre"] + learned["scale"] * np.tanh(seen.z[:, -1, 0])


def level(seed, *, span=1, **changes):
    """One asset's price to come, learned on half of a year of sessions and more."""
    told = {
        "name": "audited-level",
        "title": {"en": "Audited level", "zh": "受审计的价格"},
        "source": document(NoiseWorld(sessions=420, seed=seed)),
        "universe": [],
        "span": {"first": None, "last": None},
        "factors": {"name": "raw-fields", "fields": ["close", "high", "low"]},
        "lookback": 2,
        "count": "rows",
        "label": {"name": "future-level", "horizon": {"lag": 0, "span": span, "entry": "close"}},
        "normaliser": {"name": "standard"},
        "target_scaling": {"name": "standard-target"},
        "split": {"name": "share-split", "train": 0.5, "valid": 0.1},
        "model": {"name": "audit-echo-of-the-close"},
        "training": None,
        "seeds": [1],
        "rivals": [{"name": "linear"}],
        "strategy": None,
        "markets": [],
        "gates": 0,
    }
    return Study.of({**told, **changes})


@pytest.mark.parametrize("span", [1, 5, 20])
@pytest.mark.parametrize("seed", range(4))
def test_an_honest_forecast_of_the_price_finds_nothing_in_shuffled_labels(seed, span):
    found = audit_study(level(seed, span=span), ("L6", "L7"), cuts=2, seed=seed)
    assert found.verdict("L6").status == "passed", found.verdict("L6").line
    assert found.verdict("L7").status == "passed", found.verdict("L7").line


@pytest.mark.parametrize("span", [1, 20])
@pytest.mark.parametrize("seed", range(3))
def test_a_price_that_was_learned_and_judged_fails_and_is_told_of_the_split(seed, span):
    split = {"name": "overlapping-split", "train_end": "2001-03-30", "test_start": "2000-08-01"}
    study = level(seed, span=span, split=split, model={"name": "audit-remembering"})
    found = audit_study(study, ("L6",), cuts=2).verdict("L6")
    assert found.status == "failed", found.line
    assert float(found.first.found.split()[0]) > 0.9
    assert "L5 fails too" in found.hint


def test_the_hint_does_not_point_at_a_split_that_is_clear(monkeypatch):
    """Targets that reach the forecast past an honest split."""
    from tidegate.auditing import placebos

    honest = placebos.said

    def seen(study, windows, learned, *, whole=False):
        return {
            member: type(one).of(
                one.frame.with_columns(score=one.frame["truth"]).drop_nans("score"),
                one.horizon,
                one.unit,
                one.fingerprints,
            )
            for member, one in honest(study, windows, learned, whole=whole).items()
        }

    monkeypatch.setattr(placebos, "said", seen)
    found = audit_study(level(1), ("L6",), cuts=2).verdict("L6")
    assert found.status == "failed", found.line
    assert "L5 finds nothing in the split" in found.hint


@pytest.mark.parametrize("by_date", [True, False])
def test_labels_dealt_within_dates_are_judged_by_date_however_few_a_date_has(by_date):
    """Fifteen windows a date share its move, which dealing leaves: pooled, they look like fifteen times as many."""
    generator, day = np.random.default_rng(1), np.repeat(np.arange(160), 15)
    far = []
    for _ in range(60):
        moved, said = generator.normal(0, 1, (2, 160))
        told = {
            "time": day.astype("datetime64[D]"),
            "score": said[day] + 0.3 * generator.normal(size=day.size),
            "truth": moved[day] + generator.normal(size=day.size),
        }
        far.append(skill_of_dealt(pl.DataFrame(told), by_date=by_date).far)
    assert np.std(far) < 1.4 if by_date else np.std(far) > 2
