"""What holds for every response, whatever view made it."""

import json
from datetime import timedelta

import pytest
from flask import Blueprint, abort, g, jsonify, request, session
from flask_wtf.csrf import CSRFError, generate_csrf

from screening.app import check
from screening.settings import SettingsError
from screening.storage.database import DatabaseUnavailableError
from screening.web import sessions
from screening.web.i18n import local_path
from screening.web.logging import log
from tests.databases import only_sqlite

CANARY = "canary-7f3a"
FORM = "application/x-www-form-urlencoded"

views = Blueprint("views", __name__)


@views.get("/token")
def token():
    return generate_csrf()


@views.get("/remember")
def remember():
    session["secret"] = CANARY
    return "kept"


@views.get("/recall")
def recall():
    return jsonify(secret=session.get("secret"), expired=session.expired)


@views.get("/touch")
def touch():
    return str(session.seen_at)


@views.get("/renew")
def renew():
    sessions.renew(session)
    return "renewed"


@views.get("/end")
def end():
    sessions.end(session)
    return "ended"


@views.post("/echo")
def echo():
    return jsonify(request.form.to_dict())


@views.get("/fail/<word>")
def fail(word):
    raise RuntimeError(f"{word} {CANARY}")


@views.get("/abort/<int:status>")
def stop(status):
    abort(status)


@views.get("/busy")
def busy():
    raise DatabaseUnavailableError(CANARY)


@pytest.fixture
def app(app):
    app.register_blueprint(views)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def post(client):
    """POST with the token that a form would hold."""
    token = client.get("/token").text

    def send(path="/echo", data=None, **more):
        headers = {"X-CSRFToken": token, **more.pop("headers", {})}
        return client.post(path, data=data, headers=headers, **more)

    return send


