"""What dbt does again and again for each statement, kept or left out: a fifth of a small build.

Nothing here changes what is built. Only runs of dbt in the process of a test are concerned. What
tests share patches dbt nowhere else; test_dbt_speedups.py says what breaks when dbt changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from dbt.adapters.events.types import SQLQueryStatus
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.contracts.graph.manifest import Manifest
from dbt.events.types import (
    LogHookEndLine,
    LogHookStartLine,
    LogModelResult,
    LogSeedResult,
    LogStartLine,
    LogTestResult,
)
from dbt.plugins.manager import PluginManager
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import BaseMacroGenerator
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

PATCHED: dict[tuple[Any, str], str] = {
    (BehaviorFlagRendered, "_default_source"): "",
    (jinja2.Environment, "compile"): "self, source, name, filename, raw, defer_init",
    (BaseMacroGenerator, "get_macro"): "self",
    (MacroNamespaceBuilder, "build_namespace"): "self, macros_by_package, ctx",
    (MacroNamespace, "__contains__"): "self, key",
    (ManifestContext, "_build_namespace"): "self",
    (ManifestContext, "to_dict"): "self",
    (agate_helper, "build_type_tester"): "text_columns, string_null_values",
    (agate_helper, "empty_table"): "",
    (Linker, "find_cycles"): "self",
    (Linker, "get_graph_summary"): "self, manifest",
    (PluginManager, "get_prefixed_modules"): "",
    (Manifest, "deepcopy"): "self",
    (BaseEvent, "__init__"): "self, args, kwargs",
    (BaseEvent, "__getattr__"): "self, key",
    (EventManager, "fire_event"): "self, e, level, node, force_warn_or_error_handling",
}
"""What is patched here, and the parameters that dbt gives it."""


SENT: Counter[str] = Counter()
"""How many statements this process has sent."""

OF_NODES = (
    *(LogStartLine, LogModelResult, LogTestResult),
    *(LogSeedResult, LogHookStartLine, LogHookEndLine),
)
"""What is said of each node, and `--quiet` leaves unsaid unless it is an error."""


def quicken() -> None:
    """Patch dbt, once."""
    # For a name in messages dbt looks through the stack and all modules.
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")
    # The graph is searched for cycles, and a summary of it written, for every run of one project.
    Linker.find_cycles = lambda self: None
    Linker.get_graph_summary = lambda self, manifest: {}
    # All installed modules are listed, to find plugins.
    PluginManager.get_prefixed_modules = lru_cache(maxsize=1)(PluginManager.get_prefixed_modules)
    agate_helper.empty_table = lru_cache(maxsize=1)(agate_helper.empty_table)
    _keep_compiled_templates()
    _keep_macros()
    _look_macros_up()
    _keep_type_testers()
    _leave_debugging_unsaid()
    _copy_nothing_disabled()


def _keep_compiled_templates() -> None:
    compiled: dict[Any, Any] = {}
    compile_template = jinja2.Environment.compile

    def kept(self: jinja2.Environment, source: Any, *rest: Any, **options: Any) -> Any:
        key = (type(self), *self.extensions, source, rest, *options.items())
        if not isinstance(source, str):
            return compile_template(self, source, *rest, **options)
        if key not in compiled:
            compiled[key] = compile_template(self, source, *rest, **options)
        return compiled[key]

    jinja2.Environment.compile = kept  # type: ignore[method-assign]


def _keep_macros() -> None:
    """Make a macro once for a node's context, which it reads whenever it is called."""
    make = BaseMacroGenerator.get_macro

    def kept(self: BaseMacroGenerator) -> Callable[..., Any]:
        held = self.__dict__
        if "kept_macro" not in held:
            held["kept_macro"] = make(self)
        return held["kept_macro"]  # type: ignore[no-any-return]

    BaseMacroGenerator.get_macro = kept


class _Macros(dict[str, Any]):
    """Callers of macros by name, each made when it is first looked up."""

    def __init__(self, macros: Mapping[str, Any], make: Callable[[Any], Any]) -> None:
        super().__init__()
        self.macros, self.make = macros, make

    def __contains__(self, name: object) -> bool:
        return name in self.macros

    def __iter__(self) -> Iterator[str]:
        return iter(self.macros)

    def items(self) -> Any:
        """All of them: the fingerprint of the project is made of every macro."""
        return [(name, self[name]) for name in self.macros]

    def __missing__(self, name: str) -> Any:
        made = self[name] = self.make(self.macros[name])
        return made

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self.macros else default


