"""Django's tags of the same name, with a lean ``{% translate "…" %}``: a page has hundreds of them."""

from __future__ import annotations

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.templatetags import i18n
from django.utils.translation import gettext

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


@register.tag("translate")
def translate(parser: Parser, token: Token) -> template.Node:
    """A literal is looked up as it is; all else (variables, contexts, ``as``) is left to Django."""
    words = token.split_contents()
    if len(words) == 2 and (literal := _literal(parser.compile_filter(words[1]))):
        return _Literal(literal)
    return i18n.do_translate(parser, token)


def _literal(expression: FilterExpression) -> str:
    plain = isinstance(expression.var, str) and not expression.filters and "%" not in expression.var
    return str(expression.var) if plain else ""


class _Literal(template.Node):
    def __init__(self, text: str) -> None:
        self.text = text

    def render(self, context: template.Context) -> str:
        return gettext(self.text)
