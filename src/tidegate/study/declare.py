"""Study: the whole declaration of one experiment, every choice in sight.

Fields that carry meaning (source, universe, span, label with its horizon, split, seeds, rivals, markets) have no
defaults: whoever reads a study sees what was decided. A study is equal to its JSON document (`document`), which names
components by their catalog names; the command line and the run folder work on that document alone.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

import tidegate.catalog  # noqa: F401 - lets fields find members by name
from tidegate.backtest.portfolio import Execution
from tidegate.component import Settings, document, renamed
from tidegate.data.source import Source
from tidegate.errors import SettingError, UnknownNameError
from tidegate.factors.base import FactorSet
from tidegate.learn.target import TargetScaling
from tidegate.learn.training import Training
from tidegate.market.base import Market
from tidegate.market.universe import UniverseRule
from tidegate.models.base import Model, Network
from tidegate.prepare.ahead import Count
from tidegate.prepare.date_step import DateStep
from tidegate.prepare.hold_out import HoldOut
from tidegate.prepare.label import Label
from tidegate.prepare.normaliser import Normaliser
from tidegate.prepare.pruning import Pruning
from tidegate.prepare.split import Split
from tidegate.strategy.always_long import AlwaysLong
from tidegate.strategy.base import Strategy, Timing
from tidegate.strategy.gap_momentum import GapMomentum
from tidegate.strategy.random_sides import RandomSides
from tidegate.strategy.selection import Selection
from tidegate.strategy.within_bar import WithinBar
from tidegate.types.forecast import Reading
from tidegate.types.report import Text

__all__ = ["Dates", "Explain", "Rollout", "Study", "changed"]


class Dates(Settings):
    """First and last day of the data that a study may see; None is the data's own edge."""

    first: date | None
    last: date | None

    @model_validator(mode="after")
    def _ordered(self) -> "Dates":
        if self.first is not None and self.last is not None and self.first > self.last:
            raise SettingError("a span ends before it begins", found=f"{self.first} … {self.last}")
        return self


class Rollout(Settings):
    """Feed a one-step level forecast back into its own window, `steps` times, from every `every`-th anchor on."""

    steps: int = Field(ge=1)
    every: int = Field(ge=1)


class Explain(Settings):
    """Ask the first seed's network what it leans on, over some judged windows; it costs that many predictions.

    Permutation importance asks ``windows · (1 + fields · repeats)`` forecasts, integrated gradients
    ``windows · nodes`` of them with their gradients.
    """

    windows: int = Field(default=512, ge=20, description="judged windows, on dates spread evenly, that are asked about")
    repeats: int = Field(default=5, ge=1, description="times that each field is dealt out anew")
    nodes: int = Field(default=16, ge=2, description="points on each path of integrated gradients")


