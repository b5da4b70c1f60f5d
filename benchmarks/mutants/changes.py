"""What is changed: every place within a function where one small change makes another program.

Texts, log lines, asserts, annotations and code outside functions are left out, because tests should not hold them. So is what
mypy refuses.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNTOUCHED = (ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)
_FIELDS_UNTOUCHED = frozenset({"annotation", "returns", "decorator_list", "defaults", "kw_defaults", "pattern"})
_LOGS = frozenset({"log", "logging", "warnings"})


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a node in its tree."""

    parent: ast.AST
    field: str
    index: int | None = None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``make`` changes the tree that it was found in, and cannot be undone."""

    function: str  # the outermost, qualified by its classes
    first_line: int  # of that
    line: int
    before: ast.AST
    after: ast.AST
    make: Callable[[], None]

    @property
    def old(self) -> str:
        return _text(self.before)

    @property
    def new(self) -> str:
        return "(nothing)" if isinstance(self.after, ast.Pass) else _text(self.after)


def changes_in(tree: ast.Module) -> Iterator[Change]:
    """Yields the changes, always in the same order."""
    for function, name in _functions(tree.body, ""):
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        for position, statement in enumerate(function.body):
            for slot, before, after in _within(statement, Slot(function, "body", position)):
                line = getattr(before, "lineno", function.lineno)
                yield Change(name, first, line, before, after, lambda slot=slot, after=after: slot.put(after))  # type: ignore[misc]


def compiled(source: str, filename: str, number: int) -> tuple[Change, CodeType]:
    """Returns the function that the change with this number makes of the source."""
    tree = ast.parse(source, filename)
    change = next(found for position, found in enumerate(changes_in(tree)) if position == number)
    change.make()
    module = compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
    return change, next(code for code in codes_in(module) if (code.co_qualname, code.co_firstlineno) == place_of(change))


def place_of(change: Change) -> tuple[str, int]:
    return change.function, change.first_line


def codes_in(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from codes_in(inner)


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[Function, str]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement, f"{prefix}{statement.name}"


Found = tuple[Slot, ast.AST, ast.AST]


def _within(node: ast.AST, slot: Slot) -> Iterator[Found]:
    if isinstance(node, _UNTOUCHED) or _is_said(node):
        return
    for after in _variants(node):
        yield slot, node, after
    yield from _filters(node)
    for field, value in ast.iter_fields(node):
        if field in _FIELDS_UNTOUCHED:
            continue
        if isinstance(value, ast.AST):
            yield from _within(value, Slot(node, field))
        elif isinstance(value, list):
            for position, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _within(item, Slot(node, field, position))


def _is_said(node: ast.AST) -> bool:
    """Tells whether it is a docstring, an ellipsis or a log line."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    called = node.value.func if isinstance(node.value, ast.Call) else None
    return isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in _LOGS


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in _COMPARED:
            yield ast.Compare(left, [_COMPARED[type(operator)]()], [right])
        case ast.BoolOp(operator, values):
            if _is_default(node):
                return
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for position, dropped in enumerate(values):
                others = [value for place, value in enumerate(values) if place != position]
                if not _guards(dropped, others):
                    yield others[0] if len(others) == 1 else ast.BoolOp(operator, others)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.UnaryOp(ast.USub(), operand):
            yield operand
        case ast.BinOp(left, operator, right) if type(operator) in _COMPUTED and not (_is_text(left) or _is_text(right)):
            yield ast.BinOp(left, _COMPUTED[type(operator)](), right)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.Call(ast.Name(name), arguments, keywords) if name in _CALLED:
            yield ast.Call(ast.Name(_CALLED[name], ast.Load()), arguments, keywords)
        case ast.AugAssign(target, operator, value) if type(operator) in _COMPUTED and not _is_text(value):
            yield ast.AugAssign(target, _COMPUTED[type(operator)](), value)
        case ast.If(test, body, orelse) | ast.While(test, body, orelse) if _is_plain(test):
            yield type(node)(_negated(test), body, orelse)
        case ast.IfExp(test, body, other) if _is_plain(test):
            yield ast.IfExp(_negated(test), body, other)
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
    if _is_act(node):
        yield ast.Pass()


def _filters(node: ast.AST) -> Iterator[Found]:
    """Yields conditions of a comprehension or a case, to be dropped."""
    if isinstance(node, ast.match_case) and node.guard is not None:
        yield Slot(node, "guard"), node.guard, ast.Constant(True)
    if isinstance(node, ast.comprehension):
        for position, condition in enumerate(node.ifs):
            yield Slot(node, "ifs", position), condition, ast.Constant(True)


def _is_act(node: ast.AST) -> bool:
    """Tells whether a statement only has an effect, and can be left out."""
    match node:
        case ast.Expr(ast.Call() | ast.Await()) | ast.Delete() | ast.Raise() | ast.Return(None):
            return True
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            return True
    return False


def _is_plain(test: ast.expr) -> bool:
    """Tells whether nothing else here makes the opposite of it."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.Constant) and not (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _is_default(node: ast.BoolOp) -> bool:
    """Tells whether it is ``x or ""``, which types ask for."""
    last = node.values[-1]
    empty = (isinstance(last, ast.Constant) and not last.value) or (isinstance(last, ast.Tuple) and not last.elts)
    return isinstance(node.op, ast.Or) and empty


def _guards(dropped: ast.expr, left: list[ast.expr]) -> bool:
    """Tells whether it is ``x is not None and x.y``, whose first part types ask for."""
    match dropped:
        case ast.Compare(guarded, [ast.Is() | ast.IsNot()], [ast.Constant(None)]):
            name = ast.unparse(guarded)
            return any(ast.unparse(part) == name for value in left for part in ast.walk(value) if isinstance(part, ast.expr))
    return False


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _text(node: ast.AST) -> str:
    """Returns the text; of a statement that holds others, its first line."""
    return ast.unparse(node).splitlines()[0]
