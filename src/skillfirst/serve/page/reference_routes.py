"""`/docs`: the API's own description as a page, drawn here from OpenAPI; nothing inline, nothing from elsewhere."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skillfirst.serve.page.templating import html, render
from skillfirst.serve.page.viewing import THEME_COOKIE, THEMES

ORDER = ("members", "courses", "questionnaire", "events", "health")
METHODS = ("get", "post", "put", "patch", "delete")


async def reference(request: Request) -> Response:
    """Every route with its parameters, its body and its answers."""
    settings = request.app.state.service.settings
    theme = request.cookies.get(THEME_COOKIE, "")
    spec = request.app.openapi()
    return html(
        render(
            "reference.html", brand=settings.brand, theme=theme if theme in THEMES else "", groups=grouped(spec),
            version=spec["info"]["version"], about=spec["info"]["description"].replace("`", "").split("\n\n"),
        )
    )  # fmt: skip


def grouped(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Routes of an OpenAPI document by their tag, in the order people ask for them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in spec["paths"].items():
        for method in METHODS:
            if method in methods:
                route = methods[method]
                tag = (route.get("tags") or ["more"])[0]
                groups.setdefault(tag, []).append(_route(spec, method, path, route))
    names = sorted(groups, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return [{"name": name, "routes": groups[name]} for name in names]


def _route(spec: dict[str, Any], method: str, path: str, route: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""), "method": method.upper(),
        "path": path, "summary": route.get("summary", ""), "about": route.get("description", ""),
        "parameters": [
            {
                "name": p["name"], "where": p["in"], "required": p.get("required", False),
                "type": kind(spec, p.get("schema", {})),
                "about": p.get("description") or p.get("schema", {}).get("description", ""),
            }
            for p in route.get("parameters", [])
        ],
        "body": _fields(spec, route.get("requestBody", {})),
        "answers": [(status, answer.get("description", "")) for status, answer in route.get("responses", {}).items()],
    }  # fmt: skip


def _fields(spec: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a JSON body; one without a name where the schema names none."""
    content = body.get("content", {}).get("application/json", {}).get("schema")
    if content is None:
        return []
    schema = _resolved(spec, content)
    if "properties" not in schema:
        return [
            {
                "name": "",
                "where": "",
                "required": True,
                "type": kind(spec, schema),
                "about": schema.get("description", ""),
            }
        ]
    return [
        {
            "name": name, "where": "", "required": name in schema.get("required", []), "type": kind(spec, field),
            "about": field.get("description", ""),
        }
        for name, field in schema["properties"].items()
    ]  # fmt: skip


def _resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Any = spec
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def kind(spec: dict[str, Any], schema: dict[str, Any]) -> str:
    """A schema in a few words: `text, at most 200 characters`, `list of text`, `home | feed`."""
    schema = _resolved(spec, schema)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    for name in ("anyOf", "oneOf"):
        if name in schema:
            some = [kind(spec, s) for s in schema[name] if s.get("type") != "null"]
            return " or ".join(dict.fromkeys(some))
    if schema.get("type") == "array":
        return f"list of {kind(spec, schema.get('items', {}))}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}
    text = words.get(schema.get("type", ""), str(schema.get("type", "anything")))
    if "maxLength" in schema and schema["maxLength"] < 1_000:
        text += f", at most {schema['maxLength']} characters"
    if "maximum" in schema:
        text += f", {schema.get('minimum', 0)} to {schema['maximum']:,}"
    return text


ROUTES = [Route("/docs", reference)]
