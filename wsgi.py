"""What gunicorn serves and the flask command loads."""

import os

from screening import create_app
from screening.settings import SettingsError
from screening.web import serving

# Commands start without keys, since one of them makes the keys; a server does not.
COMMAND_LINE = os.environ.get("FLASK_RUN_FROM_CLI") == "true"

try:
    app = create_app(offline=COMMAND_LINE)
except SettingsError as error:
    raise SystemExit(str(error)) from None

if not COMMAND_LINE:
    serving.install(app, app.extensions["settings"].instance / "serving")
