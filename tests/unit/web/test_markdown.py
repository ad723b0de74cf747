"""Markdown as HTML: what the house writes, and nothing that a text could bring in."""

from __future__ import annotations

from kumoban.web.markdown import rendered


def test_headings_lists_tables_and_code_are_rendered() -> None:
    html = rendered("## A\n\n- one\n\n| a | b |\n|---|---|\n| 1 | `x` |\n")
    assert "<h2>A</h2>" in html
    assert "<li>one</li>" in html
    assert "<td><code>x</code></td>" in html


def test_raw_html_and_unsafe_addresses_stay_text() -> None:
    html = rendered("<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=y>")
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html
