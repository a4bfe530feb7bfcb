"""Whose clinic it is: what clinic.toml may say, what production needs, and how it shows."""

import dataclasses
import itertools
import re
import struct
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from screening import colours, create_app
from screening.clinic import CHECKS, Clinic, read_clinic
from screening.settings import ROOT, Settings, SettingsError

from .builders import person

EXAMPLE = ROOT / "docs" / "clinic.example.toml"
THEME = ROOT / "assets" / "theme"
ROUND = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36"><circle r="9"/>{}</svg>'
HEX = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@pytest.fixture
def clinic_of(tmp_path):
    """Reads a clinic.toml that names the clinic and holds these lines."""

    def read(lines, name='name = "Árbol"'):
        path = tmp_path / "clinic.toml"
        path.write_text(f"{name}\n{lines}\n", "utf-8")
        return read_clinic(path)

    return read


# The file


def test_a_clinic_names_itself_and_inherits_nothing_made_up(clinic_of):
    clinic, made_up = clinic_of(""), Clinic()
    assert clinic.name == "Árbol"
    assert (clinic.phone, clinic.website, clinic.mail_from) == (None, None, None)
    assert (clinic.address, clinic.hours, clinic.urgent_reply) == ("", {}, {})
    assert clinic.alert_emails == ()
    assert clinic.after_hours == made_up.after_hours  # promises nothing


def test_one_text_stands_for_both_languages(clinic_of):
    assert clinic_of('hours = "9-5"').hours == {"en": "9-5", "es": "9-5"}
    assert clinic_of('[hours]\nen = "9 to 5"\nes = "de 9 a 5"').hours["es"] == "de 9 a 5"


@pytest.mark.parametrize(
    ("phone", "href"),
    [
        ("805-555-0100", "tel:+18055550100"),
        ("(805) 555-0100", "tel:+18055550100"),
        ("1-805-555-0100", "tel:+18055550100"),
        ("+34 600 000 000", "tel:+34600000000"),
        ("", None),
    ],
)
def test_a_number_can_be_called(clinic_of, phone, href):
    assert clinic_of(f'phone = "{phone}"').phone_href == href


@pytest.mark.parametrize(
    "line",
    [
        "name = 3",
        'name = " "',
        'phone = "call us"',
        'phone = "555-0100"',
        'phone = "2-805-555-0100"',
        'address = "1 Way\\nTown"',
        "address = 3",
        'hours = ["9", "5"]',
        'hours = { en = "9-5", fr = "9-5" }',
        'hours = { en = "" }',
        'time_zone = "California"',
        'time_zone = ""',
        'paper = "legal"',
        'paper = ""',
        'privacy_url = "http://clinic.example.org"',
        'website = "clinic.example.org"',
        'website = "https://a@clinic.example.org"',
        "reply_days = 0",
        "reply_days = 31",
        "reply_days = true",
        'reply_days = "2"',
        "urgent_reply = 15",
        'urgent_reply = "within 15 minutes."',
        'after_hours = "nobody reads your answers"',
        'after_hours = { en = "Nobody", es = " " }',
        'alert_emails = "a@example.org"',
        'alert_emails = ["a@example.org", "nobody"]',
        'alert_emails = ["a@example.org", "A@example.org"]',
        'mail_from = "Clinic <a@example.org>"',
        'mail_from = "a@example.org\\nBcc: b@example.org"',
        'quick_exit_url = "http://www.weather.gov/"',
        'quick_exit_url = ""',
        'exit_button = "yes"',
        'colours = { brand = "teal" }',
        'colours = { ink = "#000000" }',
        'colours = "#2c6a5f"',
        'logo = "../logo.svg"',
        'logo = "logo.gif"',
        'logo = ".svg"',
    ],
)
def test_a_value_that_makes_no_sense_is_named_in_one_line(clinic_of, line):
    field = line.partition(" ")[0]
    with pytest.raises(SettingsError, match=rf"clinic\.toml: {field} must be ") as refused:
        clinic_of(line, name="" if field == "name" else 'name = "A"')
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["", 'name = ""'])
def test_a_clinic_without_a_name_is_refused_everywhere(clinic_of, name):
    with pytest.raises(SettingsError, match="name is missing"):
        clinic_of('phone = "805-555-0100"', name=name)


