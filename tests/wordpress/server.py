"""A real WordPress on 127.0.0.1, from Debian's packages, with a database of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

PACKAGED = Path("/usr/share/wordpress")
PACKAGED_THEMES = PACKAGED / "wp-content" / "themes"
PHP = Path(__file__).with_name("php")

CLASSIC_THEME = "twentytwentyone"
BLOCK_THEME = "twentytwentythree"

PRETTY = "/%year%/%monthnum%/%day%/%postname%/"
PLAIN = ""
"""Permalinks of the form `?p=77`."""

Offer = Literal["rest", "sitemaps", "feeds"]

# mariadbd stands in a folder that is not on every user's path.
SEARCHED = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"

# Nothing that is written has to outlive the test, so nothing waits for the disk.
UNSAFE = (
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=16M",
    "--innodb-temp-data-file-path=ibtmp1:1M:autoextend",
    "--aria-sync-log-dir=NEVER",
    "--sync-frm=0",
)

SERVED = re.compile(r"\((http://127\.0\.0\.1:\d+)\) started")
PATIENCE = 60.0


@dataclass(frozen=True)
class Comment:
    content: str
    author: str = "A reader"
    kind: Literal["comment", "pingback", "trackback"] = "comment"
    date: str = "2011-09-03 10:00"
    url: str = ""
    """The author's site; the page that a pingback or trackback comes from."""
    replies: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class Post:
    title: str
    content: str
    """As typed into the editor."""
    date: str = "2011-09-02 12:00"
    """`YYYY-MM-DD HH:MM`, in the blog's time, which is UTC."""
    slug: str = ""
    """The last part of a pretty permalink; made of the title where it is empty."""
    status: Literal["publish", "draft", "private", "pending"] = "publish"
    password: str = ""
    categories: tuple[str, ...] = ()
    kind: Literal["post", "page"] = "post"
    comments: tuple[Comment, ...] = ()


class Request(NamedTuple):
    method: str
    path: str
    """As asked for, with the query."""
    status: int


