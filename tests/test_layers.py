"""The house is a staircase: a file imports only from lines below its own, and effects stay in their rooms."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "judgekit"
TOP = {"judges", "datasets", "experiments", "judgekit", "tests", "pyproject.toml", "README.md"}
TOP |= {"LICENSE", "CHANGELOG.md", "Makefile", "requirements.lock"}

LINES: tuple[tuple[str, ...], ...] = (
    ("cli", "web", "testing", "pytest_plugin", "__main__", "api"),
    ("workflows",),
    ("adapters", "render"),
    ("distill",),
    ("review", "judging", "analysis"),
    ("records",),
    ("stats",),
    ("errors",),
)
"""From the doors down; rooms on one line do not see each other."""
BLIND = {("workflows", "adapters"), ("workflows", "render")}
"""The recipes get objects, never the world."""
PASSAGES = {("pytest_plugin", "testing")}
"""A door that every pytest run imports holds names only; what it does lies behind another."""
EXTRA = {("records", "stats"): {"judgekit.stats.estimate"}}
"""Records embed the result type, and nothing else of arithmetic."""

NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "aiohttp",
    "httpx",
    "requests",
    "litellm",
    "openai",
    "starlette",
    "uvicorn",
}
FILES = {
    "pathlib",
    "os",
    "shutil",
    "tempfile",
    "glob",
    "io",
    "sqlite3",
    "gzip",
    "fcntl",
    "tomllib",
    "tomlkit",
    "pyarrow",
}
PROCESS = {"subprocess", "multiprocessing"}
LAZY = {"litellm", "scipy", "sklearn", "pandas", "rich", "starlette", "aiohttp", "jinja2", "pyarrow", "tomlkit"}
FREE_AT_TOP = {("stats", "scipy")}
SUBCLASSES = {"judging/sandbox.py": "jinja2"}
"""Files that subclass a heavy library's class, and are themselves imported inside functions only."""
CLOCKS = {
    ("time", "time"), ("time", "monotonic"), ("time", "perf_counter"), ("datetime", "now"), ("datetime", "utcnow"),
    ("date", "today"), ("datetime", "today"), ("uuid", "uuid4"),
}  # fmt: skip
WORLD = {"adapters", "cli", "web", "testing", "pytest_plugin", "__main__", "api"}