@pytest.mark.parametrize(
    ("lines", "said"), [("phone = ", "cannot be read"), ('nome = "A"', "nome is not a setting")]
)
def test_a_file_that_cannot_be_read_is_refused(clinic_of, lines, said):
    with pytest.raises(SettingsError, match=said) as refused:
        clinic_of(lines)
    assert "\n" not in str(refused.value)


def test_every_field_is_checked_documented_and_shown():
    fields = {field.name for field in dataclasses.fields(Clinic)}
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    table = page.partition("The clinic, in `instance/clinic.toml`")[2].partition("\n## ")[0]
    assert fields == set(CHECKS)
    assert fields == set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    shown = re.findall(r"^(?:# )?(\w+) = ", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    assert fields == set(shown)


# Production


@pytest.fixture
def production(tmp_path):
    """Settings of a server on the internet, with this clinic."""
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)

    def settings(clinic, **changes):
        safe = {"public_url": "https://intake.example.org", "proxy_hops": 1}
        mail = {"smtp_url": "smtp://a:b@mail.example.org:587"}
        folders = {"instance": tmp_path / "data", "keys_folder": keys}
        return Settings(**folders | safe | mail | {"clinic": clinic} | changes)

    return settings


def test_the_example_sees_patients(production):
    assert production(read_clinic(EXAMPLE)).production


def test_the_made_up_clinic_sees_none(production, tmp_path):
    with pytest.raises(SettingsError, match=r"there is no clinic\.toml"):
        production(read_clinic(tmp_path / "clinic.toml"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phone": None}, "phone is missing"),
        ({"address": ""}, "address is missing"),
        ({"hours": {}}, "hours is missing in en and es"),
        ({"hours": {"en": "9-5"}}, "hours is missing in es"),
        ({"urgent_reply": {}}, "urgent_reply is missing in en and es"),
        ({"urgent_reply": {"es": "en 15 minutos"}}, "urgent_reply is missing in en"),
        ({"after_hours": {"en": "Nobody."}}, "after_hours is missing in es"),
        ({"mail_from": None}, "mail_from is missing"),
        ({"alert_emails": ()}, "alert_emails has 0 of the 2 different addresses"),
        ({"alert_emails": ("a@example.org",)}, "alert_emails has 1 of the 2"),
    ],
)
def test_production_refuses_a_clinic_that_lacks_something(production, change, said):
    lacking = dataclasses.replace(read_clinic(EXAMPLE), **change)
    assert Settings(clinic=lacking, testing=True)  # to try it out it is good enough
    with pytest.raises(SettingsError, match=f"Refusing to start in production: .*{said}") as no:
        production(lacking)
    assert "\n" not in str(no.value)


def test_a_language_that_is_not_offered_needs_no_texts(production):
    english = dataclasses.replace(read_clinic(EXAMPLE), hours={"en": "9 to 5"})
    assert production(english, languages=("en",)).production


# Colours


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ('brand = "#8899ff"', "colours.brand #8899ff beside white .* 2.60:1 and needs 4.5:1"),
        ('paper = "#8a8a8a"', "colours.paper #8a8a8a under our text .* needs 7.0:1: choose a ligh"),
        ('paper = "#d0d0d0"', "colours.paper #d0d0d0 under our quiet text .* needs 4.5:1"),
        ('brand = "#757575", paper = "#f0f0f0"', "brand #757575 on paper #f0f0f0 .* needs 4.5:1"),
    ],
)
def test_colours_that_cannot_be_read_are_refused_with_their_ratio(clinic_of, chosen, said):
    with pytest.raises(SettingsError, match=said):
        clinic_of(f"colours = {{ {chosen} }}")


def test_contrast_is_that_of_wcag():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def root_of(text):
    return dict(re.findall(r"--([\w-]+): ([^;]+);", text.partition(":root {")[2].partition("}")[0]))


OURS = root_of((THEME / "base.css").read_text("utf-8"))


@given(st.fixed_dictionaries({}, optional={"brand": HEX, "paper": HEX}))
@example({"brand": "#737373"})  # only just
@example({"brand": "#8d2b8d", "paper": "#dcdcdc"})
def test_whatever_is_taken_can_be_read(chosen):
    if colours.problem(chosen):
        return
    drawn = OURS | colours.palette(chosen)
    grounds = ("paper", "warm", "soft", "card")
    pairs = [(text, ground) for text in ("ink", "quiet", "danger") for ground in grounds]
    pairs += [("link", ground) for ground in (*grounds, "brand-tint", "help")]
    pairs += [("link-hover", "paper"), ("brand-ink", "brand-tag")]
    pairs += [("tag-ink", "tag"), ("tag-ink", "tag-quiet")]
    pairs += [("card", "brand"), ("card", "brand-hover"), ("brand", "paper")]
    for text, ground in pairs:
        one, other = (
            "#ffffff" if drawn[name] == "#fff" else drawn[name] for name in (text, ground)
        )
        assert colours.contrast(one, other) >= 4.5, (text, ground)


