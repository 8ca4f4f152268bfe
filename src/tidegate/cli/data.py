"""The verbs of `tidegate data`."""

from typing import Annotated, Optional

import typer

__all__ = ["data"]

data = typer.Typer(no_args_is_help=True, help="Import market data, list and verify the store, export it again.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="the dataset's name in the store")]


@data.command("import")
def import_(
    path: Annotated[str, typer.Argument(help="a CSV or Parquet file, or a folder of them with the same columns")],
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="name in the store; default: the file's name")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="SETTING=VALUE", help="change one import setting")
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="LAYOUT",
            help="bars (a file or a folder of files), stock-panel, or qlib (its binary folder)",
        ),
    ] = "bars",
    append: Annotated[bool, typer.Option("--append", help="add newer bars to a dataset that is there")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="put these bars in place of what the dataset held")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry", help="only read and report; keep nothing")] = False,
    json: Annotated[bool, typer.Option("--json", help="print the health report as JSON")] = False,
) -> None:
    """Read market files into the store and report their health: every defect counted, nothing mended in silence.

    A stock panel brings its reports, classes and memberships along: files of them that lie in its folder.

    Headers of common vendors, English and Chinese, are known by name; encodings, dates and thousands separators too.

    Examples: `tidegate data import 000300.csv --name csi300 -s kind=index -s currency=CNY`,
    `tidegate data import bars.csv -s columns.Last=close -s frequency=5min`,
    `tidegate data import ashare --as stock-panel` (a folder `daily` of bars, tables of instruments, suspensions and reports beside it).
    """
    from tidegate.cli.data_verbs import bring_in

    bring_in(path, name, set_ or [], layout=layout, append=append, replace=replace, dry=dry, json=json)


@data.command("pull")
def pull(
    vendor: Annotated[
        str,
        typer.Argument(
            metavar="VENDOR",
            help="baostock, akshare (free), tushare (token in TUSHARE_TOKEN); futures: akshare-futures, tqsdk",
        ),
    ],
    name: Annotated[str, typer.Option("--name", "-n", help="name in the store")],
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="first day; needed the first time")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="last day; default: yesterday")] = None,
    codes: Annotated[
        str | None, typer.Option("--codes", metavar="CODE,…", help="only these shares, as the vendor writes them")
    ] = None,
    wait: Annotated[
        float | None, typer.Option("--wait", metavar="SECONDS", help="between two questions; default: the vendor's own")
    ] = None,
    reports: Annotated[bool, typer.Option("--reports", help="pull reports too: many more questions")] = False,
    length: Annotated[str, typer.Option("--length", help="of futures' bars: 5min, 15min, 30min, 60min, 1d")] = "1d",
    hours: Annotated[
        str, typer.Option("--hours", help="of futures, for bars within the day: shfe-rebar, cffex-index")
    ] = "none",
    json: Annotated[bool, typer.Option("--json", help="print the health reports as JSON")] = False,
) -> None:
    """Pull a whole market from a vendor: every answer is kept raw, and a pull that was stopped goes on where it stopped.

    The answers then go through the same import as files, into the store.

    Examples: `tidegate data pull baostock -n market --since 2010-01-01`,
    `tidegate data pull baostock -n two --since 2015-01-01 --codes sh.600000,sz.000001 --reports`,
    `tidegate data pull akshare-futures -n rb --since 2023-01-01 --codes RB2405,RB2410`.
    """
    from tidegate.cli.data_pull import pull_futures, pull_market

    if pull_futures(vendor, name, since, until, codes, wait, length, hours, json=json):
        return
    pull_market(vendor, name, since, until, codes, wait, reports=reports, json=json)


