"""The verbs and what they are called with."""

import sys
from typing import Annotated, Optional

import typer

from tidegate import __version__
from tidegate.cli.data import data
from tidegate.cli.options import Data, Json, Member, Named, Out, Quick, Run, Seeds, Sets, With

__all__ = ["app", "main"]

app = typer.Typer(
    name="tidegate",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "Recurrent networks for stock selection, index timing and futures: from raw market files to exact backtests, "
        "with proof that nothing flows back from the future."
    ),
    epilog="Start with `tidegate run index-timing --quick`: real data comes along. `tidegate COMMAND --help` teaches each verb.",
)
app.add_typer(data, name="data")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tidegate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


@app.command("list")
def list_(
    family: Annotated[Optional[str], typer.Argument(help="a family of components, for example `label`")] = None,  # noqa: UP045
    json: Json = False,
    _with: With = None,
) -> None:
    """List studies and families of components; with FAMILY, its members.

    Examples: `tidegate list`, `tidegate list model`.
    """
    from tidegate.cli.show import list_things

    list_things(family, json=json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="a study, NAME/STUDY, a component, a factor, or a study's JSON file")],
    data: Data = None,
    set_: Sets = None,
    quick: Quick = False,
    json: Json = False,
    _with: With = None,
) -> None:
    """Show a study with every setting, or a component with its settings and its words, or a factor's card.

    Examples: `tidegate show index-timing`, `tidegate show window-z-score`, `tidegate show momentum_1m`,
    `tidegate show multifactor-lstm/walk --json > mine.json` (one study of a reproduction, to be edited and run).
    """
    from tidegate.cli.show import show_thing

    show_thing(name, data, set_ or [], quick=quick, json=json)


@app.command()
def run(
    study: Named,
    data: Data = None,
    set_: Sets = None,
    seeds: Seeds = None,
    quick: Quick = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with the newest run of this study, with its own settings")
    ] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="fits at a time; default: one a core")] = None,
    out: Out = "runs",
    json: Json = False,
    _with: With = None,
) -> None:
    """Run a study through the whole corridor and write its report.

    What was computed before is not computed again, and a run that was stopped goes on where it stopped.

    Examples: `tidegate run index-timing --quick`, `tidegate run index-timing --data store:csi300 --seeds 10`,
    `tidegate run index-timing -s training.epochs=20 -s b1-sign.lookback=20`.
    """
    from tidegate.cli.run import run_study

    run_study(study, data, set_ or [], seeds, quick=quick, resume=resume, jobs=jobs, out=out, json=json)


@app.command()
def factors(
    named: Annotated[
        str,
        typer.Argument(metavar="STUDY|SET", help="a study, its JSON file, or a factor set (`tidegate list factors`)"),
    ],
    data: Data = None,
    cadence: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--cadence", help="rows: bars or months; default: the study's own, bars of a set"),
    ] = None,
    train_only: Annotated[
        bool, typer.Option("--train-only", help="judge a study's first training range alone")
    ] = False,
    until: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--until", metavar="DATE", help="judge nothing that ends after this day"),
    ] = None,
    step: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--step", help="a step by date, by name or as JSON, in order; default: the study's own"),
    ] = None,
    horizons: Annotated[int, typer.Option("--horizons", min=1, help="judge returns over 1 … this many rows")] = 12,
    groups: Annotated[int, typer.Option("--groups", min=2, help="quantile groups")] = 5,
    set_: Sets = None,
    out: Annotated[str, typer.Option("--out", help="folder of factor reports")] = "factor-reports",
    json: Json = False,
    _with: With = None,
) -> None:
    """Judge factors: coverage, IC with honest t-values, decay, groups, turnover, likeness, what the steps changed.

    Against the return from the fill, tradable names only, with hurdles for the number of factors tried.

    Examples: `tidegate factors price-ratios --data world:stock-world,assets=200,sessions=500,seed=1,ic=0.05`,
    `tidegate factors multi-factor --data store:ashare --cadence months --step rank-normal`,
    `tidegate factors stock-ranks --train-only`.
    """
    from tidegate.cli.factors import judge_factors

    judge_factors(
        named, data, cadence, set_ or [], step or [], horizons, groups, until, out, train_only=train_only, json=json
    )


