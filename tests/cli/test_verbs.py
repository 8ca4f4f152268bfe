"""Every verb, as a user types it."""

import json

import pytest
from small import small

from tidegate.catalog import families, studies
from tidegate.cli import screen
from tidegate.cli.screen import EVERY
from tidegate.study.api import declare, open_report
from tidegate.study.progress import Event

VERBS = [(), ("list",), ("show",), ("run",), ("compare",), ("explain",), ("orders",), ("figures",), ("export",), ("doctor",), ("data",),
         ("data", "import"), ("data", "list"), ("data", "check"), ("data", "export")]  # fmt: skip


@pytest.fixture
def mine(tmp_path):
    """The small study as a file."""
    path = tmp_path / "small.json"
    path.write_text(json.dumps(small()), encoding="utf-8")
    return path


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_each_verb_explains_itself(tidegate, verb):
    code, out, _ = tidegate(*verb, "--help")
    assert code == 0
    assert "Usage: tidegate" in out
    assert "--help" in out


def test_list_tells_studies_and_families(tidegate):
    code, out, _ = tidegate("list")
    assert code == 0
    assert "index-timing" in out
    held = json.loads(tidegate("list", "--json")[1])
    assert sorted(held["studies"]) == sorted(studies())
    assert sorted(held["families"]) == families()


def test_list_of_a_family_tells_each_member(tidegate):
    code, out, _ = tidegate("list", "model")
    assert code == 0
    held = json.loads(tidegate("list", "model", "--json")[1])
    assert {"recurrent-network", "linear", "persistence"} <= held.keys()
    assert all(name in out and entry["summary"] for name, entry in held.items())


def test_show_of_a_study_and_of_a_component(tidegate, mine):
    code, out, _ = tidegate("show", mine)
    assert code == 0
    assert "training.epochs" in out
    code, out, _ = tidegate("show", "hold-after-signal")
    assert code == 0
    assert "days" in out
    held = json.loads(tidegate("show", "hold-after-signal", "--json")[1])
    assert held["family"] == "strategy"


def test_show_as_json_is_the_study_itself(tidegate, mine, tmp_path):
    shown = tmp_path / "shown.json"
    shown.write_text(tidegate("show", mine, "--json")[1], encoding="utf-8")
    assert declare(shown).fingerprint == declare(small()).fingerprint
    shown.write_text(tidegate("show", mine, "--json", "-s", "lookback=9")[1], encoding="utf-8")
    assert declare(shown).studies[0].lookback == 9


def test_show_of_one_study_of_a_reproduction_is_a_study_of_ones_own(tidegate, tmp_path):
    shown = tmp_path / "mine.json"
    data = ("--data", "sample:nasdaq")
    shown.write_text(tidegate("show", "index-timing/b1-sign", *data, "--json")[1], encoding="utf-8")
    (study,) = declare(shown).studies
    assert study == declare("index-timing", data="sample:nasdaq").study("b1-sign")
    code, out, _ = tidegate("show", "index-timing/b1-sign", *data)
    assert code == 0
    assert "tidegate show index-timing/b1-sign --json > mine.json" in out
    code, _, err = tidegate("show", "index-timing/b1-sine", *data)
    assert code == 2
    assert "did you mean 'b1-sign'" in err


def test_show_of_a_factor_is_its_card(tidegate):
    code, out, _ = tidegate("show", "momentum_1m")
    assert code == 0
    assert "close / lag(close, 21) - 1" in out
    assert json.loads(tidegate("show", "book_to_price", "--json")[1])["known at"].startswith("CLOSE(t), from reports")


def test_show_of_a_reproduction_as_json_is_the_reproduction(tidegate, tmp_path):
    shown = tmp_path / "shown.json"
    shown.write_text(tidegate("show", "index-timing", "--data", "sample:nasdaq", "--json")[1], encoding="utf-8")
    assert declare(shown).fingerprint == declare("index-timing", data="sample:nasdaq").fingerprint


