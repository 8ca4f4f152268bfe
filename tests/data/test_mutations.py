"""A short run of the mutation sweep (`make soak` runs the long one), and proof that its judge can see."""

import polars as pl
import pytest
from made import clean
from mutations import CSV_MUTATIONS, Case, csv_case, judge, parquet_case, parquet_whole

from tidegate.data.importer import import_file
from tidegate.data.parquet import parquet_bytes
from tidegate.errors import TidegateError


def outcome(case: Case, folder):
    path = folder / case.name
    path.write_bytes(case.content)
    try:
        imported = import_file(path, case.settings)
    except TidegateError as error:
        told = error
    else:
        assert imported.health.rows - imported.health.kept == imported.health.quarantined
        return imported.bars.frame
    assert told.hint, f"a refusal without a remedy: {told}"
    assert "bars" in str(told), f"a refusal that names no file: {told}"
    return None


@pytest.mark.parametrize("first", range(0, 3 * len(CSV_MUTATIONS), len(CSV_MUTATIONS) // 2))
def test_no_mutated_csv_file_is_misread(tmp_path, first):
    for seed in range(first, first + len(CSV_MUTATIONS) // 2):
        case = csv_case(seed)
        assert judge(case, outcome(case, tmp_path)) == "ok", (seed, case.kind)


def test_no_damaged_parquet_file_of_ours_is_misread(tmp_path):
    whole, truth = parquet_whole(parquet_bytes)
    for seed in range(100):
        case = parquet_case(seed, whole, truth)
        assert judge(case, outcome(case, tmp_path)) == "ok", (seed, case.kind)


def test_damage_to_a_foreign_parquet_file_is_refused_or_said_to_be_unverifiable(tmp_path):
    def foreign(frame):
        frame.write_parquet(tmp_path / "foreign.parquet")
        return (tmp_path / "foreign.parquet").read_bytes()

    whole, truth = parquet_whole(foreign)
    path = tmp_path / "bars.parquet"
    for seed in range(100):
        case = parquet_case(seed, whole, truth)
        path.write_bytes(case.content)
        try:
            health = import_file(path, case.settings).health
        except TidegateError:
            continue
        assert "no checksum" in health.encoding
        assert any("carries no checksum" in note for note in health.notes)


def test_the_judge_sees_what_a_naive_reader_does(tmp_path):
    """Polars' own CSV reader on the same files: the sweep must catch it often, or it proves nothing."""
    wrong = 0
    for seed in range(2 * len(CSV_MUTATIONS)):
        case = csv_case(seed)
        path = tmp_path / case.name
        path.write_bytes(case.content)
        try:
            frame = pl.read_csv(
                path,
                ignore_errors=True,
                truncate_ragged_lines=True,
                schema_overrides={"code": pl.String},
                encoding="utf8-lossy",
            )
            frame = frame.rename({"date": "session", "code": "asset"}).with_columns(
                pl.col("session").cast(pl.String),
                pl.col("open", "high", "low", "close", "volume", "amount").cast(pl.Float64, strict=False),
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            continue
        wrong += judge(case, frame.drop_nulls("session")).startswith("misread")
    assert wrong > 20


def test_the_judge_sees_a_changed_value_a_lost_bar_and_a_refusal(tmp_path):
    case = csv_case(0)
    frame = outcome(case, tmp_path)
    assert judge(case, frame) == "ok"
    assert judge(case, frame.with_columns(pl.col("low") + 0.01)).startswith("misread: low")
    assert judge(case, frame.with_columns(pl.lit("600009").alias("asset"))).startswith("misread: a bar nobody stated")
    assert judge(case, frame[:-1]) == "lost 1 sound bars"
    assert judge(case, None) == "refused a file it should read"


def test_mutations_leave_the_pool_alone():
    assert csv_case(19).content == csv_case(19).content
    assert clean(1).equals(clean(1))
