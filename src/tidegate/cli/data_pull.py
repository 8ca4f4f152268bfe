"""What `tidegate data pull` does: ask a vendor, keep every answer, and import them like a folder of files."""

from datetime import date, timedelta
from pathlib import Path

import typer

from tidegate.cli.data_facts import day_of, show_fact_health
from tidegate.cli.data_verbs import Whole, keep, show_health
from tidegate.cli.screen import progress, say, say_json
from tidegate.component import document
from tidegate.data.fundamentals import has_reports, import_fundamentals
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.panel import import_panel
from tidegate.data.store import Store
from tidegate.data.vendors.answers import Answers
from tidegate.data.vendors.asking import Span, Vendor
from tidegate.data.vendors.contracts import contract_settings, pull_contracts, write_contracts
from tidegate.data.vendors.members import CONTRACT_VENDORS, vendor_named
from tidegate.data.vendors.panel_files import write_panel
from tidegate.data.vendors.pull import Pace, Plan, Pulled, planned, pull
from tidegate.errors import SettingError
from tidegate.study.progress import Event

__all__ = ["pull_futures", "pull_market"]


def pull_market(
    vendor: str, name: str, since: str | None, until: str | None, codes: str | None, wait: float | None, *,
    reports: bool, json: bool,
) -> None:  # fmt: skip
    """Pull what is missing, then put the whole into the store."""
    store, chosen = Store.default(), vendor_named(vendor)
    folder = _raw_folder(store, name)
    last = day_of(until, "--until") or date.today() - timedelta(days=1)  # noqa: DTZ011 - the user's own day
    plan = planned(
        folder, chosen, since=day_of(since, "--since"), until=last, reports=reports,
        codes=tuple(filter(None, (codes or "").split(","))),
    )  # fmt: skip
    pulled = _pulled(folder, chosen, plan, chosen.wait if wait is None else wait, quiet=json)
    tables = chosen.tables(Answers(folder).each)
    panel = write_panel(tables, folder / "panel")
    made = import_panel(panel, ImportSettings(currency="CNY", title=name, source=f"pulled from {chosen.name}"))
    facts = import_fundamentals(panel, made.bars, made.instruments) if has_reports(panel) else None
    keep(Whole(made, facts), name, replace=True)
    if json:
        said = {"health": document(made.health), "dataset": name, "asked": pulled._asdict()}
        say_json(said if facts is None else {**said, "reports": document(facts.health)})
        return
    say(f"{pulled.asks} questions: {pulled.before} answered before, {pulled.now} now; raw answers in {folder}")
    show_health(made.health)
    if facts is not None:
        say()
        show_fact_health(facts.health)
    say(f"\nKept as {name!r}. A later --until adds the days since.")


def pull_futures(
    vendor: str, name: str, since: str | None, until: str | None, codes: str | None, wait: float | None, length: str,
    hours: str, *, json: bool,
) -> bool:  # fmt: skip
    """Pull contracts from a vendor of futures; False where `vendor` is none of them."""
    chosen = CONTRACT_VENDORS.get(vendor)
    if chosen is None:
        return False
    contracts = tuple(filter(None, (codes or "").split(",")))
    first = day_of(since, "--since")
    last = day_of(until, "--until") or date.today() - timedelta(days=1)  # noqa: DTZ011 - the user's own day
    if not contracts or first is None or first > last:
        raise SettingError("contracts are pulled by name, from a day on", expected="--codes and --since",
                           found={"codes": codes, "since": since}, hint="--codes RB2405,RB2410")  # fmt: skip
    if chosen.known(length) != "1d" and hours == "none":
        raise SettingError("bars within the day are read by the exchange's hours", expected="--hours", found=hours,
                           hint="--hours shfe-rebar or --hours cffex-index")  # fmt: skip
    folder = _raw_folder(Store.default(), name)
    with progress(quiet=json) as tell:
        client = chosen.client()
        try:
            pulled = pull_contracts(
                folder, chosen, contracts, length, last, client, Pace(chosen.wait if wait is None else wait),
                tell=lambda done, total, what: tell(Event("step", f"pull from {chosen.name}", done, total, what[:60])),
            )  # fmt: skip
        finally:
            client.close()
            tell(Event("done", f"pull from {chosen.name}"))
    path = write_contracts(folder, chosen, contracts, length, Span(first, last))
    made = import_file(path, contract_settings(chosen, length, hours, name))
    keep(Whole(made), name, replace=True)
    if json:
        say_json({"health": document(made.health), "dataset": name, "asked": pulled._asdict()})
        return True
    say(f"{pulled.asks} questions: {pulled.before} answered before, {pulled.now} now; raw answers in {folder}")
    show_health(made.health)
    say(f"\nKept as {name!r}: {len(made.bars.assets)} contracts. Join them: the source `joined-contracts`.")
    return True


def _raw_folder(store: Store, name: str) -> Path:
    """Where the answers of a pull are kept, beside the datasets; a wrong name is refused."""
    return store.root / ".raw" / store.named(name)


def _pulled(folder: Path, vendor: Vendor, plan: Plan, wait: float, *, quiet: bool) -> Pulled:
    try:
        with progress(quiet=quiet) as tell:
            client = vendor.client()
            try:
                return pull(
                    folder, vendor, plan, client, Pace(wait),
                    tell=lambda done, total, what: tell(Event("step", f"pull from {vendor.name}", done, total, what[:60])),
                )  # fmt: skip
            finally:
                client.close()
                tell(Event("done", f"pull from {vendor.name}"))
    except KeyboardInterrupt:
        say(
            f"\nStopped. {len(Answers(folder))} answers are kept: run the same command again and it goes on from there."
        )
        raise typer.Exit(130) from None