def test_our_theme_and_its_checks_name_the_same_colours():
    for name in ("brand", "paper", "warm", "ink", "quiet", "danger"):
        assert OURS[name] == getattr(colours, name.upper())
    assert colours.problem({}) is None


def test_every_colour_of_a_clinic_is_one_that_the_theme_uses():
    static = ROOT / "screening" / "web" / "static"
    built = "".join((static / name).read_text("utf-8") for name in ("screening.css", "staff.css"))
    for name in colours.palette({"brand": "#1d4f91", "paper": "#f9fafc"}):
        assert f"var(--{name}" in built, name


@pytest.mark.parametrize("sheet", sorted(THEME.rglob("*.css")), ids=lambda path: path.name)
def test_no_rule_names_by_its_number_a_colour_that_a_clinic_may_change(sheet):
    text = sheet.read_text("utf-8")
    rules = text.partition("\n}\n")[2] if sheet == THEME / "base.css" else text
    changed = set(colours.palette({"brand": "#1d4f91", "paper": "#f9fafc"}))
    ours = {OURS[name]: f"var(--{name})" for name in changed & set(OURS)}
    assert {number: name for number, name in ours.items() if number in rules} == {}


# What pages show


@pytest.fixture
def open_start(settings):
    """The start page of a clinic with these values, and a client for what it refers to."""

    def open_it(**values):
        changed = dataclasses.replace(settings, clinic=Clinic(**values))
        client = create_app(changed).test_client()
        return client.get("/").text, client

    return open_it


def test_without_a_look_of_its_own_a_clinic_has_ours(open_start):
    page, client = open_start()
    assert "clinic." not in "".join(re.findall(r'<link rel="stylesheet"[^>]*>', page))
    assert '<meta name="theme-color" content="#f3ece2">' in page
    assert client.get("/static/clinic.css").status_code == 404


def test_colours_come_as_a_stylesheet_that_is_cached_for_ever(open_start):
    page, client = open_start(colours={"brand": "#1d4f91", "paper": "#f9fafc"})
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)
    assert len(sheets) == 2
    answer = client.get(sheets[1])  # after ours, which it overrules
    assert re.fullmatch(r"/static/clinic\.[0-9a-f]{12}\.css", sheets[1])
    assert answer.content_type == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert root_of(answer.text) == colours.palette({"brand": "#1d4f91", "paper": "#f9fafc"})
    assert f'<meta name="theme-color" content="{root_of(answer.text)["warm"]}">' in page
    assert "style=" not in page


def test_a_page_says_where_the_clinic_is(open_start):
    page, _ = open_start(address="5 Oak Road", website="https://oak.example.org/")
    assert "5 Oak Road" in page
    assert '<a href="https://oak.example.org/" rel="noreferrer">Website</a>' in page


def test_after_sending_a_patient_reads_when_the_clinic_answers(sent_to):
    page = sent_to(
        Clinic(
            urgent_reply={"en": "before noon"},
            after_hours={"en": "Our on-call nurse reads them at night."},
        )
    )
    assert "looks at them before noon." in page
    assert "Our on-call nurse reads them at night." in page
    assert sent_to(Clinic(reply_days=1)) != sent_to(Clinic(reply_days=4))


@pytest.fixture
def sent_to(site):
    """The page that a patient of this clinic sees after sending."""
    walker = site.walker_at("sign").answer_page(person())

    def page(clinic):
        found = site.app.extensions["settings"]
        site.app.extensions["settings"] = dataclasses.replace(found, clinic=clinic)
        return walker.open("/done").text

    return page


# The logo


@pytest.fixture
def open_with(settings, open_start):
    """The start page of a clinic whose logo is a file with these bytes."""

    def open_it(name, body):
        (settings.instance / name).write_bytes(body)
        return open_start(logo=name)

    return open_it


