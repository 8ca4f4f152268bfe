"""Properties of the page: nothing from outside, nothing that a name could run, small, the same for the same report."""

import hashlib
import html.parser
import json
import re
from base64 import b64encode
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import HOSTILE, example

from tidegate.errors import SettingError
from tidegate.report.page import LIMIT_BYTES, page
from tidegate.types.report import Column, Figure, Report, Series, Table, Text


class Seen(html.parser.HTMLParser):
    """Tags with their attributes, and the contents of scripts and styles, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[dict[str, str | None], str]] = []
        self._open: dict[str, str | None] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self._open = {"tag": tag, **dict(attrs)}
            self.inside.append((self._open, ""))

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open is not None:
            self.inside[-1] = (self._open, self.inside[-1][1] + data)


@pytest.fixture(scope="module")
def made() -> str:
    return page(example())


@pytest.fixture(scope="module")
def seen(made) -> Seen:
    return Seen(made)


def payload(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)[1])


def little(**fields) -> Report:
    return Report(name="little", title=Text.same("Little"), lead=Text.same("Lead"), **fields)


def curve(key: str, n: int, *, panel: int = 0) -> Series:
    return Series(
        key=key,
        title=Text.same(key),
        kind="line",
        panel=panel,
        data={"x": tuple(range(n)), "y": tuple((i * 7919 % 1013) / 1013 + i for i in range(n))},
    )


class TestProperties:
    def test_small(self, made):
        assert len(made.encode()) < LIMIT_BYTES

    def test_equal_reports_give_equal_pages(self, made):
        assert page(example.__wrapped__()) == made

    def test_nothing_is_fetched(self, seen):
        for tag, attributes in seen.tags:
            assert tag not in {"iframe", "object", "embed", "base", "form", "img", "video", "audio", "source"}
            for name in ("src", "href", "action", "data", "poster", "srcset"):
                value = attributes.get(name)
                assert value is None or value.startswith("#") or value == "data:,"
        style = next(text for attributes, text in seen.inside if attributes["tag"] == "style")
        assert "url(" not in style
        assert "@import" not in style

    def test_our_script_uses_no_way_to_the_network_or_to_html(self):
        folder = resources.files("tidegate.report") / "assets"
        ours = [f for f in folder.iterdir() if f.name.endswith(".js") and f.name != "echarts.min.js"]
        assert len(ours) > 10
        for file in ours:
            text = file.read_text(encoding="utf-8")
            for word in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "fetch(",
                "XMLHttpRequest",
                "import(",
                "localStorage",
                "sessionStorage",
                "cookie",
                "http:",
                "https:",
            ):
                assert word not in text.replace('"http://www.w3.org/2000/svg"', ""), f"{word} in {file.name}"
            assert len(text.splitlines()) <= 400

    def test_policy_names_every_script_and_the_style_by_hash(self, seen):
        policy = next(
            a["content"] for t, a in seen.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
        )
        rules = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
        assert rules["default-src"] == ["'none'"]
        assert not any("unsafe" in rule for rule in policy.split())
        digest = lambda text: f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"  # noqa: E731
        scripts = [text for a, text in seen.inside if a["tag"] == "script" and a.get("type") != "application/json"]
        styles = [text for a, text in seen.inside if a["tag"] == "style"]
        assert [digest(text) for text in scripts] == rules["script-src"]
        assert [digest(text) for text in styles] == rules["style-src"]

    def test_hostile_names_stay_names(self, made, seen):
        data = re.search(r'<script type="application/json" id="report">(.*?)</script>', made, re.DOTALL)[1]
        assert not set("<>&\u2028\u2029") & set(data)
        assert HOSTILE in json.dumps(json.loads(data), ensure_ascii=False).replace('\\"', '"')
        assert sum(tag == "script" for tag, _ in seen.tags) == 3
        assert not any("onerror" in attributes for _, attributes in seen.tags)

    @given(st.text(min_size=1), st.text())
    def test_any_text_is_kept_as_it_is(self, title, cell):
        table = Table(
            key="t", title=Text.same(title), columns=(Column(key="a", title=Text.same(title)),), rows=({"a": cell},)
        )
        try:
            made = page(little(tables=(table,)))
        except UnicodeEncodeError:
            pytest.skip("not a text that UTF-8 can hold")
        held = payload(made)["report"]["tables"][0]
        assert held["title"]["en"] == title
        assert held["rows"] == [{"a": cell}]

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_numbers_keep_six_digits(self, value):
        figure = Figure(
            key="f",
            title=Text.same("F"),
            caption=Text.same(""),
            series=(Series(key="s", title=Text.same("S"), kind="line", data={"x": (0,), "y": (value,)}),),
        )
        held = payload(page(little(figures=(figure,))))
        column = held["columns"][held["report"]["figures"][0]["series"][0]["data"]["y"]]
        assert column[0] == pytest.approx(value, rel=5e-6)

    def test_equal_lists_are_stored_once(self):
        figure = Figure(key="f", title=Text.same("F"), caption=Text.same(""), series=(curve("a", 50), curve("b", 50)))
        assert len(payload(page(little(figures=(figure,))))["columns"]) == 2


class TestRegression:
    def test_vendored_library_is_what_it_says(self):
        folder = resources.files("tidegate.report") / "assets"
        note = (folder / "VENDORED.md").read_text(encoding="utf-8")
        assert hashlib.sha256((folder / "echarts.min.js").read_bytes()).hexdigest() in note
        assert "Apache" in (folder / "echarts.LICENSE").read_text(encoding="utf-8")
        assert "Apache ECharts" in (folder / "echarts.NOTICE").read_text(encoding="utf-8")

    def test_every_word_of_the_page_is_in_both_languages(self):
        text = (resources.files("tidegate.report") / "assets" / "words.js").read_text(encoding="utf-8")
        english, chinese = re.search(r"en: \{(.*?)\n  \},\n  zh: \{(.*?)\n  \}", text, re.DOTALL).groups()
        keys = lambda block: sorted(re.findall(r'(?:^|, |\n\s+)"?([\w ]+)"?: "', block))  # noqa: E731
        assert keys(english) == keys(chinese)
        assert len(keys(english)) > 50

    @pytest.mark.parametrize("theme", [":root", '[data-theme="dark"]'])
    def test_colours_can_be_told_from_the_paper(self, theme):
        style = (resources.files("tidegate.report") / "assets" / "base.css").read_text(encoding="utf-8")
        block = style[style.index(theme) :]
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[: block.index("}")]))

        def light(colour):
            parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
            return sum(
                w * (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4)
                for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
            )

        def contrast(one, other):
            a, b = sorted((light(colours[one]), light(colours[other])))
            return (b + 0.05) / (a + 0.05)

        texts = [
            ("ink", "paper"),
            ("soft", "paper"),
            ("ink", "raised"),
            ("soft", "raised"),
            ("soft", "wash"),
            ("accent", "paper"),
            ("rival-1", "paper"),
            ("good", "good-wash"),
            ("bad", "bad-wash"),
            ("doubtful", "doubtful-wash"),
        ]
        assert {pair: contrast(*pair) for pair in texts if contrast(*pair) < 4.5} == {}
        marks = [name for name in colours if re.match(r"(main|rival|benchmark|truth|doubt|red|green)(-\d)?$", name)]
        assert len(marks) > 12
        assert {name: contrast(name, "paper") for name in marks if contrast(name, "paper") < 3} == {}

    def test_too_many_points_are_thinned_and_said(self):
        x = tuple(range(3900))
        rough = tuple(
            Series(
                key=f"s{i}",
                title=Text.same("s"),
                kind="line",
                data={"x": x, "y": tuple((j * (i + 2) * 7919 % 1000003) / 7 for j in x)},
            )
            for i in range(40)
        )
        figure = Figure(key="f", title=Text.same("F"), caption=Text.same(""), series=rough)
        made = page(little(figures=(figure, figure.but(key="g", series=(curve("a", 50),)))))
        assert len(made.encode()) < LIMIT_BYTES
        held = payload(made)
        assert [f["thinned"] for f in held["report"]["figures"]] == [True, False]
        assert 200 < len(held["columns"][0]) <= 2000


class TestValidation:
    def test_a_long_table_shows_its_first_rows_and_says_where_the_others_are(self):
        rows = tuple({"a": f"{i:030d}"} for i in range(40000))
        columns = (Column(key="a", title=Text.same("A")),)
        table = Table(key="t", title=Text.same("T"), columns=columns, rows=rows, note=Text(en="Sorted.", zh="已排序。"))
        made = page(little(tables=(table, table.but(key="short", rows=rows[:40]))))
        assert len(made.encode()) < LIMIT_BYTES
        long, short = payload(made)["report"]["tables"]
        assert long["rows"] == [dict(row) for row in rows[:300]]
        assert (
            long["note"]["en"] == "Sorted. The first 300 of 40,000 rows: report.json beside this page holds them all."
        )
        assert long["note"]["zh"].startswith("已排序。此处为 40,000 行中的前 300 行")
        assert len(short["rows"]) == 40
        assert short["note"]["en"] == "Sorted."

    def test_a_long_table_that_is_leafed_through_keeps_its_last_pages_whole(self):
        rows = tuple({"day": f"{i // 70:05d}", "a": f"{i:030d}"} for i in range(42000))
        columns = tuple(Column(key=key, title=Text.same(key)) for key in ("day", "a"))
        table = Table(key="t", title=Text.same("T"), columns=columns, rows=rows, pick="day", roles=("plain",) * 42000)
        (held,) = payload(page(little(tables=(table,))))["report"]["tables"]
        assert held["rows"] == [dict(row) for row in rows[-280:]]  # four days of seventy
        assert len(held["roles"]) == 280
        assert held["note"]["en"].startswith("The last 280 of 42,000 rows")

    def test_tables_that_cannot_fit_are_refused(self):
        rows = tuple({"a": f"{i:030d}"} for i in range(50))
        table = Table(key="t", title=Text.same("T"), columns=(Column(key="a", title=Text.same("A")),), rows=rows)
        with pytest.raises(SettingError, match="too long for one page"):
            page(little(tables=tuple(table.but(key=f"t{n}") for n in range(600))))