def test_run_again_reuses_all_and_speaks_json(tidegate, mine, runs):
    code, out, _ = tidegate("run", mine, "--out", runs, "--json", "--jobs", 1)
    told = json.loads(out)
    assert code == 0
    assert told["computed"] == 0
    assert told["report"].endswith("report.html")


def test_run_tells_people_what_came_out(tidegate, mine, runs):
    code, out, _ = tidegate("run", mine, "--out", runs, "--seeds", "1,", "--jobs", 1)
    assert code == 0
    for words in ("buy and hold", "0 stages computed", "Synthetic data", "Report: "):
        assert words in out


def test_resume_goes_on_with_the_newest_run_of_a_name(tidegate, runs):
    code, out, _ = tidegate("run", "small", "--resume", "--out", runs, "--json", "--jobs", 1)
    assert code == 0
    assert json.loads(out)["computed"] == 0
    code, _, err = tidegate("run", "small", "--resume", "--out", runs, "--seeds", 3)
    assert code == 2
    assert "a resumed run keeps its own settings" in err


@pytest.mark.parametrize(
    "given, match",
    [
        (("-s", "trainin.epochs=2"), "did you mean 'training'"),
        (("-s", "training.epoch=2"), "did you mean 'epochs'"),
        (("-s", "training.epochs=many"), "Training.epochs): expected a whole number"),
        (("-s", "markets.5.name=x"), "expected 0 … 1"),
        (("-s", "model.cell.name=lstn"), "did you mean 'lstm'"),
        (("-s", "training"), "written path=value"),
        (("-s", "seeds=[]"), "seeds"),
        (("--seeds", "none"), "expected 10 or 3,5,8"),
        (("--data", "world:noise"), "noise-world"),
        (("--data", "nowhere.csv"), "names no data"),
        (("--quick",), "named reproductions"),
    ],
    ids=lambda held: " ".join(held) if isinstance(held, tuple) else None,
)
def test_a_wrong_request_is_one_line_with_a_way_out(tidegate, mine, tmp_path, given, match):
    code, out, err = tidegate("run", mine, "--out", tmp_path / "none", *given)
    assert code == 2
    assert match in err
    assert err.count("\n") == 1
    assert not out
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "asked, match",
    [
        (("run", "index-timin"), "did you mean 'index-timing'"),
        (("show", "hold-after-signals"), "did you mean 'hold-after-signal'"),
        (("list", "modl"), "did you mean 'model'"),
        (("explain", "smal", "planted", "2001-02-05"), "did you mean 'small'"),
        (("explain", "small", "plantd", "2001-02-05"), "did you mean 'planted'"),
        (("explain", "small", "planted", "someday"), "this is no date"),
        (("explain", "small", "planted", "2001-02-04"), "the nearest are 2001-02-02, 2001-02-05"),
        (("explain", "small", "planted", "2001-02-05", "--member", "seed-9"), "unknown member 'seed-9'"),
        (("compare", "small"), "at least two runs"),
    ],
    ids=lambda held: " ".join(held) if isinstance(held, tuple) and len(held) > 1 else None,
)
def test_a_wrong_name_comes_with_the_nearest(tidegate, runs, asked, match):
    place = ("--out", runs) if asked[0] in {"explain", "compare"} else ()
    code, _, err = tidegate(*asked, *place)
    assert code == 2
    assert match in err


def test_a_file_that_is_no_study(tidegate, tmp_path):
    for content, match in (
        ("{bad", "not valid JSON"),
        ("[]", "settings by name"),
        ('{"studies": [], "name": "x"}', "lead"),
    ):
        (tmp_path / "bad.json").write_text(content, encoding="utf-8")
        code, _, err = tidegate("run", tmp_path / "bad.json")
        assert code == 2
        assert match in err


