"""The house rules that a reviewer would have to remember, read from the syntax trees."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("routing", "webhooks", "workers", "store", "console", "config")
MAY_IMPORT = {
    "routing": {"routing"},
    "config": {"config", "routing"},
    "store": {"store", "routing", "config"},
    "webhooks": {"webhooks", "store", "routing", "config"},
    "workers": {"workers", "store", "routing", "config"},
    "console": {"console", "store", "routing", "config"},
    "wsgi.py": {"webhooks", "console", "store", "config"},
}
HOMES = {  # where a third party may be imported
    "flask": ("webhooks/", "console/", "wsgi.py"),
    "werkzeug": ("webhooks/", "console/", "wsgi.py"),
    "twilio": ("workers/channels/", "webhooks/"),
    "sendgrid": ("workers/channels/", "webhooks/"),
    "sqlalchemy": ("store/",),
    "alembic": ("store/",),
    "psycopg": ("store/",),
    "celery": ("workers/", "config/queues.py"),
    "redis": ("workers/", "webhooks/", "config/"),
    "click": ("console/",),
    "gunicorn": ("console/web_server.py", "console/web_worker.py"),
    "ruamel": ("config/",),
}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "handlers", "misc"}
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEST_FILE, MOST_POSITIONAL = 40, 300, 600, 5
NAMES_THE_TIME = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}


def where(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def in_rooms() -> list[Path]:
    found = [path for room in ROOMS for path in (HOUSE / room).rglob("*.py")]
    return sorted([*found, *(path for path in [HOUSE / "wsgi.py"] if path.exists())])


def ours() -> list[Path]:
    return in_rooms() + sorted(path for folder in ("tests", "benchmarks") for path in (HOUSE / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported module by its dotted name, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the whole name of the module"
            yield (node.module or "", node.lineno)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def every(find) -> list[str]:
    """`find(tree, place)` over the rooms; each finding as place:line."""
    return [f"{where(path)}:{found}" for path in in_rooms() for found in find(parsed(path), where(path))]


def strangers(tree: ast.Module, place: str) -> list[str]:
    """Rooms that this file may not know."""
    allowed = MAY_IMPORT[place.split("/")[0]]
    return [
        f"{line} imports {name}" for name, line in imports(tree) if (room := name.split(".")[0]) in ROOMS and room not in allowed
    ]


def impurities(tree: ast.Module, place: str) -> list[str]:
    """What a room that thinks must not have: anything but the standard library, and nothing that reads the world."""
    if not place.startswith("routing/"):
        return []
    world = {
        "os",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "time",
        "pathlib",
        "io",
        "logging",
        "threading",
        "urllib",
        "sqlite3",
    }
    fine = (set(sys.stdlib_module_names) - world) | {"routing"}
    return [f"{line} imports {name}" for name, line in imports(tree) if name.split(".")[0] not in fine]


def homeless(tree: ast.Module, place: str) -> list[str]:
    """Third parties outside their home."""
    return [
        f"{line} imports {name}, whose home is {', '.join(HOMES[package])}"
        for name, line in imports(tree)
        if (package := name.split(".")[0]) in HOMES and not place.startswith(HOMES[package])
    ]


def environment_readers(tree: ast.Module, place: str) -> list[str]:
    if place == "config/settings.py":
        return []
    return [
        f"{node.lineno} reads os.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ] + [f"{line} imports from os" for name, line in imports(tree) if name in ("os.environ", "dotenv")]


def clock_readers(tree: ast.Module, place: str) -> list[str]:
    if place == "config/clock.py":
        return []
    return [
        f"{node.lineno} calls {'.'.join(called)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (called := _last_two(node.func)) in NAMES_THE_TIME
    ]


def _last_two(func: ast.expr) -> tuple[str, str] | None:
    if not isinstance(func, ast.Attribute):
        return None
    holder = func.value
    name = holder.id if isinstance(holder, ast.Name) else holder.attr if isinstance(holder, ast.Attribute) else ""
    return (name, func.attr)


def committers(tree: ast.Module, place: str) -> list[str]:
    if place.startswith("store/"):
        return []
    return [
        f"{node.lineno} commits"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]


def late_imports(tree: ast.Module, _place: str) -> list[str]:
    return [
        f"{line} imports {name} inside {function.name}"
        for function in functions(tree)
        for name, line in imports(function)
        if name.split(".")[0] in ROOMS
    ]


def long_functions(tree: ast.Module, place: str) -> list[str]:
    if place.startswith("store/migrations/versions/"):
        return []
    return [
        f"{function.lineno} {function.name} has {size} lines"
        for function in functions(tree)
        if (size := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]


def crowded_functions(tree: ast.Module, _place: str) -> list[str]:
    return [
        f"{function.lineno} {function.name} has {count} positional parameters"
        for function in functions(tree)
        if (count := len([a for a in (*function.args.posonlyargs, *function.args.args) if a.arg not in ("self", "cls")]))
        > MOST_POSITIONAL
        and not function.decorator_list  # click and pytest hand over by name
    ]


def sql_writers(tree: ast.Module, place: str) -> list[str]:
    """SQL lives in the store."""
    if place.startswith("store/"):
        return []
    statement = re.compile(r"\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)", re.DOTALL)
    return [
        f"{node.lineno} holds SQL"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value)
    ]


RULES = [
    strangers, impurities, homeless, environment_readers, clock_readers, committers, late_imports, long_functions, crowded_functions,
    sql_writers,
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rooms_keep_the_rule(rule):
    assert every(rule) == []


@pytest.mark.parametrize(
    ("rule", "place", "code"),
    [
        (strangers, "webhooks/a.py", "import workers.send"),
        (strangers, "config/a.py", "from store import tables"),
        (strangers, "routing/a.py", "from config.clock import now"),
        (impurities, "routing/a.py", "import random"),
        (impurities, "routing/a.py", "import structlog"),
        (homeless, "console/a.py", "from sqlalchemy import text"),
        (homeless, "store/a.py", "import celery"),
        (homeless, "workers/tasks.py", "import twilio.rest"),
        (environment_readers, "store/a.py", "import os\nos.environ['X']"),
        (environment_readers, "store/a.py", "import os\nos.getenv('X')"),
        (clock_readers, "store/a.py", "from datetime import datetime\ndatetime.now()"),
        (clock_readers, "store/a.py", "import datetime\ndatetime.datetime.utcnow()"),
        (clock_readers, "store/a.py", "import time\ntime.time()"),
        (committers, "workers/a.py", "db.commit()"),
        (late_imports, "store/a.py", "def f():\n    from store import tables"),
        (long_functions, "store/a.py", "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION),
        (crowded_functions, "store/a.py", "def f(a, b, c, d, e, f): ..."),
        (sql_writers, "webhooks/a.py", "q = 'SELECT id FROM leads'"),
    ],
)
def test_each_rule_sees_its_breach(rule, place, code):
    assert len(rule(ast.parse(code), place)) == 1


def test_measuring_a_duration_is_allowed():
    assert clock_readers(ast.parse("import time\ntime.monotonic(); time.perf_counter(); time.sleep(1)"), "workers/a.py") == []


def test_files_are_short():
    def limit(path: Path) -> int:
        return LONGEST_TEST_FILE if where(path).startswith("tests/") else LONGEST_FILE

    sizes = {
        where(path): (len(path.read_text().splitlines()), limit(path))
        for path in ours()
        if "migrations/versions" not in where(path)
    }
    assert {place: size for place, (size, most) in sizes.items() if size > most} == {}


def test_no_module_has_a_name_without_an_idea():
    assert [where(path) for path in ours() if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES] == []


def test_tests_shadow_no_room():
    assert [where(path) for path in (HOUSE / "tests").rglob("__init__.py")] == []


def test_no_task_keeps_time_in_the_broker():
    banned = {"eta", "countdown"}
    found = every(
        lambda tree, _: [
            f"{node.value.lineno} passes {node.arg}"
            for node in ast.walk(tree)
            if isinstance(node, ast.keyword) and node.arg in banned
        ]
    )
    assert found == []


def test_every_queue_has_a_worker():
    queues = next(
        ast.literal_eval(node.value)
        for node in parsed(HOUSE / "config" / "queues.py").body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "QUEUES"
    )
    workers = [line for line in (HOUSE / "Procfile").read_text().splitlines() if re.match(r"\w*worker\w*:", line)]
    named = [queue for line in workers for queue in re.findall(r"(?:-Q|--queues)[ =](\S+)", line)]
    takes_all = any("-Q" not in line and "--queues" not in line for line in workers)
    assert workers
    assert takes_all or set(queues) <= {queue for part in named for queue in part.split(",")}


def test_every_dependency_is_pinned():
    wanted = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\s\[<>=;]", line)[0] for line in [*wanted["dependencies"], *wanted["optional-dependencies"]["dev"]]]
    lock = (HOUSE / "requirements.lock").read_text()
    pinned = {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    assert {normal(name) for name in names} <= pinned
    assert "--index" not in lock
    assert "--find-links" not in lock


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[._-]+", "-", name).lower()
