"""What several verbs of the command line are called with, said once."""

from typing import Annotated, Optional

import typer

__all__ = ["Data", "Json", "Member", "Named", "Out", "Quick", "Run", "Seeds", "Sets", "With"]


def _plug(modules: Optional[list[str]]) -> Optional[list[str]]:  # noqa: UP045
    """Import what ``--with`` names before anything is looked up by name."""
    if modules:
        from tidegate.catalog import plug

        plug(*modules)
    return modules


With = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--with",
        metavar="MODULE",
        is_eager=True,
        callback=_plug,
        help="a module or package with components of your own; repeat for more",
    ),
]
Named = Annotated[
    str, typer.Argument(metavar="STUDY", help="a study's name (`tidegate list`) or the path of its JSON file")
]
Run = Annotated[
    str, typer.Argument(metavar="RUN", help="a run folder, a study's name (its newest run) or fingerprint digits")
]
Out = Annotated[str, typer.Option("--out", help="folder of all runs")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for programs instead of text for people")]
Data = Annotated[
    str | None,
    typer.Option("--data", "-d", help="store:NAME, sample:NAME, world:NAME[,setting=value] or a file's path"),
]
Sets = Annotated[
    Optional[list[str]], typer.Option("--set", "-s", metavar="PATH=VALUE", help="change one setting; repeat for more")  # noqa: UP045
]
Seeds = Annotated[Optional[str], typer.Option("--seeds", help="a count (10) or a list (3,5,8)")]  # noqa: UP045
Member = Annotated[
    str | None,
    typer.Option(
        "--member", help="whose book: ensemble, seed-0, a rival by name; default: the ensemble, or the only fit"
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="a small but real run: fewer seeds, epochs and random gates")]
