"""Markdown of the house as HTML: CommonMark and tables; raw HTML is shown as text, unsafe addresses stay text."""

from __future__ import annotations

from functools import lru_cache

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

__all__ = ["rendered"]

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@lru_cache(maxsize=64)
def rendered(text: str) -> SafeString:
    return SafeString(_markdown.render(text))  # the renderer escapes all it did not make itself
