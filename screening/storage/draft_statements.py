"""The statements that read and save a draft, each made once: see `intakes`, `half_pages`."""

from sqlalchemy import bindparam, delete, exists, func, insert, select, tuple_, update

from .models import HalfPage, Intake, PageSave, table
from .prepared import Prepared

DRAFT = "draft"
INTAKES, SAVES, HALF_PAGES = table(Intake), table(PageSave), table(HalfPage)
INTAKE_COLUMNS = tuple(INTAKES.columns.keys())

_this_intake = SAVES.c.intake_id == bindparam("intake")
_this_draft = (INTAKES.c.id == bindparam("intake"), INTAKES.c.status == DRAFT)
_newest = (
    select(SAVES.c.page_id, func.max(SAVES.c.revision))
    .where(_this_intake)
    .group_by(SAVES.c.page_id)
)
# Five times as fast as "not exists a newer one" on a draft with a long history.
_current = select(SAVES.c.page_id, SAVES.c.revision, SAVES.c.ciphertext).where(
    _this_intake, tuple_(SAVES.c.page_id, SAVES.c.revision).in_(_newest)
)
_newer_save = exists().where(
    _this_intake,
    SAVES.c.page_id == bindparam("page"),
    SAVES.c.revision > bindparam("expected"),
)

INTAKE = Prepared(select(INTAKES).where(INTAKES.c.id == bindparam("intake")))
STATE = Prepared(
    select(INTAKES.c.revision, INTAKES.c.status).where(INTAKES.c.id == bindparam("intake"))
)
CURRENT = Prepared(_current)
CURRENT_PAGE = Prepared(_current.where(SAVES.c.page_id == bindparam("page")))
COUNT_SAVE = Prepared(
    update(INTAKES)
    .where(*_this_draft)
    .values(
        revision=INTAKES.c.revision + 1,
        saved_at=bindparam("now"),
        seen_at=bindparam("now"),
        left_at=None,
    )
    .returning(INTAKES.c.revision)
)
ADD_SAVE = Prepared(
    insert(SAVES)
    .from_select(
        ["intake_id", "page_id", "revision", "ciphertext", "saved_at"],
        select(
            bindparam("intake", type_=SAVES.c.intake_id.type),
            bindparam("page", type_=SAVES.c.page_id.type),
            bindparam("revision", type_=SAVES.c.revision.type),
            bindparam("ciphertext", type_=SAVES.c.ciphertext.type),
            bindparam("now", type_=SAVES.c.saved_at.type),
        ).where(~_newer_save),
    )
    .execution_options(preserve_rowcount=True)
)
SEEN = Prepared(update(INTAKES).where(*_this_draft).values(seen_at=bindparam("now"), left_at=None))

_half = (
    HALF_PAGES.c.page_id,
    HALF_PAGES.c.revision,
    HALF_PAGES.c.counter,
    HALF_PAGES.c.saved_at,
    HALF_PAGES.c.ciphertext,
)
_this_half = (
    HALF_PAGES.c.intake_id == bindparam("intake"),
    HALF_PAGES.c.page_id == bindparam("page"),
)
PAGE_REVISION = Prepared(
    select(func.max(SAVES.c.revision)).where(_this_intake, SAVES.c.page_id == bindparam("page"))
)
HALVES = Prepared(select(*_half).where(HALF_PAGES.c.intake_id == bindparam("intake")))
HALF = Prepared(select(*_half).where(*_this_half))
DROP_HALF = Prepared(delete(HALF_PAGES).where(*_this_half).returning(*_half))
