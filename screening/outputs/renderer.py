"""The process that owns WeasyPrint: HTML in on standard input, PDFs out on standard output.

`python renderer.py [SERVING [by-session]]` stays warm between documents. It imports nothing of this
package and is started with an empty environment. Before it reads a byte it gives up what it does
not need: the network, every file but libraries, fonts and its own temporary folder, and memory
above a limit. A document may use CPU_SECONDS of processor time; after that the system ends the
process, and whoever asked starts another.

It works while nobody waits for a page: the server's threads tell in words that all processes share
until when they serve a request, and a document pauses meanwhile. See docs/decisions/0023.

A message is its length (four bytes, big-endian) and that many bytes. A request is the paper's name,
a line feed and the HTML in UTF-8. An answer is one byte, OK or FAILED, then the PDF, or the name of
the error and never a text of the document. The first answer says that the process is ready.
"""

import ctypes
import gc
import mimetypes
import mmap
import os
import resource
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

# ruff: noqa: PLC0415  WeasyPrint is imported inside the renderer only, after the walls are up
HERE = Path(__file__).resolve().parent
PAPERS = ("letter", "a4")
OK, FAILED = b"+", b"-"
LONGEST = 32 * 2**20  # bytes of one message
NICE = 5  # the process's niceness; at 10 a busy machine starves documents
LAST, EQUAL = 19, 0  # niceness of the whole session: a document gives way, or takes its turn
TURN = 100_000_000  # nanoseconds of work at a stretch, the longest that Linux grants
BY_SESSION = "by-session"  # told where the niceness of a session counts
PATIENCE = 3_000_000_000  # nanoseconds that a document gives way; then it was polite enough
LOOK, REST = 0.001, 0.0005  # seconds: between two looks at the words, and asleep between two more
WORDS = 32  # one for each of the server's threads, or nearly
FRESH = 25_000_000  # nanoseconds; a request that takes longer, or whose process died, has no claim
CPU_SECONDS = 10  # for one document
# Bytes. A document of 150 rows maps 220 MiB, of which 85 MiB are resident.
ADDRESS_SPACE = 512 * 2**20
LARGEST_FILE = 16 * 2**20  # bytes; only fonts are written

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446  # the same on every processor
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
LANDLOCK_ALL_FILES, LANDLOCK_ALL_TCP = 2**13 - 1, 0b11
LANDLOCK_READ_FILE, LANDLOCK_READ_FOLDER = 1 << 2, 1 << 3
# Python with its packages, the libraries under them, and what fontconfig reads.
READABLE = {sys.base_prefix, sys.prefix, str(HERE), "/usr", "/lib", "/lib64", "/etc/fonts",
            "/etc/ld.so.cache", "/var/cache/fontconfig", "/dev/urandom"}  # fmt: skip

Draw = Callable[[str, str], bytes]
Niceness = Callable[[int], bool]  # sets it, and says whether it is so now


def read_message(stream: BinaryIO) -> bytes | None:
    """The next message; None where the stream ends, also in the middle of one."""
    header = stream.read(4)
    if len(header) < 4:
        return None
    (length,) = struct.unpack(">I", header)
    if length > LONGEST:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


def write_message(stream: BinaryIO, *parts: bytes) -> None:
    stream.write(struct.pack(">I", sum(map(len, parts))) + b"".join(parts))
    stream.flush()


def confine() -> dict[str, bool]:
    """Give up for good what a renderer does not need; which walls this system could put up.

    Namespaces and Landlock are Linux's. A container may forbid the first and an old kernel lack the
    second; the fetcher, the empty environment and the limits hold everywhere.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    walls = {"network": _leave_network(libc)}
    if sys.platform == "linux":
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    walls["files"] = _close_files(libc)
    for kind, limit in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    return walls


def stand_back() -> None:
    """Have the system run everybody else first, all the while.

    Newer Linux (6.12) lets whoever has shorter turns cut short a longer one.
    """
    os.nice(NICE)
    with suppress(OSError):
        os.setsid()
    if sys.platform == "linux" and (call := SCHED_SETATTR.get(os.uname().machine)):
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        turns = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, 0, nice, 0, TURN, 0, 0)
        ctypes.CDLL(None).syscall(call, 0, turns, 0)


def session_niceness(*, counts: bool) -> Niceness:
    """How to set the niceness of this session, where that counts: see `processors`.

    There a process is nice to those of its own session only, unless the session is nice too. And it
    may be one that runs when a processor is idle: others wake beside it as if it were not there,
    and still it gets what its session may claim. Elsewhere it would starve, and that cannot be
    taken back.
    """
    if not counts:
        return lambda _niceness: True
    try:
        file, now = os.open("/proc/self/autogroup", os.O_WRONLY), EQUAL
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError:
        return lambda _niceness: True

    def set_to(niceness: int) -> bool:
        nonlocal now
        if niceness != now:
            try:
                os.write(file, str(niceness).encode())
            except OSError:  # Linux takes ten changes a second from all users together
                return False
            now = niceness
        return True

    return set_to


def shared_words(path: str, *, writes: bool) -> memoryview:
    """WORDS numbers of eight bytes in a file, the same for all processes. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT if writes else os.O_RDONLY, 0o600)
    try:
        if writes:
            os.ftruncate(file, 8 * WORDS)
        access = mmap.ACCESS_WRITE if writes else mmap.ACCESS_READ
        return memoryview(mmap.mmap(file, 8 * WORDS, access=access)).cast("Q")
    finally:
        os.close(file)


