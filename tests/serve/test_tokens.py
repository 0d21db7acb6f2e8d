from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillfirst.errors import UsageError
from skillfirst.serve.settings import JsonWebTokens
from skillfirst.serve.tokens import JwtReader, mint_token, read_token

SECRET, OTHER = b"s" * 32, b"o" * 32
NOW = 1_800_000_000


@given(st.text(min_size=1, max_size=50))
def test_a_token_says_whose_it_is(member):
    claim = read_token((OTHER, SECRET), mint_token(SECRET, member, NOW), NOW + 10)
    assert claim is not None
    assert claim.subject == member


def test_it_expires_and_cannot_live_long():
    token = mint_token(SECRET, "ann", NOW, 60)
    assert read_token((SECRET,), token, NOW + 59)
    assert read_token((SECRET,), token, NOW + 60) is None
    with pytest.raises(UsageError):
        mint_token(SECRET, "ann", NOW, 48 * 3600)
    # a minter that does not keep to it is not believed
    assert read_token((SECRET,), mint_token(SECRET, "ann", NOW + 10 * 86_400, 3600), NOW) is None


def test_another_secret_kind_or_text_is_refused():
    token = mint_token(SECRET, "ann", NOW)
    assert read_token((OTHER,), token, NOW) is None
    assert read_token((), token, NOW) is None
    assert read_token((SECRET,), token, NOW, "admin") is None
    head, body, mac = token.split(".")
    forged = mint_token(OTHER, "bob", NOW).split(".")[1]
    for wrong in (
        f"{head}.{forged}.{mac}",
        f"{head}.{body}.",
        f"sft2.{body}.{mac}",
        body,
        "",
        "a.b.c",
        "é.é.é",
        token * 100,
    ):
        assert read_token((SECRET,), wrong, NOW) is None


def test_weak_secrets_are_refused():
    with pytest.raises(UsageError, match="16 bytes"):
        mint_token(b"short", "ann", NOW)


@pytest.fixture
def provider():
    jwk = pytest.importorskip("joserfc.jwk")
    jwt = pytest.importorskip("joserfc.jwt")
    key = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
    settings = JsonWebTokens(json.dumps({"keys": [key.as_dict(private=False)]}), "https://id.example", "skillfirst")

    def mint(header=None, signer=None, **changes):
        claims = {"iss": "https://id.example", "aud": "skillfirst", "sub": "ann", "exp": NOW + 600, **changes}
        return jwt.encode(
            header or {"alg": "ES256", "kid": "k1"}, {k: v for k, v in claims.items() if v}, signer or key
        )

    return JwtReader(settings), mint, jwk


def test_a_providers_token_is_believed(provider):
    reader, mint, _ = provider
    assert reader.read(mint(), NOW).subject == "ann"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"exp": NOW - 120},
        {"exp": None},
        {"sub": None},
        {"iss": None},
    ],
)
def test_what_does_not_hold_is_not_believed(provider, changes):
    reader, mint, _ = provider
    assert reader.read(mint(**changes), NOW) is None


def test_another_key_and_no_signature_are_not_believed(provider):
    reader, mint, jwk = provider
    assert reader.read(mint(signer=jwk.ECKey.generate_key("P-256", {"kid": "k1"})), NOW) is None
    head, body, _ = mint().split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    for token in (f"{none}.{body}.", f"{head}.{body}.", "a.b.c", "", "x" * 9000):
        assert reader.read(token, NOW) is None
