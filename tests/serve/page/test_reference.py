"""The API's description as a page: every route of OpenAPI, in words."""

from __future__ import annotations

import html
import re

from skillfirst.serve.page.reference_routes import kind


def test_every_route_stands_on_the_page(client):
    page = client.get("/docs").text
    spec = client.get("/api/openapi.json").json()
    shown = [
        (m.lower(), html.unescape(p)) for m, p in re.findall(r'class="method \w+">(\w+)</span><code>(.*?)</code>', page)
    ]
    assert sorted(shown) == sorted((m, p) for p, methods in spec["paths"].items() for m in methods)
    assert "429" in page
    assert "id, name or alias" in page


def test_types_are_said_in_words():
    spec = {"components": {"schemas": {"Picks": {"type": "object"}}}}
    said = {
        "text, at most 200 characters": {"type": "string", "maxLength": 200},
        "whole number, 1 to 100": {"type": "integer", "minimum": 1, "maximum": 100},
        "list of text": {"type": "array", "items": {"type": "string"}},
        "home | feed": {"enum": ["home", "feed"]},
        "text": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "object": {"$ref": "#/components/schemas/Picks"},
        "anything": {},
    }
    assert {words: kind(spec, schema) for words, schema in said.items()} == {words: words for words in said}