class Study(Settings):
    """One experiment on one table of bars: parts, and the numbers that choose between them."""

    name: str = Field(pattern=r"\A[a-z0-9][a-z0-9-]{0,60}\z", description="short name: small letters, digits, hyphens")
    title: Text = Field(description="what a reader calls it")
    source: Source = Field(description="where bars come from")
    universe: tuple[str, ...] = Field(description="assets to use; empty for all that the source has")
    span: Dates = Field(description="days of data the study may see")
    cadence: Literal["bars", "months"] = Field(
        default="bars", description="what a row of factors and labels is: every bar, or every calendar month at its end"
    )
    factors: FactorSet = Field(description="what is computed from the bars and the reports beside them")
    steps: tuple[DateStep, ...] = Field(
        default=(), description="what is done to each date's factors across its assets, in this order"
    )
    pruning: Pruning | None = Field(
        default=None, description="factors of one style that rank assets alike are left out; null keeps all"
    )
    context: tuple[str, ...] = Field(
        default=(), description="fields seen at the anchor only; all others are window inputs"
    )
    lookback: int = Field(ge=1, description="rows in a window")
    count: Count = Field(description="whether distances in time count traded rows or sessions")
    label: Label = Field(description="what is forecast, with its horizon")
    normaliser: Normaliser = Field(description="how window inputs are made comparable")
    target_scaling: TargetScaling = Field(description="how the label is scaled for training (undone in forecasts)")
    split: Split = Field(description="what is learned from, watched, judged")
    hold_out: HoldOut | None = Field(
        default=None,
        description="windows of each learning range that are watched; null watches its end, as the split says",
    )
    model: Model = Field(description="the model under study")
    training: Training | None = Field(description="how a network learns; null for models fitted in one go")
    seeds: tuple[int, ...] = Field(min_length=1, description="one fit each; results are reported as a distribution")
    rivals: tuple[Model, ...] = Field(description="simple models that must be beaten, in the same corridor")
    strategy: Strategy | None = Field(description="how scores become holdings; null to forecast only")
    managed: tuple[WithinBar, ...] = Field(
        default=(), description="further rules within bars, each a book of its own on the lead's forecast"
    )
    reads: Reading = Field(default="score", description="what of a forecast a selection ranks by")
    markets: tuple[Market, ...] = Field(description="where it is traded, each its own table of results")
    filters: tuple[UniverseRule, ...] = Field(
        default=(), description="what a selection may choose among at each close; the rest has no score there"
    )
    execution: Execution = Field(
        default=Execution(), description="how orders over many assets meet the market, where that is no law"
    )
    gate: str | None = Field(
        default=None, description="another study of this run whose timing opens and shuts this selection; null for none"
    )
    gate_reads: Literal["exposure", "sign", "score"] = Field(
        default="exposure",
        description="what of that study is the gate: what its strategy would hold, the sign of its forecast, or that",
    )
    index: Source | None = Field(
        default=None, description="an index to hold a selection against; null for equal weight of its universe"
    )
    capital: float = Field(default=1_000_000.0, gt=0, description="money at the start, in the market's currency")
    gates: int = Field(default=1000, ge=0, description="how many placebos")
    placebo: Literal["permuted assets", "shuffled scores"] = Field(
        default="permuted assets",
        description="a selection's placebos: assets change scores once for a whole book, or on each date anew",
    )
    watch_test: bool = Field(default=False, description="record the loss on the test range by epoch; it steers nothing")
    rollout: Rollout | None = Field(default=None, description="recursive forecast paths, for one-field level models")
    explain: Explain | None = Field(default=None, description="ask what the network leans on; null asks nothing")
    stamps: tuple[Text, ...] = Field(default=(), description="what every report must say about this study")

    @model_validator(mode="after")
    def _coherent(self) -> "Study":
        if len(set(self.seeds)) < len(self.seeds):
            raise SettingError("a seed appears twice", found=self.seeds)
        if min(self.seeds) < 0:
            raise SettingError("a seed is negative", found=min(self.seeds), expected="0 or more", where=self.name)
        if any(isinstance(model, Network) for model in (self.model, *self.rivals)) and self.training is None:
            raise SettingError("a network needs training settings", where=self.name, hint="set `training`")
        if self.explain is not None and not isinstance(self.model, Network):
            raise SettingError("only a network can be explained", where=self.name, hint="set explain to null")
        if self.rollout is not None and not isinstance(self.model, Network):
            raise SettingError("a rollout needs a network", where=self.name, hint="set rollout to null")
        if self.strategy is not None and not self.markets:
            raise SettingError(
                "a strategy needs at least one market",
                where=self.name,
                hint="add to `markets`, or set strategy to null",
            )
        self._fits_its_strategy()
        for what, names in (
            ("market", [market.name for market in self.markets]),
            ("rival", [rival.name for rival in self.rivals]),
        ):
            if len(set(names)) < len(names):
                raise SettingError(f"a {what} appears twice", found=names, where=self.name)
        return self

    def _fits_its_strategy(self) -> None:
        """Refuse what only a selection over many assets can have, or a strategy of neither branch."""
        if self.strategy is not None and not isinstance(self.strategy, (Timing, Selection, WithinBar)):
            raise SettingError("a strategy is a timing, a selection or a rule within bars", where=self.name,
                               found=self.strategy.name)  # fmt: skip
        within = isinstance(self.strategy, WithinBar)
        if within and (
            any(market.asset_class == "future" for market in self.markets) or not isinstance(self.strategy, Selection)
        ):
            self._is_on_margin()
        elif self.managed:
            raise SettingError("managed rules stand beside one that trades futures within their bars", where=self.name,
                               found=[rule.name for rule in self.managed], hint="leave `managed` out")  # fmt: skip
        if within or isinstance(self.strategy, Selection):
            return
        for what, given in (
            ("filters", bool(self.filters)),
            ("execution", self.execution != Execution()),
            ("gate", self.gate is not None),
            ("gate_reads", self.gate_reads != "exposure"),
            ("index", self.index is not None),
            ("reads", self.reads != "score"),
        ):
            if given:
                raise SettingError(
                    f"{what} is for strategies over many assets",
                    where=self.name,
                    found=None if self.strategy is None else self.strategy.name,
                    hint="choose a selection: `tidegate list strategy`",
                )

    def _is_on_margin(self) -> None:
        """Refuse what trades within a bar on margin do not know."""
        other = [market.name for market in self.markets if market.asset_class != "future"]
        given = {
            "filters": bool(self.filters),
            "execution": self.execution != Execution(),
            "gate": self.gate is not None,
        }
        unknown = [what for what, there in {**given, "index": self.index is not None}.items() if there]
        if other or unknown:
            raise SettingError(
                "trades within a bar on margin stand alone",
                where=self.name,
                expected="futures alone as markets, and no filters, execution, gate or index",
                found=(*other, *unknown),
                hint="declare a study for each",
            )
        names = [rule.name for rule in self.managed]
        if len(set(names)) < len(names):
            raise SettingError("a managed rule appears twice", found=names, where=self.name,
                               hint="a study for each setting of it")  # fmt: skip
        beside = [rule.name for rule in self.managed if isinstance(rule, (AlwaysLong, GapMomentum, RandomSides))]
        if beside:
            raise SettingError("a managed rule stands beside the strategy anyway", found=beside, where=self.name,
                               hint="leave it out of `managed`, or wrap it")  # fmt: skip


