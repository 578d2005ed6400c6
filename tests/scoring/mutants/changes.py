"""Every small change of `scoring/`, as mutmut makes them, and which of them the type checker refuses.

The names are mutmut's: `scoring.judging.x_band__mutmut_3` is the third change of the function `band`.
"""

import ast
import difflib
import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import (
    MutationVisitor,
    deep_replace,
    group_by_top_level_node,
    mutate_file_contents,
)
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import get_ignored_lines
from mutmut.mutation.trampoline_templates import mangle_function_name

SETTINGS: dict[str, Any] = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]


@dataclass(frozen=True)
class Mutant:
    """One function with one change, on the lines `first` to `last` of its module."""

    name: str
    path: str
    owner: str | None  # the class of a method
    function: str
    first: int
    last: int
    before: str
    after: str

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")

    @cached_property
    def key(self) -> str:
        """The same as long as the changed function is the same, wherever it stands and whatever its number."""
        return hashlib.sha256(f"{self.path} {self.owner} {self.after}".encode()).hexdigest()[:16]

    def diff(self) -> str:
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=2)
        return "\n".join(list(lines)[2:])

    def switch_on(self) -> None:
        """Give the function the code of the change, so that whoever holds the function already runs it too."""
        module = sys.modules[self.module]
        names = dict(vars(module))
        exec(compile(self.after, module.__file__ or "", "exec", dont_inherit=True), names)
        target = _function(vars(vars(module)[self.owner]) if self.owner else vars(module), self.function)
        changed = _function(vars(names[self.owner]) if self.owner else names, self.function)
        target.__code__ = changed.__code__
        if target.__defaults__ != changed.__defaults__:
            target.__defaults__ = changed.__defaults__
        if target.__kwdefaults__ != changed.__kwdefaults__:
            target.__kwdefaults__ = changed.__kwdefaults__

    def source(self) -> str:
        """The whole module with the change in it."""
        whole = Path(self.path).read_text()
        before, after = (_body(text, self.owner) for text in (self.before, self.after))
        assert whole.count(before) == 1, self.name
        return whole.replace(before, after)


def _function(names: Any, name: str) -> FunctionType:
    found = names[name]
    found = getattr(found, "__func__", found)  # of a static or class method
    assert isinstance(found, FunctionType)
    assert isinstance(found.__code__, CodeType)
    return found


def _body(text: str, owner: str | None) -> str:
    return text.partition("\n")[2] if owner else text


def paths() -> list[str]:
    """The modules that are changed."""
    found = sorted(str(path) for root in SETTINGS["source_paths"] for path in Path(root).glob("*.py"))
    return [path for path in found if path not in SETTINGS["do_not_mutate"]]


def changes(path: str) -> Iterator[Mutant]:
    """Every change of one module."""
    code = Path(path).read_text()
    wrapper = MetadataWrapper(cst.parse_module(code))
    visitor = MutationVisitor(mutation_operators, get_ignored_lines(path, code, wrapper))
    module = wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    owners = {
        id(method): part
        for part in module.body
        if isinstance(part, cst.ClassDef) and isinstance(part.body, cst.IndentedBlock)
        for method in part.body.body
    }
    statements = _statements(code)
    for function, mutations in group_by_top_level_node(visitor.mutations).items():
        if not isinstance(function, cst.FunctionDef):
            continue
        owner = owners.get(id(function))
        for number, mutation in enumerate(mutations, 1):
            changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
            assert isinstance(changed, cst.FunctionDef)
            mangled = mangle_function_name(
                name=function.name.value, class_name=owner.name.value if owner else None
            )
            line = positions[mutation.original_node].start.line
            first, last = statements.get(line, (line, line))
            yield Mutant(
                f"{path.removesuffix('.py').replace('/', '.')}.{mangled}__mutmut_{number}",
                path,
                owner.name.value if owner else None,
                function.name.value,
                first,
                last,
                _render(module, owner, function),
                _render(module, owner, changed),
            )


def _render(module: cst.Module, owner: cst.ClassDef | None, function: cst.FunctionDef) -> str:
    """The source of a function; a method stands alone in a class of the same name."""
    plain = function.with_changes(leading_lines=[])
    if owner is None:
        return module.code_for_node(plain)
    alone = cst.ClassDef(name=owner.name, body=cst.IndentedBlock(body=[plain]))
    return module.code_for_node(alone)


def _statements(code: str) -> dict[int, tuple[int, int]]:
    """Line → the lines of the innermost statement on it; of an `if`, a loop or a function only its head."""
    found: dict[int, tuple[int, int]] = {}
    for node in ast.walk(ast.parse(code)):  # outer before inner
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if isinstance(node, ast.FunctionDef):
                last = node.end_lineno or last  # a default: whatever runs the function
            last = max(last, node.lineno)
            found.update(dict.fromkeys(range(node.lineno, last + 1), (node.lineno, last)))
    return found


def refused(folder: Path) -> dict[str, str]:
    """Name of each change that the type checker refuses → its first complaint. Works in `folder`, and keeps it."""
    shutil.copy("pyproject.toml", folder)
    changed = {Path(path).name for path in paths()}
    shutil.copytree("scoring", folder / "scoring", dirs_exist_ok=True, ignore=lambda *_: changed)
    spans = {path: _spans(path, folder) for path in paths()}
    command = [sys.executable, "-m", *SETTINGS["type_check_command"]]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    errors = [error for line in said.splitlines() if (error := json.loads(line))["severity"] == "error"]
    complaints: dict[str, str] = {}
    for error in errors:
        for name, (start, end) in spans.get(error["file"], {}).items():
            if start <= error["line"] <= end:
                module = error["file"].removesuffix(".py").replace("/", ".")
                complaints.setdefault(f"{module}.{name}", error["message"])
                break
        else:
            raise RuntimeError(f"mypy complains outside of every change: {error}")
    return complaints


def _spans(path: str, folder: Path) -> dict[str, tuple[int, int]]:
    """The lines of each change in the module that has them all, made again when the module has changed."""
    source, kept = Path(path).read_text(), folder / f"{path}.json"
    if not kept.exists() or json.loads(kept.read_text())["source"] != source:
        mutated = mutate_file_contents(path, source)
        spans = {name: (span.start, span.end) for name, span in mutated.line_span_by_function_name.items()}
        (folder / path).write_text(mutated.code)
        kept.write_text(json.dumps({"source": source, "spans": spans}))
    found: dict[str, tuple[int, int]] = json.loads(kept.read_text())["spans"]
    return found
