"""Icons as inline SVG, 24 x 24, in the colour of the text; inline, so that they work in any page."""

from __future__ import annotations

from markupsafe import Markup

_LINE = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
_SHAPES = {
    "left": '<path d="M14.5 6l-6 6 6 6" {line}/>',
    "right": '<path d="M9.5 6l6 6-6 6" {line}/>',
    "down": '<path d="M6 9.5l6 6 6-6" {line}/>',
    "cross": '<path d="M7 7l10 10M17 7L7 17" {line}/>',
    "plus": '<path d="M12 6v12M6 12h12" {line}/>',
    "bookmark": '<path d="M7.5 5h9a1 1 0 0 1 1 1v13l-5.5-3.8L6.5 19V6a1 1 0 0 1 1-1z" {line}/>',
    "bookmark-on": '<path d="M7.5 5h9a1 1 0 0 1 1 1v13l-5.5-3.8L6.5 19V6a1 1 0 0 1 1-1z" '
    'fill="currentColor" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/>',
    "globe": '<g {line}><circle cx="12" cy="12" r="8.5"/>'
    '<path d="M3.5 12h17M12 3.5c3 2.8 3.6 5.6 3.6 8.5s-.6 5.7-3.6 8.5c-3-2.8-3.6-5.6-3.6-8.5s.6-5.7 3.6-8.5z"/></g>',
    "moon": '<path d="M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z" {line}/>',
    "search": '<g {line}><circle cx="11" cy="11" r="6"/><path d="M15.5 15.5L20 20"/></g>',
}


def icon(name: str) -> Markup:
    """The icon's markup, hidden from readers: what it does stands beside it or in a label."""
    shape = _SHAPES[name].replace("{line}", _LINE)
    return Markup(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{shape}</svg>')