def changed(study: Study, path: str, value: Any) -> Study:
    """The study with one setting changed by its dotted path, validated again; raises with the nearest name.

    ``changed(study, "model.cell.hidden", 64)``; a number names a place in a list: ``markets.0.commission``. Where a
    component stands, a bare name puts another of its family there, with the settings that both have:
    ``changed(study, "model.cell", "gru")``, which is also what ``model.cell.name`` does.
    """
    return Study.of(_put(document(study), path.split("."), value, path))


def _put(held: Any, parts: list[str], value: Any, path: str) -> Any:
    name, rest = parts[0], parts[1:]
    if isinstance(held, list):
        if not name.isdigit() or int(name) >= len(held):
            raise SettingError("a place in a list is expected", where=path, found=name, expected=f"0 … {len(held) - 1}")
        place = int(name)
        return [*held[:place], _put(held[place], rest, value, path) if rest else value, *held[place + 1 :]]
    if not isinstance(held, Mapping):
        raise SettingError(
            "there is nothing to set inside a plain value", where=path, found=held, hint=f"stop before {name!r}"
        )
    if name not in held:
        raise UnknownNameError.among("setting", name, held, where=path)
    if rest:
        return {**held, name: _put(held[name], rest, value, path)}
    if name == "name" and isinstance(value, str):
        return renamed(held, value)
    if isinstance(held[name], Mapping) and "name" in held[name] and isinstance(value, str):
        return {**held, name: renamed(held[name], value)}
    return {**held, name: value}