def room(path: Path) -> str:
    """Return the room that a file of the package stands in."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def modules() -> list[Path]:
    """Return every module of the package but its root."""
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


@cache
def imports(tree: ast.AST) -> list[tuple[ast.stmt, str]]:
    """Return (statement, module) for every import, those inside functions and under TYPE_CHECKING included."""
    found: list[tuple[ast.stmt, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import on line {node.lineno}"
            found.append((node, node.module or ""))
            found += [(node, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def rank(name: str) -> int:
    """Return the line of a room, 0 at the top."""
    return next(i for i, line in enumerate(LINES) if name in line)


def may_import(importer: str, module: str) -> bool:
    """Say whether a room may import a module of the package."""
    parts = module.split(".")
    if parts[0] != "judgekit" or len(parts) == 1:
        return True
    target = parts[1]
    if target in (importer, "__version__"):
        return True
    if (importer, target) in EXTRA:
        return any(module.startswith(allowed) for allowed in EXTRA[importer, target])
    if not any(target in line for line in LINES):
        return importer == "cli"  # names of the root itself
    if rank(target) == 0 and importer in LINES[0]:
        return importer == "__main__" or (importer, target) in PASSAGES
    return rank(target) > rank(importer) and (importer, target) not in BLIND


def violations(path: Path, tree: ast.AST) -> list[str]:
    """Return the imports of one file that climb the staircase."""
    return [
        f"{path.relative_to(PACKAGE)}:{node.lineno} imports {module}"
        for node, module in imports(tree)
        if not may_import(room(path), module)
    ]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_every_room_has_its_line() -> None:
    """A folder or file without a place on the staircase fails."""
    known = {name for line in LINES for name in line} | {"__init__", "py.typed", "__pycache__", "_example"}
    found = {p.name.removesuffix(".py") for p in PACKAGE.iterdir()}
    assert found <= known, f"no line for {sorted(found - known)}"


def test_the_top_level_holds_only_what_the_design_names() -> None:
    """Nothing but the named folders and files, and dot-folders, lies at the root."""
    found = {p.name for p in PACKAGE.parent.iterdir() if not p.name.startswith(".")}
    found = {name for name in found if not name.endswith(".egg-info") and name not in {"build", "dist", "htmlcov"}}
    assert found <= TOP, f"not named in the design: {sorted(found - TOP)}"


def test_files_import_only_from_lines_below() -> None:
    """No import climbs the staircase or crosses between rooms of one line."""
    broken = [line for path in modules() for line in violations(path, parsed(path))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("records/x.py", "import judgekit.stats.metric"),
        ("records/x.py", "from judgekit.adapters.store import files"),
        ("judging/x.py", "from judgekit.analysis.rating import Target"),
        ("workflows/x.py", "def f():\n    from judgekit.render import text"),
        ("stats/x.py", "from judgekit.records.session import Session"),
        ("render/x.py", "import judgekit.adapters.store.files"),
    ],
)
def test_the_layer_test_sees_a_broken_import(where: str, text: str) -> None:
    """The test above can fail: each of these imports is caught."""
    assert violations(PACKAGE / where, ast.parse(text))


def test_effects_stay_in_their_rooms() -> None:
    """Files, network, processes and clocks are touched only by adapters and the doors."""
    broken = [line for path in modules() if room(path) not in WORLD for line in effects(path, parsed(path))]
    assert not broken, "\n".join(broken)


def effects(path: Path, tree: ast.AST) -> list[str]:
    """Return what one file does to the world: imports of its libraries, opening files, clocks, printing."""
    forbidden = NETWORK | FILES | PROCESS | {"random", "secrets"}
    found = [(node.lineno, module) for node, module in imports(tree) if module.split(".")[0] in forbidden]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in {"print", "open", "input", "exec", "eval"}:
                found.append((node.lineno, f"{name}()"))
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name | ast.Attribute):
                owner = node.func.value.id if isinstance(node.func.value, ast.Name) else node.func.value.attr
                if (owner, node.func.attr) in CLOCKS or (owner == "random" and node.func.attr != "Generator"):
                    found.append((node.lineno, f"{owner}.{node.func.attr}()"))
    return [f"{path.relative_to(PACKAGE)}:{line} uses {what}" for line, what in found]


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "open('x')",
        "print(1)",
        "import time\ntime.time()",
        "from datetime import datetime\ndatetime.now()",
        "import numpy as np\nnp.random.normal()",
        "from pathlib import Path",
        "import aiohttp",
    ],
)
def test_the_effect_test_sees_an_effect(text: str) -> None:
    """The test above can fail: each of these effects is caught in a pure room."""
    assert effects(PACKAGE / "analysis/x.py", ast.parse(text))


def test_printing_happens_only_at_the_command_line() -> None:
    """No print outside cli."""
    broken = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in modules()
        if room(path) != "cli"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not broken, "\n".join(broken)


def test_the_network_is_touched_only_by_engines_and_testing() -> None:
    """Network libraries appear in adapters/engines, live importers, and the testing room alone."""
    allowed = ("adapters/engines", "testing", "web")
    broken = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {module}"
        for path in modules()
        if not str(path.relative_to(PACKAGE)).startswith(allowed)
        for node, module in imports(parsed(path))
        if module.split(".")[0] in NETWORK
    ]
    assert not broken, "\n".join(broken)


def test_processes_are_started_in_one_module() -> None:
    """A version's command is the only process that is started, and one file knows how it is ended."""
    users = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        for _node, module in imports(parsed(path))
        if module.split(".")[0] in PROCESS
    }
    assert users == {"adapters/producing.py"}


def test_litellm_is_imported_in_one_module_inside_functions() -> None:
    """One file knows litellm, and only inside the function that needs it."""
    users = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        for _node, module in imports(parsed(path))
        if module.split(".")[0] in {"litellm", "openai"}
    }
    assert users == {"adapters/engines/litellm_engine.py"}


def test_heavy_libraries_are_imported_inside_functions() -> None:
    """No module loads litellm, scipy, scikit-learn, pandas, jinja2 and the like when it is imported."""
    broken = []
    for path in modules():
        own = SUBCLASSES.get(str(path.relative_to(PACKAGE)))
        for node in top_level_imports(parsed(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                library = name.split(".")[0]
                if f"judgekit.{'/'.join(name.split('.')[1:])}" in {f"judgekit.{f[:-3]}" for f in SUBCLASSES}:
                    broken.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {name}")
                if (
                    library in LAZY
                    and library != own
                    and (room(path), library) not in FREE_AT_TOP
                    and name != "scipy.special"
                ):
                    broken.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {name}")
    assert not broken, "\n".join(broken)


def top_level_imports(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports that run when the module is imported (not those under TYPE_CHECKING)."""
    return [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def test_nothing_happens_at_import_time() -> None:
    """Module bodies hold definitions and constants only: no bare calls, no loops."""
    broken = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in modules()
        for node in parsed(path).body
        if isinstance(node, ast.For | ast.While | ast.With)
        or (isinstance(node, ast.Try) and not all(isinstance(n, ast.Import | ast.ImportFrom) for n in node.body))
        or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
    ]
    assert not broken, "\n".join(broken)


def test_no_file_uses_pickle() -> None:
    """Pickle and its friends appear nowhere."""
    banned = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "diskcache", "instructor"}
    broken = [
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in modules()
        for _node, module in imports(parsed(path))
        if module.split(".")[0] in banned
    ]
    assert not broken, "\n".join(broken)
