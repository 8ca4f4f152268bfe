"""Index timing itself, every variant of it, knows nothing later: weights, scores, decisions and fills."""

from datetime import date

import pytest

from tidegate.data.samples import Sample
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.study.declare import Dates
from tidegate.testing.corridor import check_corridor
from tidegate_studies.index_timing import declare


def short(study, first):
    """The study as declared, on fewer bars and with one pass over them: long enough to leak, short enough to wait for."""
    changes = {"span": Dates(first=first, last=study.span.last), "training": study.training.but(epochs=1)}
    return study.but(**changes, seeds=(0,), gates=0, rollout=None, watch_test=True)


@pytest.mark.parametrize("name", ["b0-close", "b0-features", "b1-return", "b1-sign", "b1-l2-1e-3", "b1-two-inputs"])
def test_no_variant_sees_the_future(name):
    study = short(declare(Sample(dataset="nasdaq")).study(name), date(2016, 1, 1))
    assert check_corridor(study) == 2


@pytest.mark.real_data
def test_the_published_study_on_the_csi_300_sees_no_future(real_data, tmp_path, monkeypatch):
    from tidegate.data.import_settings import ImportSettings
    from tidegate.data.importer import import_file

    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path))
    settings = ImportSettings(title="CSI 300", volume_unit="lots", amount_unit="yuan")
    Store.default().put("csi300", import_file(real_data / "index" / "000300_netease_gbk.csv", settings).bars)
    study = declare(Stored(dataset="csi300")).study("b1-two-inputs")
    assert check_corridor(study.but(training=study.training.but(epochs=1), seeds=(0,), gates=0)) == 2