@data.command("resample")
def resample(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="a file or folder of bars, or a dataset of the store")],
    to: Annotated[str, typer.Option("--to", metavar="LENGTH", help="15min, 30min, 60min or 1d")],
    hours: Annotated[str, typer.Option("--hours", help="the exchange's hours: shfe-rebar, cffex-index")],
    name: Annotated[str | None, typer.Option("--name", "-n", help="keep them in the store under this name")] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="or write a .csv or .parquet file")
    ] = None,
    cut: Annotated[
        str, typer.Option("--cut", help="trading: hours run on over breaks; clock: hours of the wall clock")
    ] = "trading",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="SETTING=VALUE", help="an import setting of a file")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="put them in place of what the dataset held")] = False,
    json: Annotated[bool, typer.Option("--json", help="print what was made as JSON")] = False,
) -> None:
    """Join bars into longer ones by the exchange's own hours: nights belong to their day, no bar holds two sessions.

    What is made of fewer bars than usual is listed: a halt, or a hole in the file.

    Examples: `tidegate data resample rb-5min --to 1d --hours shfe-rebar --name rb-1d`,
    `tidegate data resample RB.csv --to 60min --hours shfe-rebar --out RB60.csv -s asset=RB`.
    """
    from tidegate.cli.data_longer import make_longer

    make_longer(what, to, hours, cut, name, out, set_ or [], replace=replace, json=json)


@data.command("compare")
def compare(
    ours: Annotated[str, typer.Argument(metavar="OURS", help="a file or folder of bars, or a dataset of the store")],
    theirs: Annotated[str, typer.Argument(metavar="THEIRS", help="another")],
    hours: Annotated[
        str | None, typer.Option("--hours", help="the exchange's hours, where one is shorter: it is made as long")
    ] = None,
    cut: Annotated[
        str, typer.Option("--cut", help="trading: hours run on over breaks; clock: hours of the wall clock")
    ] = "trading",
    asset: Annotated[
        str | None, typer.Option("--asset", help="the asset to compare, where a table has several")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="SETTING=VALUE", help="an import setting of both files")
    ] = None,
    set_ours: Annotated[
        list[str] | None, typer.Option("--ours", metavar="SETTING=VALUE", help="an import setting of the first alone")
    ] = None,
    set_theirs: Annotated[
        list[str] | None,
        typer.Option("--theirs", metavar="SETTING=VALUE", help="an import setting of the second alone"),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="write every difference to a CSV file")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="exit code 1 where anything differs")] = False,
    json: Annotated[bool, typer.Option("--json", help="print the comparison as JSON")] = False,
) -> None:
    """Compare two tables of bars over the sessions that both have: how many numbers are equal, and which differ.

    Where one has shorter bars, they are joined into the other's length first.

    Examples: `tidegate data compare rb-5min rb-daily --hours shfe-rebar`,
    `tidegate data compare RB_5min.csv RB_daily.csv --hours shfe-rebar -s asset=RB --out differences.csv`.
    """
    from tidegate.cli.data_longer import compare as compare_

    sets = {"both": set_ or [], "ours": set_ours or [], "theirs": set_theirs or []}
    compare_(ours, theirs, hours, cut, asset, sets, out, strict=strict, json=json)


@data.command("facts")
def facts(
    name: Name,
    asset: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="ASSET", help="one asset; default: what there is of every field"),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="what was known at the close of that day; default: the last"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show what reports told of an asset on a day: field, period, value, the day it became usable, and how that is known.

    Without an asset: how many facts there are of each field, of how many assets, and what must be said about them.

    Examples: `tidegate data facts ashare`, `tidegate data facts ashare 600519.SH --on 2015-05-04`.
    """
    from tidegate.cli.data_facts import show_facts

    show_facts(name, asset, on, json=json)


@data.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """List what the store holds."""
    from tidegate.cli.data_verbs import list_store

    list_store(json=json)


@data.command("check")
def check(
    name: Annotated[Optional[str], typer.Argument(metavar="NAME", help="one dataset; default: all")] = None,  # noqa: UP045
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Verify hashes and health of what the store holds; exit code 1 where something is wrong."""
    from tidegate.cli.data_verbs import check_store

    check_store(name, json=json)


@data.command("export")
def export(
    name: Name,
    path: Annotated[str, typer.Argument(help="where to: a .csv or .parquet file, or a new folder")],
    layout: Annotated[
        str, typer.Option("--as", metavar="LAYOUT", help="house (by the path's ending), or qlib (a binary folder)")
    ] = "house",
) -> None:
    """Write a dataset as one CSV or Parquet file of bars, or as a folder with its reports and tables beside them.

    What was written comes in again the same: `tidegate data import FOLDER --as stock-panel`.
    """
    from tidegate.cli.data_verbs import export_dataset

    export_dataset(name, path, layout)
