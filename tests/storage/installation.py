"""An installation of its own: a folder, a database, the commands that are run on it."""

import shutil
from pathlib import Path

from click.testing import Result

from screening import create_app
from screening.settings import Settings
from screening.storage.database import Database
from tests.site import Clock, Site


class Installation:
    """One that can be taken away. `url`: where its rows are, "" for a file in its folder."""

    def __init__(self, folder: Path, url: str):
        self.folder, self.url = folder, url
        self.site: Site | None = None
        self.open()

    def open(self) -> Site:
        """As a process that starts now."""
        if self.site:
            self.close()
        app = create_app(
            Settings(instance=self.folder, database_url=self.url, testing=True), offline=True
        )
        self.site = Site(app, Clock(app.extensions["office"]))
        return self.site

    def run(self, *words: object) -> Result:
        return self.site.app.test_cli_runner().invoke(args=[str(word) for word in words])

    def done(self, *words: object) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *words: object) -> str:
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.output.strip().splitlines()[-1]

    def wipe(self) -> Site:
        """Nothing is left but the keys."""
        self.close()
        if self.url:
            emptied(self.url).close()
        for path in self.folder.iterdir():
            if path.name != "keys":
                path.unlink() if path.is_file() else shutil.rmtree(path)
        return self.open()

    def close(self) -> None:
        self.site.office.database.close()


def emptied(url: str) -> Database:
    database = Database(url)
    database.migrate()
    database.downgrade(to="base")
    return database
