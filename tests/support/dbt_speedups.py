"""What dbt does again and again for each statement, kept or left out: a fifth of a small build.

Nothing here changes what is built. Only runs of dbt in the process of a test are concerned. What
tests share patches dbt nowhere else; test_dbt_speedups.py says what breaks when dbt changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import jinja2
from dbt.compilation import Linker
from dbt.contracts.graph.manifest import Manifest
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
        if (level or e.level_tag()) is not EventLevel.DEBUG:
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