def png(width=80, height=40):
    def chunk(kind, data):
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "body", "kind", "size"),
    [
        ("our logo.svg", ROUND.format("").encode(), "image/svg+xml; charset=utf-8", (72, 36)),
        ("logo.png", png(), "image/png", (72, 36)),
        ("logo.svg", ROUND.replace("72 36", "9 18").encode(), "image/svg+xml; charset=utf-8",
         (18, 36)),
        ("wide.png", png(300, 20), "image/png", (108, 7)),
    ],
    ids=["wide svg", "wide png", "tall svg", "very wide png"],
)  # fmt: skip
def test_a_logo_stands_before_the_name_and_on_the_tab(open_with, name, body, kind, size):
    page, client = open_with(name, body)
    found = re.search(
        r'<img src="(/static/clinic-logo\.[^"]+)" alt="" width="(\d+)" height="(\d+)">', page
    )
    assert (int(found[2]), int(found[3])) == size
    answer = client.get(found[1])
    assert answer.data == body
    assert answer.content_type == kind
    assert "immutable" in answer.headers["Cache-Control"]
    icon = re.search(r'<link rel="icon" href="([^"]+)" type="([^"]+)">', page)
    assert (icon[1], icon[2]) == (found[1], kind.partition(";")[0])


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        '<g onload="alert(1)"/>',
        '<g ONCLICK="alert(1)"/>',
        "<foreignObject/>",
        '<a href="#x"/>',
        '<animate attributeName="href" to="#x"/>',
        '<image href="https://example.org/a.png"/>',
        '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="//example.org/a.svg#a"/>',
        '<use href="javascript:alert(1)"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zz4="/>',
        '<g xml:base="https://example.org/"/>',
        '<g fill="url(https://example.org/a)"/>',
        '<g style="fill: url( &quot; https://example.org/a&quot;)"/>',
        '<g style="fill: u\\72l(https://example.org/a)"/>',
        "<style>@import 'https://example.org/a.css';</style>",
        "<style>g {}<title/>@import 'https://example.org/a.css';</style>",
        "<style>g { background: image-set('https://example.org/a') }</style>",
        "<?xml-stylesheet href='https://example.org/a.css'?>",
    ],
)
def test_a_picture_that_does_more_than_draw_is_refused(open_with, inside):
    with pytest.raises(SettingsError, match=r"clinic\.toml: logo logo\.svg ") as refused:
        open_with("logo.svg", ROUND.format(inside).encode())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "inside",
    [
        '<g fill="url(#a)"/><g style="fill: url(\'#a\')"/>',
        '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="#a"/>',
        '<image href="data:image/png;base64,iVBORw0KGgo="/>',
        "<style>circle { fill: #1d4f91 }</style>",
        '<i:view xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:path="C:\\a"/>',
    ],
)
def test_a_picture_as_drawing_programs_write_it_is_taken(open_with, inside):
    open_with("logo.svg", b'\xef\xbb\xbf<?xml version="1.0"?>\n' + ROUND.format(inside).encode())


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("logo.svg", b"<svg", "is not an SVG file"),
        ("logo.svg", png(), "is not an SVG file"),
        ("logo.svg", b'<svg viewBox="0 0 9 9"/>', "is not an SVG file"),
        ("logo.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]>' + ROUND.encode(), "has a DOCTYPE"),
        ("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "does not say its size"),
        ("logo.svg", ROUND.replace("72", "0").encode(), "has no width or no height"),
        ("logo.svg", ROUND.replace("72", "inf").encode(), "has no width or no height"),
        ("logo.svg", ROUND.format(" " * 102_400).encode(), "has 101 KB: make it 100 KB or less"),
        ("logo.png", ROUND.encode(), "is not a whole PNG"),
        ("logo.png", png()[:60], "is not a whole PNG"),
        ("logo.png", png().replace(b"x\x9c", b"x\x9d"), "is not a whole PNG"),
        ("logo.png", png() + b"<script>", "is not a whole PNG"),
        ("logo.png", b"\x89PNG\r\n\x1a\n", "is not a whole PNG"),
    ],
    ids=itertools.count(),
)
def test_a_file_that_is_not_what_it_says_is_refused(open_with, name, body, said):
    with pytest.raises(SettingsError, match=f"clinic\\.toml: logo {name} {said}"):
        open_with(name, body)


def test_a_logo_that_is_not_there_is_named(open_start):
    with pytest.raises(SettingsError, match=r"logo logo\.svg cannot be read \(No such file"):
        open_start(logo="logo.svg")
