"""Settings and components: frozen, equal by value, exact as documents, and kind when refused."""

import json
from datetime import date
from enum import Enum
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from tidegate.component import Component, Settings, document, fingerprint, members
from tidegate.errors import (
    BusyError,
    ClockError,
    DataError,
    FileRefusedError,
    IntegrityError,
    KeptError,
    MissingExtraError,
    RecordError,
    SettingError,
    TidegateError,
    UnknownNameError,
    nearest,
)


class Size(Settings):
    """A size."""

    width: int = Field(ge=1)
    depth: int = Field(default=2, ge=1)


class Beast(Component):
    """A family."""

    family: ClassVar[str] = "test-beast"


class Cat(Beast):
    """Purrs."""

    name: ClassVar[str] = "test-cat"
    lives: int = Field(default=9, ge=0)
    size: Size = Size(width=1)


class Dog(Beast):
    """Barks."""

    name: ClassVar[str] = "test-dog"
    friends: tuple[Beast, ...] = ()
    born: date | None = None
    share: float = 0.1


class Pack(Settings):
    """Holds members of the family."""

    head: Beast
    rest: tuple[Beast, ...] = ()


def test_equal_by_value_hashable_and_frozen():
    assert Cat() == Cat(lives=9)
    assert hash(Cat()) == hash(Cat(lives=9))
    assert Cat() != Cat(lives=8)
    with pytest.raises(ValueError, match="frozen"):
        Cat().lives = 3


class Loose(Settings):
    """Mappings and lists inside."""

    parts: dict[str, Any] = Field(default_factory=dict)


def test_settings_with_a_mapping_inside_are_hashable_too():
    made, twin = Loose(parts={"a": [1, {"b": 2}], "c": 3}), Loose(parts={"c": 3, "a": [1, {"b": 2}]})
    assert made == twin
    assert hash(made) == hash(twin)
    assert hash(made) != hash(Loose())


def test_a_document_finds_the_member_by_name():
    made = Pack.of(
        {"head": {"name": "test-dog", "friends": [{"name": "test-cat", "lives": 3}]}, "rest": [{"name": "test-cat"}]}
    )
    assert made.head == Dog(friends=(Cat(lives=3),))
    assert made.rest == (Cat(),)
    assert Pack.of(json.loads(json.dumps(document(made)))) == made


def test_an_object_of_the_family_is_taken_as_it_is():
    cat = Cat(lives=1)
    assert Pack(head=cat).head is cat
    assert Beast.of(cat) is cat


@pytest.mark.parametrize(
    "declare, error, match",
    [
        (lambda: Cat(live=3), UnknownNameError, r"unknown setting 'live' \(test-cat\).*did you mean 'lives'"),
        (lambda: Cat(lives=-1), SettingError, r"test-cat\.lives.*found -1"),
        (lambda: Cat(lives="many"), SettingError, r"test-cat\.lives.*found 'many'"),
        (lambda: Cat(lives=1.5), SettingError, r"test-cat\.lives"),
        (lambda: Dog(share=float("nan")), SettingError, r"test-dog\.share"),
        (Size, SettingError, "setting 'width' is missing.*say it"),
        (lambda: Cat(size={"width": 1, "dept": 3}), UnknownNameError, "unknown setting 'dept'.*did you mean 'depth'"),
        (lambda: Cat(size={"depth": 3}), SettingError, "'width' is missing"),
        (
            lambda: Pack.of({"head": {"name": "test-cut"}}),
            UnknownNameError,
            "unknown test-beast 'test-cut'.*did you mean 'test-cat'",
        ),
        (lambda: Pack.of({"head": {"lives": 3}}), SettingError, "a test-beast must be named"),
        (lambda: Beast.of({}), SettingError, "must be named"),
        (lambda: Pack.of({"head": 3}), SettingError, "Pack.head"),
        (lambda: Pack.of({"head": Size(width=1)}), SettingError, "Pack.head"),
        (lambda: Cat().but(live=3), UnknownNameError, "did you mean 'lives'"),
        (lambda: Cat().but(lives=-3), SettingError, "lives"),
        (lambda: Cat.of({"name": "test-bird"}), UnknownNameError, "test-bird"),
    ],
)
def test_a_wrong_declaration_is_refused_kindly(declare, error, match):
    with pytest.raises(error, match=match):
        declare()


def test_but_changes_and_validates():
    assert Cat().but(lives=3) == Cat(lives=3)
    assert Cat().but() == Cat()