@app.command()
def audit(
    study: Named,
    data: Data = None,
    set_: Sets = None,
    quick: Quick = False,
    full: Annotated[bool, typer.Option("--full", help="every test, on more data, with whole trainings")] = False,
    only: Annotated[Optional[str], typer.Option("--only", metavar="L1,L5", help="these tests alone")] = None,  # noqa: UP045
    which: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--study", help="which study of a reproduction; repeat for more; default: the leading one"),
    ] = None,
    cuts: Annotated[int, typer.Option("--cuts", min=1, help="moments at which the future is hidden or changed")] = 8,
    seed: Annotated[int, typer.Option("--seed", min=0, help="what other futures are thrown with")] = 0,
    out: Out = "runs",
    json: Json = False,
    _with: With = None,
) -> None:
    """Prove that nothing flows back from the future: leak tests over a study as declared, your own code included.

    Exits with 0 where nothing was found, 3 where a test failed, 2 where a test (or the study) could not run. The result
    is kept in the run folder and stands in the study's report.

    Examples: `tidegate audit stock-ranks --quick`, `tidegate audit mine.json --with my_factors --full`,
    `tidegate audit index-timing --only L1,L2,L5 --cuts 20`.
    """
    from tidegate.cli.audit import run_audit

    run_audit(
        study, data, set_ or [], quick=quick, full=full, only=only, studies=which or [], cuts=cuts, seed=seed, out=out,
        json=json,
    )  # fmt: skip


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="two or more runs")],
    out: Out = "runs",
    page: Annotated[Optional[str], typer.Option("--page", help="write the comparison as an HTML page too")] = None,  # noqa: UP045
    json: Json = False,
    _with: With = None,
) -> None:
    """Put the measures of two or more runs side by side."""
    from tidegate.cli.show import compare_runs

    compare_runs(runs, out, page, json=json)


@app.command()
def explain(
    run: Run,
    asset: Annotated[str, typer.Argument(help="the asset, as the data names it")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="2015-06-12, or 2015-06-12T10:35 for shorter bars")],
    study: Annotated[
        str | None, typer.Option("--study", help="which study of the run; default: the leading one")
    ] = None,
    member: Member = None,
    out: Out = "runs",
    json: Json = False,
    _with: With = None,
) -> None:
    """Print one number's whole path through the rooms: bar, window, label, score, decision, fill, book.

    Of a selection over many stocks: the rank, the order (or that there was none, and why), what the market offered, the
    fill with its lots, fees and cash before and after, or the reason why it was *not* filled, and the dated rules that
    all this rests on.

    Examples: `tidegate explain index-timing nasdaq 2015-06-12`, `tidegate explain stock-ranks 600123.SH 2016-03-07`.
    """
    from tidegate.cli.show import explain_run

    explain_run(run, asset, day, study, member, out, json=json)


@app.command()
def orders(
    run: Run,
    study: Annotated[
        str | None, typer.Option("--study", help="which study of the run; default: the leading one")
    ] = None,
    market: Annotated[str | None, typer.Option("--market", help="which of its markets; default: the last")] = None,
    member: Member = None,
    to: Annotated[str | None, typer.Option("--to", metavar="FILE.csv", help="write a file instead of printing")] = None,
    out: Out = "runs",
    json: Json = False,
    _with: With = None,
) -> None:
    """Print the orders that a selection gave after the last close of its data, as CSV: tomorrow's orders.

    Each row has side, asset, quantity, the last close as a reference price, rank, score and the reason. They come from a
    backtest: no advice, and nobody knows whether they would be filled.

    Examples: `tidegate orders stock-ranks`, `tidegate orders stock-ranks --member linear --to tomorrow.csv`.
    """
    from tidegate.cli.orders import write_orders

    write_orders(run, study, market, member, to, out, json=json)