def logged(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


# ---- headers -----------------------------------------------------------------------------------

ADDRESSES = ["/healthz", "/token", "/no-such-page", "/fail/x", "/abort/409", "/abort/429", "/busy"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_response_has_the_headers(client, address):
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert len(headers["X-Request-Id"]) == 16


def test_no_hsts_on_plain_http(client):
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


# ---- health ------------------------------------------------------------------------------------


def test_health(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers


@only_sqlite
def test_health_without_a_database(app, client, settings):
    app.extensions["office"].database.close()
    (settings.instance / "screening.db").write_bytes(b"")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable"})


@only_sqlite
def test_a_database_without_tables_stops_the_start(app, settings):
    app.extensions["office"].database.close()
    (settings.instance / "screening.db").write_bytes(b"")
    with pytest.raises(SettingsError, match="flask --app wsgi init"):
        check(app.extensions["office"])


# ---- limits ------------------------------------------------------------------------------------


def test_a_form_is_read(post):
    assert post(data={"name": "José ✓ 100%"}).json == {"name": "José ✓ 100%"}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ("a=" + "x" * 65_536, 413),
        ("&".join(f"f{n}=1" for n in range(501)), 413),
        ("a=%00", 400),
        (b"a=\0", 400),
        ("a=%ED%A0%80", 400),
        (b"a=\xff", 400),
        ("a%00b=1", 400),
    ],
)
def test_what_is_too_much_or_no_text_is_refused(post, data, status):
    assert post(data=data, content_type=FORM).status_code == status


@pytest.mark.parametrize("body", ['{"a": "\\u0000"}', '["\\ud800"]', "{", "[" * 30_000])
def test_json_that_is_no_text_is_refused(post, body):
    assert post(data=body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("path", ["/token?a=%00", "/token?a=%ED%A0%80", "/abort/%00"])
def test_an_address_that_is_no_text_is_refused(client, path):
    assert client.get(path).status_code == 400


def test_files_are_refused(post):
    part = {"photo": (__import__("io").BytesIO(b"GIF89a"), "a.gif")}
    assert post(data=part, content_type="multipart/form-data").status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil"])
def test_an_unknown_host_is_refused_without_naming_it(client, host):
    answer = client.get("/token", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert answer.headers["Content-Security-Policy"]


# ---- csrf --------------------------------------------------------------------------------------


def test_a_post_without_its_token_is_refused(client):
    assert client.post("/echo", data={"a": "1"}).status_code == 400


@pytest.mark.parametrize("site", ["same-origin", "none", "same-site"])
def test_our_own_post_is_taken(post, site):
    assert post(data={"a": "1"}, headers={"Sec-Fetch-Site": site}).status_code == 200


def test_a_post_from_another_site_is_refused_even_with_a_token(post):
    assert post(data={"a": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_blueprint_can_keep_what_was_typed(app):
    pages = Blueprint("pages", __name__)

    @pages.post("/page")
    def page():
        return "saved"

    @pages.errorhandler(CSRFError)
    def keep(_error):
        return jsonify(request.form.to_dict())

    app.register_blueprint(pages)
    answer = app.test_client().post("/page", data={"pain": "7"})
    assert answer.json == {"pain": "7"}


# ---- sessions ----------------------------------------------------------------------------------


def cookie(client):
    return client.get_cookie("session")


def test_the_cookie_holds_no_data(app, client, settings):
    client.get("/remember")
    assert client.get("/recall").json["secret"] == CANARY
    assert len(cookie(client).value) == 43
    header = client.get("/renew").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    stored = b"".join(path.read_bytes() for path in settings.instance.glob("screening.db*"))
    assert CANARY.encode() not in stored
    assert cookie(client).value.encode() not in stored


def test_a_visit_without_anything_to_remember_gets_no_cookie(client):
    assert "Set-Cookie" not in client.get("/recall").headers


def test_a_renewed_session_leaves_the_old_cookie_dead(app, client):
    client.get("/remember")
    old = cookie(client).value
    client.get("/renew")
    assert cookie(client).value != old
    assert client.get("/recall").json["secret"] == CANARY
    thief = app.test_client()
    thief.set_cookie("session", old)
    assert thief.get("/recall").json == {"secret": None, "expired": True}


def test_a_planted_cookie_is_never_taken_over(client):
    client.set_cookie("session", "x" * 43)
    client.get("/remember")
    assert cookie(client).value != "x" * 43


def test_an_ended_session_is_gone(app, client):
    client.get("/remember")
    old = cookie(client).value
    client.get("/end")
    assert cookie(client) is None
    client.set_cookie("session", old)
    assert client.get("/recall").json == {"secret": None, "expired": True}


class Clock:
    def __init__(self, office):
        self.now = office.now()
        object.__setattr__(office, "now", lambda: self.now)

    def wait(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def clock(app):
    return Clock(app.extensions["office"])


def test_half_an_hour_without_a_request_ends_it(client, clock):
    client.get("/remember")
    clock.wait(minutes=29)
    assert client.get("/recall").json["secret"] == CANARY
    clock.wait(minutes=29)
    assert client.get("/recall").json["secret"] == CANARY
    clock.wait(minutes=31)
    assert client.get("/recall").json == {"secret": None, "expired": True}


def test_twelve_hours_end_it_in_any_case(client, clock):
    client.get("/remember")
    for _ in range(12 * 3 - 1):
        clock.wait(minutes=20)
        assert client.get("/recall").json["secret"] == CANARY
    clock.wait(minutes=21)
    assert client.get("/recall").json["secret"] is None


def test_last_seen_is_written_once_a_minute(client, clock):
    client.get("/remember")
    first = client.get("/touch").text
    clock.wait(seconds=59)
    assert client.get("/touch").text == first
    clock.wait(seconds=59)
    client.get("/touch")
    assert client.get("/touch").text != first


@only_sqlite
def test_a_row_that_was_tampered_with_opens_nothing(app, client, settings):
    import sqlite3

    client.get("/remember")
    with sqlite3.connect(settings.instance / "screening.db") as db:
        db.execute("UPDATE web_sessions SET ciphertext = zeroblob(64)")
    db.close()
    assert client.get("/recall").json == {"secret": None, "expired": True}


# ---- when storage fails ------------------------------------------------------------------------


@pytest.fixture
def broken_storage(app, monkeypatch):
    def fail():
        raise DatabaseUnavailableError(CANARY)

    database = app.extensions["office"].database
    monkeypatch.setattr(database, "read", fail)
    monkeypatch.setattr(database, "write", fail)


def test_busy_storage_asks_to_try_again(client):
    answer = client.get("/busy")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "988" in answer.text
    assert CANARY not in answer.text


def test_a_post_that_cannot_be_saved_says_so(client, post, broken_storage):
    answer = post(data={"a": "1"})
    assert answer.status_code == 503
    assert "We have not saved what you just sent" in answer.text


def test_a_session_that_cannot_be_stored_is_not_promised(client, broken_storage):
    answer = client.get("/remember")
    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers


def test_a_session_that_only_could_not_be_touched_harms_no_page(client, clock, app, monkeypatch):
    client.get("/remember")
    clock.wait(minutes=2)

    def fail():
        raise DatabaseUnavailableError

    monkeypatch.setattr(app.extensions["office"].database, "write", fail)
    assert client.get("/recall").json["secret"] == CANARY


# ---- errors and logs ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 418, 429, 500, 501, 503])
def test_an_error_page_is_plain_and_holds_the_crisis_lines(client, status):
    answer = client.get(f"/abort/{status}")
    assert answer.status_code == status
    assert 'href="tel:988"' in answer.text
    assert "<h1" in answer.text


def test_an_error_page_speaks_spanish(client):
    answer = client.get("/no-such-page", headers={"Accept-Language": "es-MX,es;q=0.9"})
    assert '<html lang="es"' in answer.text
    assert "No encontramos esta página" in answer.text


def test_a_crash_shows_no_trace_and_logs_no_message(client, capsys):
    answer = client.get(f"/fail/{CANARY}?q={CANARY}")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "RuntimeError" not in answer.text
    assert CANARY not in answer.text
    lines = logged(capsys)
    assert CANARY not in json.dumps(lines)
    crash = next(line for line in lines if "error" in line)
    assert crash["error"] == "RuntimeError"
    assert any("test_ground.py" in place for place in crash["at"])
    asked = lines[-1]
    assert asked["route"] == "/fail/<word>"
    assert asked["status"] == 500
    assert asked["request_id"] == answer.headers["X-Request-Id"] == crash["request_id"]


def test_what_is_typed_is_never_logged(client, post, capsys):
    post(data={CANARY: CANARY}, headers={"User-Agent": CANARY, "Referer": f"http://{CANARY}/"})
    client.post("/echo", data={"code": CANARY})
    client.get(f"/{CANARY}\r\nforged: line")
    assert CANARY not in capsys.readouterr().err


def test_a_log_line_has_allowed_keys_only(app, capsys):
    with app.test_request_context():
        log().info("something", count=2, name=CANARY, answer=CANARY)
    (line,) = logged(capsys)
    assert line.keys() == {"event", "count", "level", "timestamp"}


def test_an_error_page_that_fails_still_answers(app, client, monkeypatch, capsys):
    monkeypatch.setattr("screening.web.errors.t", lambda _key: 1 / 0)
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "988" in answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


# ---- static files ------------------------------------------------------------------------------


@pytest.fixture
def script(app):
    with app.test_request_context():
        return app.url_for("static", filename="screening.js")


def test_a_static_file_has_its_hash_and_is_kept_for_ever(client, script):
    answer = client.get(script)
    assert script != "/static/screening.js"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert client.get("/static/screening.js").headers["Cache-Control"] == "no-store"


def test_a_static_file_is_packed_for_who_can_unpack(client, script):
    packed = client.get(script, headers={"Accept-Encoding": "gzip"})
    plain = client.get(script)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data)
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("name", ["../headers.py", "nothing.css", "%2e%2e/headers.py"])
def test_nothing_else_is_a_static_file(client, name):
    assert client.get(f"/static/{name}").status_code == 404


# ---- language ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/page/mood?x=1", "/page/mood?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\tevil", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_only_a_path_of_this_site_is_gone_back_to(address, path):
    assert local_path(address, "/") == path


def test_the_language_is_switched_and_kept(client, post):
    answer = post("/language", data={"next": "/no-such-page"})
    assert (answer.status_code, answer.location) == (303, "/no-such-page")
    assert '<html lang="es"' in client.get("/no-such-page").text
    post("/language", data={"next": "//evil", "language": "en"})
    assert '<html lang="en"' in client.get("/no-such-page").text


def test_a_language_that_is_not_offered_is_refused(post):
    assert post("/language", data={"language": "fr"}).status_code == 400


def test_a_view_may_set_the_language(app):
    with app.test_request_context(headers={"Accept-Language": "es"}):
        from screening.web.i18n import t

        g.language = "en"
        assert t("page.back") == "Back"