def test_a_member_is_final_and_a_family_is_not():
    with pytest.raises(TypeError, match="Cat is final: wrap it"):
        type("Kitten", (Cat,), {"__module__": __name__})
    assert {"test-cat": Cat, "test-dog": Dog}.items() <= members(Beast).items()


def test_a_class_between_family_and_members_stands_for_its_own():
    class Hunter(Beast):
        """Some of them."""

    class Wolf(Hunter):
        """One."""

        name: ClassVar[str] = "test-wolf"

    assert members(Hunter) == {"test-wolf": Wolf}
    assert Hunter.of({"name": "test-wolf"}) == Wolf()
    with pytest.raises(UnknownNameError, match="test-cat"):
        Hunter.of({"name": "test-cat"})


def test_a_document_starts_with_its_name_and_is_plain():
    told = document(Dog(friends=(Cat(),), born=date(2020, 1, 2)))
    assert next(iter(told)) == "name"
    assert told == {
        "name": "test-dog",
        "friends": [{"name": "test-cat", "lives": 9, "size": {"width": 1, "depth": 2}}],
        "born": "2020-01-02",
        "share": 0.1,
    }


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    "value, told",
    [(Colour.RED, "red"), ((1, [2]), [1, [2]]), ({1: None}, {"1": None}), (date(2020, 1, 2), "2020-01-02")],
)
def test_documents_of_plain_values(value, told):
    assert document(value) == told


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, 1j, lambda: 0])
def test_what_has_no_json_form_is_refused(value):
    with pytest.raises(SettingError, match="no JSON form"):
        document(value)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(plain)
def test_a_fingerprint_survives_json_and_order(value: Any):
    again = json.loads(json.dumps(value))
    assert fingerprint(again) == fingerprint(value)
    if isinstance(value, dict):
        assert fingerprint(dict(reversed(value.items()))) == fingerprint(value)


@given(st.integers(0, 100), st.integers(1, 50), st.integers(1, 50), st.floats(-1e9, 1e9))
def test_a_round_trip_is_exact(lives, width, depth, share):
    made = Dog(friends=(Cat(lives=lives, size=Size(width=width, depth=depth)),), share=share)
    again = Beast.of(json.loads(json.dumps(document(made))))
    assert again == made
    assert hash(again) == hash(made)
    assert fingerprint(again) == fingerprint(made)


def test_fingerprints_tell_settings_apart():
    assert len({fingerprint(Cat(lives=n)) for n in range(20)}) == 20
    assert fingerprint(Cat()) != fingerprint(Size(width=1))
    assert fingerprint(1, 2) != fingerprint([1, 2])
    assert len(fingerprint()) == 64


class TestErrors:
    @pytest.mark.parametrize(
        "kind, parents",
        [
            (SettingError, (TidegateError, ValueError)),
            (UnknownNameError, (SettingError,)),
            (DataError, (TidegateError, ValueError)),
            (FileRefusedError, (DataError,)),
            (RecordError, (DataError,)),
            (ClockError, (TidegateError, ValueError)),
            (KeptError, (TidegateError, OSError)),
            (IntegrityError, (KeptError,)),
            (BusyError, (KeptError,)),
            (MissingExtraError, (TidegateError, ImportError)),
        ],
    )
    def test_the_tree(self, kind, parents):
        assert all(issubclass(kind, parent) for parent in parents)
        error = kind("it broke", expected=1, found=2, where="here", hint="mend it.")
        assert str(error) == "it broke (here): expected 1, found 2. Hint: mend it."
        assert (error.expected, error.found, error.where, error.hint) == (1, 2, "here", "mend it.")

    def test_parts_that_are_not_told_leave_no_trace(self):
        assert str(DataError("it broke")) == "it broke"
        assert str(DataError("it broke", found=0)) == "it broke: found 0"
        assert str(DataError("it broke", hint="mend it")) == "it broke. Hint: mend it."

    def test_every_error_of_the_tree_is_drawn_at_its_head(self):
        import tidegate.errors as home

        drawn = home.__doc__ or ""
        assert all(name in drawn for name in home.__all__ if name.endswith("Error"))

    def test_nothing_near_gives_no_guess(self):
        assert nearest("zzz", ["alpha"]) == []
        assert "did you mean" not in str(UnknownNameError.among("setting", "zzz", ["alpha"]))
        assert "Known: none" in str(UnknownNameError.among("setting", "zzz", []))

    def test_a_kept_error_prints_its_message(self):
        assert str(KeptError("could not write a", where="b")) == "could not write a (b)"