class _Context(dict[str, Any]):
    """What a template can name; macros are looked up in their namespace."""

    namespace: Mapping[str, Any]

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in self.namespace

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(dict.__iter__(self)), **dict.fromkeys(self.namespace)})

    def keys(self) -> Any:
        """All names, so that a copy holds all of them."""
        return [*self]

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def __missing__(self, name: str) -> Any:
        found = self[name] = self.namespace[name]
        return found

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401


def _look_macros_up() -> None:
    """Each of a hundred contexts a build would make, and list, a caller of each of 800 macros."""
    flatten = ManifestContext.to_dict

    def built(
        self: MacroNamespaceBuilder,
        macros_by_package: dict[str, dict[str, Any]],
        ctx: dict[str, Any],
    ) -> MacroNamespace:
        def make(macro: Any) -> MacroGenerator:
            return MacroGenerator(macro, ctx, self.node, self.thread_ctx)

        held = dict(macros_by_package)
        internal: dict[str, Any] = {}
        for package in reversed(self.internal_package_names_order):
            internal.update(held.pop(package, {}))
        packages = {package: _Macros(macros, make) for package, macros in held.items()}
        nothing = _Macros({}, make)
        is_local = self.search_package == self.root_package
        return MacroNamespace(
            global_namespace=nothing if is_local else packages.get(self.root_package, nothing),
            local_namespace=packages.get(self.search_package, nothing),
            global_project_namespace=_Macros(internal, make),
            packages=packages,
        )

    def namespace(self: ManifestContext) -> MacroNamespace:
        self._ctx = _Context(self._ctx)
        self._ctx.namespace = build(self)
        return self._ctx.namespace

    def flattened(self: ManifestContext) -> Any:
        if not isinstance(self._ctx, _Context):
            return flatten(self)
        members = super(ManifestContext, self).to_dict()
        # What is both dbt's and a macro is the macro.
        own = [name for name in dict.__iter__(members) if name in self.namespace]
        members.update({name: self.namespace[name] for name in own})
        return members

    build = ManifestContext._build_namespace
    MacroNamespaceBuilder.build_namespace = built
    ManifestContext._build_namespace = namespace
    ManifestContext.to_dict = flattened
    # Mapping's own catches an error for each name that is not there.
    MacroNamespace.__contains__ = lambda self, name: any(
        name in one for one in self._search_order()
    )


def _keep_type_testers() -> None:
    make: Callable[..., Any] = lru_cache(maxsize=None)(agate_helper.build_type_tester)

    def kept(text_columns: Iterable[str], string_null_values: Iterable[str] = ("null", "")) -> Any:
        return make(tuple(text_columns), tuple(string_null_values))

    agate_helper.build_type_tester = kept


def _leave_debugging_unsaid() -> None:
    """Write no message that nobody is to see; the fields of one are put together when asked for."""
    fill = BaseEvent.__init__
    look_up = BaseEvent.__getattr__
    fire = EventManager.fire_event

    def given(self: BaseEvent, *values: Any, **fields: Any) -> None:
        self.__dict__["given"] = values, fields

    def filled(self: BaseEvent, name: str) -> Any:
        if "given" in self.__dict__:
            values, fields = self.__dict__.pop("given")
            fill(self, *values, **fields)
            return getattr(self, name)
        return look_up(self, name)

    def fired(
        self: EventManager, e: BaseEvent, level: EventLevel | None = None, *rest: Any, **words: Any
    ) -> None:
        if isinstance(e, SQLQueryStatus):
            SENT["statements"] += 1
            return
        how = level or e.level_tag()
        if how is EventLevel.DEBUG or (how is EventLevel.INFO and isinstance(e, OF_NODES)):
            return
        fire(self, e, level, *rest, **words)

    BaseEvent.__init__ = given
    BaseEvent.__getattr__ = filled
    EventManager.fire_event = fired


def _copy_nothing_disabled() -> None:
    """No test looks at what is disabled, such as unit tests; and dbt fails to copy it."""
    copy = Manifest.deepcopy

    def copied(self: Manifest) -> Manifest:
        disabled, self.disabled = self.disabled, {}
        try:
            return copy(self)
        finally:
            self.disabled = disabled

    Manifest.deepcopy = copied