@app.command()
def predict(
    run: Run,
    date: Annotated[str, typer.Option("--date", help="2019-06-12, or 2019-06-12T10:35 for shorter bars")],
    data: Data = None,
    study: Annotated[
        str | None, typer.Option("--study", help="which study of the run; default: the leading one")
    ] = None,
    member: Annotated[
        str | None, typer.Option("--member", help="ensemble or seed-0; default: the ensemble, or the only fit")
    ] = None,
    market: Annotated[str | None, typer.Option("--market", help="which of its markets; default: the last")] = None,
    holdings: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--holdings", metavar="FILE.csv", help="what is held after that close: asset, quantity, bought"),
    ] = None,
    cash: Annotated[float | None, typer.Option("--cash", help="money beside the holdings")] = None,
    gate: Annotated[str | None, typer.Option("--gate", help="open or shut, where the strategy has a gate")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="write the whole ranking, as .csv or .json")
    ] = None,
    orders: Annotated[
        str | None, typer.Option("--orders", metavar="FILE.csv", help="write what the strategy would order next")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="rows to print")] = 20,
    allow: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--allow", metavar="WHAT", help="let pass: stale, gaps, data, code; repeat for more"),
    ] = None,
    out: Out = "runs",
    json: Json = False,
    _with: With = None,
) -> None:
    """Rank every asset on one day by a frozen run, and say what its strategy would order for the next bar.

    Nothing is fitted: the newest fit that knew nothing of that day speaks, on data up to that close. A stale model,
    gaps, revised data and changed code are refused, with what was expected and found, unless they are allowed.

    Examples: `tidegate predict stock-ranks --date 2019-06-12`,
    `tidegate predict stock-ranks --date 2020-01-03 --data store:ashare --holdings mine.csv --cash 12000 --orders tomorrow.csv`.
    """
    from tidegate.cli.predict import predict_day_of

    predict_day_of(
        run, date, data, study, member, market, holdings, cash, gate, to, orders, top, allow or [], out, json=json
    )


@app.command()
def trials(
    every: Annotated[bool, typer.Option("--every", help="list every trial, not only the counts")] = False,
    out: Out = "runs",
    json: Json = False,
) -> None:
    """List what this project has tried, by question (the data), and verify that nothing was taken back.

    Every seed of every variant enters by itself when a run begins; deflated Sharpe ratios are held against the count.
    A ledger that was changed is refused, with the line; run folders that it does not know are counted.
    --every also says by which settings a trial differs from the first of its question, from the run folders.

    Example: `tidegate trials --every`.
    """
    from tidegate.cli.trials import list_trials

    list_trials(out, every=every, json=json)


@app.command()
def figures(
    run: Run,
    form: Annotated[str, typer.Option("--format", help="png or svg")] = "png",
    only: Annotated[list[str] | None, typer.Option("--only", help="keys of the figures to draw; default: all")] = None,
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    theme: Annotated[str, typer.Option("--theme", help="light or dark")] = "light",
    out: Out = "runs",
    _with: With = None,
) -> None:
    """Write a run's figures as PNG or SVG files (needs an installed Chromium or Chrome)."""
    from tidegate.cli.show import draw_figures

    draw_figures(run, form, only or [], out, language=language, theme=theme)


@app.command()
def export(
    run: Run,
    to: Annotated[str, typer.Option("--to", metavar="FILE.onnx", help="the file to write")],
    study: Annotated[
        str | None, typer.Option("--study", help="which study of the run; default: the leading one")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="which seed; default: the first")] = None,
    fold: Annotated[int | None, typer.Option("--fold", help="which fold; default: the last")] = None,
    out: Out = "runs",
    json: Json = False,
    _with: With = None,
) -> None:
    """Write a run's fitted network as an ONNX file: raw windows in, scores in the label's unit out.

    It is compared with the network in onnxruntime before it is written (needs the extra `export`).

    Example: `tidegate export index-timing --to model.onnx`.
    """
    from tidegate.cli.export import export_network

    export_network(run, to, study, seed, fold, out, json=json)


@app.command()
def doctor(out: Out = "runs", json: Json = False) -> None:
    """Check this installation: versions, cores, disk, samples, store, browser."""
    from tidegate.cli.doctor import examine

    examine(out, json=json)


def main() -> None:
    """Run the command line; our own errors become one line and exit code 2."""
    from tidegate.errors import TidegateError

    try:
        app(prog_name="tidegate")
    except TidegateError as error:
        typer.secho(f"{type(error).__name__.removesuffix('Error')}: {error}", err=True, fg=typer.colors.RED)
        sys.exit(2)
    except OSError as error:
        place = "" if error.filename is None else f" ({error.filename})"
        typer.secho(f"The system refused: {error.strerror or error}{place}", err=True, fg=typer.colors.RED)
        sys.exit(2)