class WordPress:
    """A blog without posts, served while it is entered.

        with WordPress() as blog:
            blog.configure(theme=CLASSIC_THEME, permalinks=PLAIN)
            (post,) = blog.create([Post("Title", "Text")])
            fetch(f"{blog.url}?p={post}")

    At first it has the block theme and pretty permalinks. All of it is in a temporary folder,
    which is removed on leaving.
    """

    def __init__(self, *, workers: int = 3) -> None:
        self.workers = workers
        """How many requests it answers at a time."""
        self.url = ""
        """`http://127.0.0.1:PORT/`; a client that says `localhost` gets pages that do, too."""
        self.folder = Path()
        self._running = ExitStack()

    @staticmethod
    def why_absent() -> str | None:
        """Which of Debian's packages are not installed; None if all are."""
        missing = _missing_packages()
        return f"not installed: {', '.join(missing)}" if missing else None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Not pytest's folder: the address of a socket has room for 107 bytes.
            self.folder = Path(tempfile.mkdtemp(prefix="wordpress-"))
            stack.callback(shutil.rmtree, self.folder)
            self._write_site()
            self._serve(stack)
            self._start_database(stack)
            self._command("install", title="The cables, one by one")
            self.configure(theme=BLOCK_THEME, permalinks=PRETTY)
            self._running = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def configure(
        self,
        *,
        theme: str | None = None,
        permalinks: str | None = None,
        without: Collection[Offer] | None = None,
        **options: str | int,
    ) -> None:
        """Changes what is named and leaves the rest.

        `without` is what the blog does not offer from now on. Options are WordPress's
        (`posts_per_page`, `rss_use_excerpt`, `blog_public`) and two of switches.php:
        `full_posts` (1: archives show whole posts, not excerpts) and `plugins` (1: sharing rows,
        likes, log-in rows and so on, as a hosted blog has them).
        """
        named: dict[str, Any] = dict(options)
        if without is not None:
            named["without"] = list(without)
        self._command("configure", theme=theme, permalinks=permalinks, options=named)
        if permalinks is not None:
            rewriting = self._site / ".htaccess"
            if permalinks:
                rewriting.touch()
            else:
                rewriting.unlink(missing_ok=True)

    def create(self, posts: Sequence[Post]) -> list[int]:
        """Posts and pages with their comments, just as given; their IDs, in order."""
        ids: list[int] = self._command("create", posts=[asdict(post) for post in posts])
        return ids

    def addresses(self, ids: Sequence[int]) -> list[str]:
        """Where posts are found, as permalinks are now."""
        addresses: list[str] = self._command("addresses", ids=list(ids))
        return addresses

    def empty(self) -> None:
        """Removes posts, pages, comments and categories; the next post's ID is 1."""
        self._command("empty")

    @property
    def requests(self) -> list[Request]:
        """What was asked for so far, in the order of the answers' ends, less files as they are."""
        log = self.folder / "requests.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        parts = [line.split(" ") for line in lines]
        return [Request(method, path, int(status)) for method, path, status in parts]

    @property
    def _site(self) -> Path:
        return self.folder / "site"

    def _write_site(self) -> None:
        content = self._site / "wp-content"
        (content / "mu-plugins").mkdir(parents=True)
        # Copied, since PHP looks for wp-config.php beside the file that a link leads to.
        for script in PACKAGED.glob("*.php"):
            shutil.copy(script, self._site)
        for name in ("wp-includes", "wp-admin"):
            (self._site / name).symlink_to(PACKAGED / name)
        (content / "themes").symlink_to(PACKAGED_THEMES)
        shutil.copy(PHP / "wp-config.php", self._site)
        shutil.copy(PHP / "switches.php", content / "mu-plugins")

    def _serve(self, stack: ExitStack) -> None:
        log = self.folder / "php.log"
        program = ["php", "-S", "127.0.0.1:0", "-t", str(self._site), str(PHP / "router.php")]
        process = _start(stack, program, log, PHP_CLI_SERVER_WORKERS=str(self.workers))
        _wait(process, log, lambda: SERVED.search(log.read_text()) is not None)
        self.url = f"{SERVED.findall(log.read_text())[0]}/"

    def _start_database(self, stack: ExitStack) -> None:
        folder = self.folder / "database"
        folder.mkdir()
        options = ["--no-defaults", f"--datadir={folder}", *UNSAFE]
        if os.geteuid() == 0:
            options.append("--user=mysql")
            shutil.chown(folder, "mysql")
            self.folder.chmod(0o711)  # for mysql to get to its own
        log = self.folder / "database.log"
        install = [_program("mariadb-install-db"), *options]
        install.append("--auth-root-authentication-method=normal")
        with log.open("wb") as output:
            done = subprocess.run(install, stdout=output, stderr=output, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"no database:\n{log.read_text()}")
        place = folder / "socket"
        program = ["mariadbd", *options, "--skip-networking", f"--socket={place}"]
        process = _start(stack, program, log)
        _wait(process, log, lambda: _accepts(place))

    def _command(self, name: str, **arguments: Any) -> Any:
        """Has command.php do something. Raises RuntimeError with what it said instead."""
        host = self.url.removeprefix("http://").removesuffix("/")
        done = subprocess.run(
            [_program("php"), str(PHP / "command.php"), host],
            cwd=self._site,
            input=json.dumps({"do": name, **arguments}),
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            # The status does not tell: WordPress shows a page of its own and ends with 0.
            raise RuntimeError(f"{name}: {done.stdout}{done.stderr}") from None


def _start(
    stack: ExitStack, program: list[str], log: Path, **environment: str
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [_program(program[0]), *program[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    stack.callback(_kill, process)
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With its children: PHP's workers live on when their parent is killed alone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text()}")
        time.sleep(0.01)


def _accepts(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(place)) == 0


def _program(name: str) -> str:
    path = shutil.which(name, path=SEARCHED)
    if path is None:
        raise FileNotFoundError(name)
    return path


@cache
def _missing_packages() -> tuple[str, ...]:
    modules: set[str] = set()
    php = shutil.which("php")
    if php is not None:
        done = subprocess.run([php, "-m"], capture_output=True, text=True, check=True)
        modules = set(done.stdout.lower().split())
    there = {
        "wordpress": (PACKAGED / "wp-settings.php").is_file(),
        "mariadb-server": shutil.which("mariadbd", path=SEARCHED) is not None,
        "php-cli": php is not None,
        "php-mysql": "mysqli" in modules,
        "php-xml": "simplexml" in modules,
        "php-mbstring": "mbstring" in modules,
    } | {
        f"wordpress-theme-{theme}": (PACKAGED_THEMES / theme).is_dir()
        for theme in (CLASSIC_THEME, BLOCK_THEME)
    }
    return tuple(package for package, installed in there.items() if not installed)
