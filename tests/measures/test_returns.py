"""Returns: against closed forms, against each other, and against an independent library where it is installed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tidegate.errors import DataError
from tidegate.measures import returns as m

PATHS = arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(2, 30)), elements=st.floats(0.5, 200.0))


class TestRegression:
    def test_the_first_bar_counts_against_the_capital(self):
        assert m.simple_returns([90.0, 99.0], 100.0) == pytest.approx([-0.1, 0.1])
        assert m.max_drawdown([90.0, 99.0], 100.0) == pytest.approx(-0.1)

    def test_annualised_return_compounds(self):
        equity = 100.0 * 1.0004 ** np.arange(1, 253)
        assert m.annualised_return(equity, 100.0, periods_per_year=252) == pytest.approx(1.0004**252 - 1)
        assert m.annualised_return(equity, 100.0, periods_per_year=126) == pytest.approx(1.0004**126 - 1)

    def test_ruin_is_minus_one_and_never_complex(self):
        assert m.annualised_return([50.0, -5.0], 100.0, periods_per_year=252) == -1.0
        assert np.isnan(m.simple_returns([50.0, -5.0, 3.0], 100.0)[2])

    def test_sharpe_of_known_moments(self):
        returns = np.tile([0.03, -0.01], 50)
        expected = 0.01 / (0.02 * np.sqrt(100 / 99)) * np.sqrt(244)
        assert m.sharpe(returns, periods_per_year=244) == pytest.approx(expected)
        assert m.sharpe(returns, periods_per_year=244, risk_free=0.01) == pytest.approx(0.0, abs=1e-12)

    @pytest.mark.parametrize("constant", [0.0, 0.01, -1e-9])
    def test_returns_that_do_not_vary_have_no_sharpe(self, constant):
        assert np.isnan(m.sharpe(np.full(77, constant), periods_per_year=252))
        assert np.isnan(m.information_ratio(np.full(77, constant), np.zeros(77), periods_per_year=252))

    def test_tiny_but_real_variation_has_a_sharpe(self):
        returns = 1e-9 * np.array([1.0, 2.0, 3.0])
        assert m.sharpe(returns, periods_per_year=1) == pytest.approx(2.0)

    def test_alpha_and_beta_are_the_least_squares_line(self):
        rng = np.random.default_rng(1)
        market = rng.normal(0, 0.01, 500)
        ours = 0.0002 + 0.7 * market + rng.normal(0, 0.005, 500)
        slope, intercept = np.polyfit(market, ours, 1)
        alpha, beta = m.alpha_beta(ours, market, periods_per_year=244)
        assert (alpha, beta) == (pytest.approx(intercept * 244), pytest.approx(slope))

    def test_no_beta_to_what_does_not_move(self):
        alpha, beta = m.alpha_beta([0.01, 0.02, 0.0], [0.01, 0.01, 0.01], periods_per_year=244)
        assert np.isnan(alpha)
        assert np.isnan(beta)

    def test_a_year_of_sessions_is_measured(self):
        days = np.arange("2015-01-01", "2018-01-01", dtype="datetime64[D]")
        sessions = days[np.is_busday(days)].astype("datetime64[us]")
        assert m.periods_per_year(sessions) == pytest.approx(260.9, abs=0.3)

    def test_calmar_needs_a_loss(self):
        assert np.isnan(m.calmar([101.0, 102.0], 100.0, periods_per_year=252))

    def test_a_missing_value_is_told(self):
        equity = [[100.0, np.nan, 102.0], [100.0, 101.0, 102.0]]
        assert np.isnan(m.max_drawdown(equity, 100.0)).tolist() == [True, False]
        assert np.isnan(m.sharpe(m.simple_returns(equity, 100.0), periods_per_year=252)).tolist() == [True, False]
        assert np.isnan(m.share_positive(m.simple_returns(equity, 100.0))).tolist() == [True, False]


class TestProperties:
    @given(PATHS, st.floats(1.0, 500.0))
    def test_returns_compound_to_the_total(self, equity, capital):
        compounded = np.prod(1 + m.simple_returns(equity, capital), axis=-1) - 1
        assert np.allclose(compounded, m.total_return(equity, capital), rtol=1e-9, atol=1e-12)

    @given(PATHS, st.floats(1.0, 500.0), st.floats(0.01, 100.0))
    def test_money_has_no_scale(self, equity, capital, scale):
        for measure in (m.max_drawdown, lambda v, c: m.sharpe(m.simple_returns(v, c), periods_per_year=244)):
            assert np.allclose(
                measure(equity, capital), measure(equity * scale, capital * scale), rtol=1e-6, atol=1e-9, equal_nan=True
            )

    @given(PATHS, st.floats(1.0, 500.0))
    def test_many_books_at_once_are_each_book_alone(self, equity, capital):
        together = m.calmar(equity, capital, periods_per_year=244)
        alone = [m.calmar(path, capital, periods_per_year=244) for path in equity]
        assert np.array_equal(together, alone, equal_nan=True)

    @given(PATHS, st.floats(1.0, 500.0))
    def test_drawdown_is_the_worst_pair_of_bars(self, equity, capital):
        path = np.concatenate([[capital], equity[0]])
        worst = min(path[j] / path[i] - 1 for i in range(path.size) for j in range(i, path.size))
        assert m.max_drawdown(equity[0], capital) == pytest.approx(worst, abs=1e-12)

    @given(PATHS)
    def test_a_book_is_its_own_benchmark(self, equity):
        returns = m.simple_returns(equity, 100.0)
        assert np.all(m.tracking_error(returns, returns, periods_per_year=244) == 0)
        assert np.all(m.excess_return(equity, 100.0, equity, 100.0, periods_per_year=244) == 0)


class TestValidation:
    def test_lengths_must_agree(self):
        with pytest.raises(DataError, match="differ in length"):
            m.tracking_error([0.1, 0.2], [0.1], periods_per_year=252)

    def test_capital_must_be_positive(self):
        with pytest.raises(DataError, match="capital must be positive"):
            m.simple_returns([1.0], 0.0)

    def test_one_time_is_no_span(self):
        with pytest.raises(DataError, match="two different times"):
            m.periods_per_year(np.array(["2020-01-01"], dtype="datetime64[us]"))

    def test_periods_have_no_default(self):
        with pytest.raises(TypeError, match="periods_per_year"):
            m.sharpe([0.1, 0.2])


class TestOracle:
    def test_empyrical_agrees(self):
        empyrical = pytest.importorskip("empyrical", reason="the optional oracle empyrical-reloaded is not installed")
        rng = np.random.default_rng(3)
        market = rng.normal(0.0003, 0.012, 700)
        ours = 0.5 * market + rng.normal(0.0002, 0.01, 700)
        equity = 1e6 * np.cumprod(1 + ours)
        year = {"annualization": 244}
        alpha, beta = m.alpha_beta(ours, market, periods_per_year=244)
        assert m.sharpe(ours, periods_per_year=244) == pytest.approx(empyrical.sharpe_ratio(ours, **year))
        assert m.volatility(ours, periods_per_year=244) == pytest.approx(empyrical.annual_volatility(ours, **year))
        assert m.annualised_return(equity, 1e6, periods_per_year=244) == pytest.approx(
            empyrical.annual_return(ours, **year)
        )
        assert m.max_drawdown(equity, 1e6) == pytest.approx(empyrical.max_drawdown(ours))
        assert m.calmar(equity, 1e6, periods_per_year=244) == pytest.approx(empyrical.calmar_ratio(ours, **year))
        assert beta == pytest.approx(empyrical.beta(ours, market))
        # empyrical compounds its alpha; ours is arithmetic
        assert (1 + alpha / 244) ** 244 - 1 == pytest.approx(empyrical.alpha(ours, market, **year))