def test_a_folder_that_cannot_be_written_is_one_line(tidegate, mine, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    code, _, err = tidegate("run", mine, "--out", tmp_path / "file" / "runs", "--jobs", 1)
    assert code == 2
    assert "Traceback" not in err
    assert err.count("\n") == 1


def test_a_run_that_is_going_on_is_left_alone(tidegate, mine, runs):
    from tidegate.files import held

    made = declare(small())
    with held(runs / "small" / made.fingerprint[:8] / "run.lock", "test"):
        code, _, err = tidegate("run", mine, "--out", runs, "--jobs", 1)
    assert code == 2
    assert "in use by another process" in err


def test_compare_puts_two_runs_side_by_side(tidegate, runs, tmp_path):
    names = sorted(f"small/{path.name}" for path in (runs / "small").iterdir())
    code, out, _ = tidegate("compare", *names, "--out", runs, "--page", tmp_path / "page.html")
    assert code == 0
    assert all(name in out for name in names)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    held = json.loads(tidegate("compare", *names, "--out", runs, "--json")[1])
    assert held["tables"]


def test_runs_of_the_same_study_in_two_places_can_be_compared(tidegate, runs, tmp_path):
    import shutil

    (first, *_) = sorted((runs / "small").iterdir())
    second = shutil.copytree(first, tmp_path / "small" / first.name)
    code, out, _ = tidegate("compare", first, second)
    assert code == 0, out


def test_explain_follows_a_number_through_the_rooms(tidegate, runs):
    made = declare(small())
    run = f"small/{made.fingerprint[:8]}"
    code, out, _ = tidegate("explain", run, "planted", "2001-02-05", "--out", runs)
    assert code == 0
    assert f"run {run}" in " ".join(out.split())
    held = json.loads(tidegate("explain", run, "planted", "2001-02-05", "--out", runs, "--json")[1])
    rooms = [line["room"] for line in held["lines"]]
    assert list(dict.fromkeys(rooms)) == ["data", "factors", "prepare", "learn", "strategy", "backtest"]
    scores = {line["what"]: line["value"] for line in held["lines"] if line["room"] == "learn"}
    assert {"score, seed-1", "score, seed-2", "score, linear", "score, persistence"} <= scores.keys()
    from datetime import date

    from tidegate.study.records import load_forecast

    frame = load_forecast(runs / run / "records" / "small" / "forecast" / "linear").frame
    told = frame.filter(frame["time"].dt.date() == date(2001, 2, 5))["score"].item()
    assert scores["score, linear"].startswith(f"{told:.6g} by model ")


def test_explain_of_a_training_day_has_no_score(tidegate, runs):
    code, out, _ = tidegate("explain", "small", "planted", "2000-03-01", "--out", runs)
    assert code == 0
    assert "not in a test range" in out
    assert "train range of fold 0" in out


def test_a_report_opens_as_a_record(runs):
    report = open_report("small", runs)
    assert report.name == "small"
    assert any(measure.name == "total_return" for measure in report.measures)


def test_doctor_speaks_json(tidegate, monkeypatch, tmp_path):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    code, out, _ = tidegate("doctor", "--json", "--out", tmp_path)
    held = json.loads(out)
    assert code == (0 if all(one["good"] for one in held) else 1)
    assert {"Python", "packages", "compute", "disk", "samples", "store", "browser"} <= {one["what"] for one in held}


def test_show_has_the_quick_form(tidegate):
    told = (json.loads(tidegate("show", "stock-ranks", *more, "--json")[1]) for more in ((), ("--quick",)))
    whole, quick = (held["studies"][0] if "studies" in held else held for held in told)
    assert quick["gates"] < whole["gates"]
    code, _, err = tidegate("show", "gru", "--quick")
    assert (code, "of studies" in err) == (2, True)


def test_a_pipe_gets_a_line_every_so_many_seconds(monkeypatch, capsys):
    clock = iter([0.0, 3.0, EVERY + 1, EVERY + 2, 3 * EVERY, 3 * EVERY + 1])
    monkeypatch.setattr(screen.time, "monotonic", lambda: next(clock))
    with screen.progress(quiet=False) as tell:
        capsys.readouterr()
        for done in range(1, 6):
            tell(Event("step" if done < 5 else "done", "seed 0", done, 9, f"loss 0.{done}"))
    said = capsys.readouterr().err.splitlines()
    assert said == ["11 s: seed 0: 2 of 9, loss 0.2", "30 s: seed 0: 4 of 9, loss 0.4"]
