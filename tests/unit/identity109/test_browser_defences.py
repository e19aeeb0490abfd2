"""What keeps other sites, changed cookies and foreign addresses out."""

from typing import Any

import pytest
from litestar.testing import RequestFactory
from tests.unit.identity109.local_issuer import ORIGIN, LocalIssuer

from chassis109.kernel.settings import SettingMissing
from identity109.errors import CrossSiteRefused
from identity109.fetch_site import refuse_cross_site, refuse_foreign_origin
from identity109.gate import Gate
from identity109.local_path import local_path
from identity109.oidc import Attempt
from identity109.sealing import NotSealedByUs, Sealer, derived_key
from identity109.sessions import sid_hash_of
from identity109.settings import IdentitySettings, ProvisionerSettings

KEY, OTHER = bytes(32), bytes([1] * 32)


def request_with(**headers: str) -> Any:
    return RequestFactory().post(
        "/", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


@pytest.mark.parametrize(
    "headers",
    [{"sec_fetch_site": "same-origin"}, {"origin": ORIGIN}, {"sec_fetch_site": "same-origin", "origin": "x"}],
)
def test_a_request_of_our_own_pages_passes(headers: dict[str, str]) -> None:
    refuse_cross_site(request_with(**headers), ORIGIN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "cross-site", "origin": ORIGIN},
        {"origin": "null"},
        {"origin": f"{ORIGIN}.example.org"},
        {"origin": "http://localhost:8119"},
    ],
)
def test_a_request_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(CrossSiteRefused):
        refuse_cross_site(request_with(**headers), ORIGIN)


def test_a_stream_is_opened_by_our_own_pages_only() -> None:
    refuse_foreign_origin(request_with(), ORIGIN)  # behind one origin a browser sends none with a GET
    refuse_foreign_origin(request_with(origin=ORIGIN), ORIGIN)

    for elsewhere in ("null", "http://localhost:9999", f"{ORIGIN}.example.org"):
        with pytest.raises(CrossSiteRefused):
            refuse_foreign_origin(request_with(origin=elsewhere), ORIGIN)


@pytest.mark.parametrize(
    "path", ["/", "/t/petropavl/op", "/t/petropavl/op/queue?state=open&after=1", "/me#top"]
)
def test_a_path_of_ours_is_where_one_comes_back_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "wish",
    [
        None, "", "t/petropavl", "//evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example/",
        "javascript:alert(1)", "/a\r\nX: 1", "/a\tb", "/ a", "/a\\b", "/\u2028", "/login?next=/", "/callback",
        "/logout", "/" + "a" * 600,
    ],
)  # fmt: skip
def test_any_other_address_is_the_choice_of_tenants(wish: str | None) -> None:
    assert local_path(wish) == "/tenants"


def test_what_was_sealed_opens_in_its_place_only() -> None:
    sealer = Sealer({"k1": KEY}, "tokens")
    sealed = sealer.seal(b"secret", b"row 1")

    assert sealer.open(sealed, b"row 1", "k1") == b"secret"
    for other, place, kid, box in (
        (sealer, b"row 2", "k1", sealed),
        (sealer, b"row 1", "k2", sealed),
        (sealer, b"row 1", "k1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (sealer, b"row 1", "k1", b""),
        (Sealer({"k1": KEY}, "cookie"), b"row 1", "k1", sealed),
        (Sealer({"k1": OTHER}, "tokens"), b"row 1", "k1", sealed),
    ):
        with pytest.raises(NotSealedByUs):
            other.open(box, place, kid)


def test_an_older_key_still_opens_and_the_newest_seals() -> None:
    old = Sealer({"k1": KEY}, "tokens")
    both = Sealer({"k2": OTHER, "k1": KEY}, "tokens")

    assert both.open(old.seal(b"secret", b""), b"", "k1") == b"secret"
    assert both.key_id == "k2"


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert derived_key(KEY, "a") != derived_key(KEY, "b")


@pytest.mark.parametrize("sid", ["", "00", "zz" * 32, "00" * 31, "00" * 33, "../../etc/passwd", "ё" * 64])
def test_a_cookie_that_we_never_issued_is_no_session(sid: str) -> None:
    assert sid_hash_of(sid) is None


async def test_a_sign_in_belongs_to_the_browser_that_began_it(issuer: LocalIssuer) -> None:
    gate = Gate.build(issuer.settings(), language_of=lambda _: "kk", render=NotImplemented)
    attempt = Attempt.begin("/me", "kk", False)
    cookie = gate.seal_attempt(attempt)

    assert gate.open_attempt(cookie, attempt.state) == attempt
    for wrong in ("", "k1.", "k1.00", "k2" + cookie[2:], cookie[:-2] + "00", "k1.zz"):
        assert gate.open_attempt(wrong, attempt.state) is None
    assert gate.open_attempt(cookie, "another state") is None
    await gate.close()


ENVIRONMENT = {
    "DISPATCH_URL": "http://localhost:8109/",
    "KEYCLOAK_URL": "http://localhost:8119",
    "DISPATCH_OIDC_SECRET": "s3cret",
    "DISPATCH_SESSION_KEYS": f"k2:{'01' * 32}, k1:{'00' * 32}",
}


def test_settings_come_from_the_environment_and_show_no_secret() -> None:
    settings = IdentitySettings.from_environment(ENVIRONMENT)

    assert settings.origin == "http://localhost:8109"
    assert settings.issuer == "http://localhost:8119/realms/sko"
    assert list(settings.session_keys) == ["k2", "k1"]
    assert settings.api_clients == {"dispatch-web"}  # the demo client is let in by the demo alone
    assert "s3cret" not in repr(settings)


def test_a_secret_may_stand_in_a_file(tmp_path: Any) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    environ = {**ENVIRONMENT, "PROVISIONER_SECRET_FILE": str(tmp_path / "secret")}

    assert ProvisionerSettings.from_environment(environ).client_secret == "from-file"


@pytest.mark.parametrize("change", [{"DISPATCH_OIDC_SECRET": None}, {"DISPATCH_SESSION_KEYS": "k1:00"}])
def test_a_missing_or_short_secret_stops_the_start(change: dict[str, str | None]) -> None:
    environ = {name: value for name, value in {**ENVIRONMENT, **change}.items() if value is not None}

    with pytest.raises(SettingMissing):
        IdentitySettings.from_environment(environ)
