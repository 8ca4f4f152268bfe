"""Reproduction: the studies of one published document, with what it claimed and what is to be shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tidegate.component import document, fingerprint
from tidegate.errors import SettingError, UnknownNameError
from tidegate.study.code import outside
from tidegate.study.declare import Study, changed
from tidegate.types.report import Text

if TYPE_CHECKING:
    from tidegate.study.findings import Findings
    from tidegate.types.report import Claim

__all__ = ["Contrast", "Reproduction", "Shown", "declared_fingerprint"]


@dataclass(frozen=True)
class Shown:
    """Which studies a figure draws, by the document's own figure id."""

    key: str
    figure: str
    studies: tuple[str, ...]


@dataclass(frozen=True)
class Contrast:
    """A table of studies that each differ from `base`: what is different, and what it is worth on the same seeds."""

    key: str
    title: Text
    base: str
    studies: tuple[str, ...]


@dataclass(frozen=True)
class Reproduction:
    """Studies that are run and told together.

    `lead` names the study that the others vary; `claims` makes the claims ledger from the findings; `shown` lists the
    figures in their order, `contrasts` the tables of variants, `compared` the studies whose settings
    stand side by side. A study on its own is a reproduction with one study and no claims.
    """

    name: str
    title: Text
    document: Text
    studies: tuple[Study, ...]
    lead: str
    shown: tuple[Shown, ...] = ()
    claims: "Callable[[Findings], tuple[Claim, ...]] | None" = None
    stamps: tuple[Text, ...] = field(default=())
    contrasts: tuple[Contrast, ...] = ()
    compared: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [study.name for study in self.studies]
        if len(set(names)) < len(names) or self.lead not in names:
            raise SettingError(
                "studies of a reproduction need distinct names, the lead among them", found=names, where=self.name
            )
        for study in self.studies:
            if study.gate is not None and study.gate not in set(names) - {study.name}:
                raise UnknownNameError.among(
                    "gate", study.gate, set(names) - {study.name}, where=f"{self.name}, study {study.name}"
                )

    def study(self, name: str) -> Study:
        """A study by its name; raises `UnknownNameError`."""
        for study in self.studies:
            if study.name == name:
                return study
        raise UnknownNameError.among("study", name, [study.name for study in self.studies], where=self.name)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of every declaration in it, and of its components from outside the package where there are any."""
        return declared_fingerprint(self.name, [document(study) for study in self.studies], self.outside)

    @property
    def outside(self) -> dict[str, dict[str, str]]:
        """Components from outside the package: study → class → SHA-256 of its source; other studies are left out."""
        found = {study.name: outside(study) for study in self.studies}
        return {name: code for name, code in found.items() if code}

    def but(self, path: str, value: object) -> "Reproduction":
        """The same with one setting changed: in all studies, or in one where the path begins with its name."""
        first, _, rest = path.partition(".")
        names = [study.name for study in self.studies]
        if first in names and rest:
            studies = tuple(changed(s, rest, value) if s.name == first else s for s in self.studies)
        else:
            studies = tuple(changed(s, path, value) if _has(s, path) else s for s in self.studies)
            if studies == self.studies and not any(_has(s, path) for s in self.studies):
                lead = self.study(self.lead)
                settings = document(lead)
                if rest and first not in settings:
                    raise UnknownNameError.among("study or setting", first, {*names, *settings}, where=path)
                changed(lead, path, value)
        return Reproduction(
            self.name,
            self.title,
            self.document,
            studies,
            self.lead,
            self.shown,
            self.claims,
            self.stamps,
            self.contrasts,
            self.compared,
        )


def declared_fingerprint(name: str, documents: list[Any], outside: dict[str, dict[str, str]]) -> str:
    """The fingerprint of a kept declaration: its name, its studies' documents, their code from outside, if any."""
    return fingerprint(name, documents, outside) if outside else fingerprint(name, documents)


def _has(study: Study, path: str) -> bool:
    held = document(study)
    for part in path.split("."):
        if isinstance(held, list) and part.isdigit() and int(part) < len(held):
            held = held[int(part)]
        elif isinstance(held, dict) and part in held:
            held = held[part]
        else:
            return False
    return True
