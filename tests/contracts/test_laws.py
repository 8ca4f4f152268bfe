"""Components that break a law of components, one law each."""

from typing import Any, ClassVar

import pytest
from pydantic import ConfigDict, Field

from tidegate.component import Component
from tidegate.errors import SettingError
from tidegate.factors.base import FactorSet
from tidegate.testing.laws import check_component, check_source
from tidegate.types import Bars


class Kind(Component):
    """A family of its own."""

    family: ClassVar[str] = "law-kind"


class Good(Kind):
    """Does nothing wrong."""

    name: ClassVar[str] = "law-good"
    size: int = Field(default=3, description="a size")


class Nested(Kind):
    """Holds another."""

    name: ClassVar[str] = "law-nested"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "law-good", "size": 5}, "many": [{"name": "law-good"}]}
    inner: Kind
    many: tuple[Kind, ...] = Field(description="several")


class Shouting(Kind):
    """A name of the wrong shape."""

    name: ClassVar[str] = "Law_Shouting"


class Silent(Kind):
    name: ClassVar[str] = "law-silent"


class Untold(Kind):
    """A setting without a description."""

    name: ClassVar[str] = "law-untold"
    size: int = 3


class Unbuilt(Kind):
    """A required setting and no example."""

    name: ClassVar[str] = "law-unbuilt"
    size: int = Field(description="a size")


class Thawed(Kind):
    """Settings that can be changed."""

    model_config = ConfigDict(frozen=False)
    name: ClassVar[str] = "law-thawed"
    size: int = Field(default=3, description="a size")


class Lenient(Kind):
    """Takes any setting."""

    model_config = ConfigDict(extra="ignore")
    name: ClassVar[str] = "law-lenient"
    size: int = Field(default=3, description="a size")


class Forgetful(Kind):
    """A setting that its document does not bring back."""

    name: ClassVar[str] = "law-forgetful"
    size: Any = Field(default=(1, 2), description="a tuple that comes back as a list")


class Abstract(FactorSet):
    """Says nothing of how it is computed."""

    name: ClassVar[str] = "law-abstract"


class Clockless(FactorSet):
    """A factor set that does not say when it is known."""

    name: ClassVar[str] = "law-clockless"

    def compute(self, bars: Bars) -> Any:
        raise NotImplementedError


class Head(Kind):
    """Claims to stand for a family and to be its member."""

    family: ClassVar[str] = "law-head"
    name: ClassVar[str] = "law-head"


def test_a_component_that_keeps_every_law():
    assert check_component(Good, Kind) == Good()
    assert check_component(Nested, Kind).inner == Good(size=5)


@pytest.mark.parametrize(
    "kind, match",
    [
        (Shouting, "names itself"),
        (Silent, "in a sentence"),
        (Untold, "what it is for"),
        (Unbuilt, "without being told size"),
        (Thawed, "hash|cannot be changed"),
        (Lenient, "unknown setting is refused"),
        (Forgetful, "document makes an equal one"),
        (Abstract, "is concrete"),
        (Clockless, "Known at"),
        (Head, "belongs to a family"),
        (Kind, "names itself"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_broken_law_is_named(kind, match):
    with pytest.raises((SettingError, TypeError), match=match):
        check_component(kind, Kind)


def test_a_final_class_cannot_be_derived():
    with pytest.raises(TypeError, match="Good is final"):
        type("Better", (Good,), {})


def test_a_source_that_throws_dice_is_caught():
    from tidegate.data.source import Source
    from tidegate.errors import ClockError
    from tidegate.testing.history import example_bars

    seeds = iter(range(10))

    class Dice(Source):
        """Other bars each time."""

        name: ClassVar[str] = "law-dice"

        def bars(self):
            return example_bars(sessions=30, seed=next(seeds))

    with pytest.raises(ClockError, match="two histories"):
        check_source(Dice())