def pause(
    serving: memoryview,
    until: int,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Sleep while a page is being made, but not beyond `until`.

    `serving` holds until when each of the server's threads claims the machine, in nanoseconds of
    `clock`. A claim further ahead than FRESH is of an earlier start of the machine.
    """
    while (now := clock()) < until and any(now < word <= now + FRESH for word in serving):
        sleep(REST)


def giving_way(draw: Draw, serving: memoryview, set_session: Niceness) -> Draw:
    """`draw`, with a pause wherever a page is being made meanwhile, for PATIENCE.

    The look is taken in a signal's handler: between any two steps of Python, whatever they do.
    """
    until = 0

    def look(_signal: int, _frame: object) -> None:
        pause(serving, until)
        # An alarm of a document that is done by now must not set another.
        if until and (time.monotonic_ns() < until or not set_session(EQUAL)):
            signal.setitimer(signal.ITIMER_REAL, LOOK)

    def draw_politely(html: str, paper: str) -> bytes:
        nonlocal until
        until = time.monotonic_ns() + PATIENCE
        set_session(LAST)
        signal.setitimer(signal.ITIMER_REAL, LOOK)
        try:
            return draw(html, paper)
        finally:
            until = 0
            signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, look)
    signal.siginterrupt(signal.SIGALRM, False)  # the libraries' own calls go on
    return draw_politely


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Move into a network namespace that has no device; root's powers stay outside with it."""
    return sys.platform == "linux" and bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _close_files(libc: ctypes.CDLL) -> bool:
    """With Landlock: read READABLE, write the temporary folder, run and open nothing else."""
    version = libc.syscall(LANDLOCK_CREATE, None, 0, 1) if sys.platform == "linux" else -1
    if version < 1:
        return False
    handled = struct.pack("QQ", LANDLOCK_ALL_FILES, LANDLOCK_ALL_TCP)[: 16 if version > 3 else 8]
    rules = libc.syscall(LANDLOCK_CREATE, handled, len(handled), 0)
    for path in READABLE:
        _allow(libc, rules, path, LANDLOCK_READ_FILE | LANDLOCK_READ_FOLDER)
    _allow(libc, rules, tempfile.gettempdir(), LANDLOCK_ALL_FILES)
    closed: bool = libc.syscall(LANDLOCK_RESTRICT, rules, 0) == 0
    os.close(rules)
    return closed


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    if not Path(path).exists():
        return
    if not Path(path).is_dir():
        rights &= LANDLOCK_READ_FILE
    target = os.open(path, os.O_PATH)
    libc.syscall(LANDLOCK_ADD, rules, 1, struct.pack("=Qi", rights, target), 0)
    os.close(target)


def fetcher(allowed: Mapping[str, Path]) -> Any:
    """A URL fetcher that opens these addresses and refuses every other, `data:` too."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OnlyThese(URLFetcher):
        def fetch(self, url: str, headers: object = None) -> Any:
            if url not in allowed:
                raise ValueError("address refused")
            return URLFetcherResponse(url, allowed[url].read_bytes())

    return OnlyThese()


def load() -> Draw:
    """WeasyPrint with our fonts and style read once. Raises OSError where Pango is missing."""
    mimetypes.knownfiles.clear()  # the system's tables of types are closed to this process
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    ours = fetcher({font.as_uri(): font for font in (HERE / "fonts").glob("*.ttf")})
    nothing = fetcher({})
    style = CSS(
        string=(HERE / "pdf.css").read_text("utf-8"),
        base_url=HERE.as_uri() + "/",
        url_fetcher=ours,
        font_config=fonts,
    )
    sizes = {paper: CSS(string=f"@page {{ size: {paper} }}") for paper in PAPERS}

    def draw(html: str, paper: str) -> bytes:
        document = HTML(string=html, url_fetcher=nothing).render(
            font_config=fonts, stylesheets=[style, sizes[paper]], pdf_variant="pdf/ua-1"
        )
        pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1", finisher=mend_tags)
        return pdf

    return draw


def remember_pages() -> None:
    """Have pydyf list a document's pages once, not anew for each of its thousands of tags."""
    import pydyf  # type: ignore[import-untyped]

    listed = pydyf.PDF.page_references.fget

    def page_references(self: Any) -> Any:
        count = len(self.pages["Kids"])
        if getattr(self, "_listed", (None,))[0] != count:
            self._listed = (count, listed(self))
        return self._listed[1]

    pydyf.PDF.page_references = property(page_references)


def better_tags() -> None:
    """Have WeasyPrint's tags say two things that it leaves out.

    Every element with a `lang` of its own names it: what a patient typed in Spanish is read aloud
    as Spanish. What stands in the margin of every page is no content, so that nobody hears it
    again with each page.
    """
    import pydyf
    from weasyprint.formatting_structure.boxes import MarginBox
    from weasyprint.pdf import tags

    build = tags._build_box_tree  # noqa: SLF001  there is no other way in

    def build_better(box: Any, parent: Any, pdf: Any, page: int, nums: Any, *others: Any) -> Any:
        content = set(nums)
        own = box.element is not None and box.element_tag != "html"
        language = box.element.get("lang") if own else None
        for element in build(box, parent, pdf, page, nums, *others):
            if language:
                element["Lang"] = pydyf.String(language)
            yield element
        if isinstance(box, MarginBox):
            pdf.margins = [*getattr(pdf, "margins", []), (page, set(nums) - content)]

    tags._build_box_tree = build_better  # noqa: SLF001


def mend_tags(_document: object, pdf: Any) -> None:
    """Put right what WeasyPrint leaves out or gets wrong in the tags.

    Of each header cell: whether it heads a column or a row. Of each drawing: where it stands, in
    points from the foot of its page instead of pixels from the head. Of the margins: that they are
    no content.
    """
    for page, marks in getattr(pdf, "margins", ()):
        _make_artifacts(pdf, page, marks)
    for item in pdf.objects:
        kind = item.get("S") if isinstance(item, dict) else None
        if kind == "/TH":
            row = _parent(pdf, item)
            in_head = _parent(pdf, row).get("S") == "/THead"
            item["A"]["Scope"] = "/Column" if in_head else "/Row"
        elif kind == "/Figure":
            left, top, right, bottom = (px * 0.75 for px in item["A"]["BBox"])
            height = _referred(pdf, item["Pg"])["MediaBox"][3]
            item["A"]["BBox"][:] = (left, height - bottom, right, height - top)


def _make_artifacts(pdf: Any, page: int, marks: set[int]) -> None:
    """Call what is drawn under these marks an artifact; nothing refers to the marks any more."""
    drawn = _referred(pdf, _referred(pdf, pdf.page_references[page])["Contents"]).stream
    for place, token in enumerate(drawn):
        if token == b"BDC" and drawn[place - 1].get("MCID") in marks:
            drawn[place - 2 : place + 1] = (b"/Artifact", b"", b"BMC")


def _parent(pdf: Any, item: Any) -> Any:
    return _referred(pdf, item["P"])


def _referred(pdf: Any, reference: Any) -> Any:
    return pdf.objects[int(reference.split()[0])]


def serve(requests: BinaryIO, answers: BinaryIO, draw: Draw) -> None:
    """Answer every request until the stream ends."""
    while (message := read_message(requests)) is not None:
        _allow_more_time()
        paper, _, html = message.partition(b"\n")
        try:
            pdf = draw(html.decode(), paper.decode())
        except Exception as error:  # noqa: BLE001  one bad page must not end the process
            write_message(answers, FAILED, type(error).__name__.encode())
        else:
            write_message(answers, OK, pdf)


def _allow_more_time() -> None:
    used = int(time.process_time()) + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, most))


def main() -> int:
    """Serve standard input until it ends; exit status 1 where WeasyPrint cannot be loaded."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write between the answers
    stand_back()
    serving = []
    with suppress(OSError, ValueError):  # a file that is gone or cut short: it just does not pause
        serving = [shared_words(file, writes=False) for file in sys.argv[1:2]]
    try:
        niceness = session_niceness(counts=BY_SESSION in sys.argv)
        confine()
        draw = load()
        remember_pages()
        better_tags()
    except (ImportError, OSError) as error:
        write_message(answers, FAILED, type(error).__name__.encode())
        return 1
    gc.collect()
    gc.freeze()  # what was loaded stays; looking through it for garbage costs a tenth of a document
    write_message(answers, OK)
    serve(sys.stdin.buffer, answers, giving_way(draw, serving[0], niceness) if serving else draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
