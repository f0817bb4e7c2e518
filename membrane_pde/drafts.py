"""A shorter way through Numba for kernels that only other compiled code calls.

Numba makes a library of every function that it compiles: it links the libraries of the functions called, optimises the
whole, and writes machine code. A kernel is so optimised and written anew for each kernel on the way from it to the
entry point, although only what the entry point's own library contains ever runs. A draft is a library that is neither
optimised nor written: that is done once, with the entry point that it is linked into. This halves the time to compile,
and changes nothing in the machine code of the entry point but the order in which it was optimised.

It relies on parts of Numba that are not documented. Where they are not found, `options` is empty, and kernels take
Numba's usual way.
"""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def options() -> dict[str, Any]:
    """Options of `numba.njit` with which a function becomes a draft."""
    try:
        from numba.core.codegen import JITCodeLibrary
        from numba.core.compiler import CompilerBase, DefaultPassBuilder
        from numba.core.compiler_machinery import PassManager, register_pass
        from numba.core.typed_passes import NativeLowering
    except ImportError:
        return {}
    relied_on = (
        "_optimize_final_module",
        "_finalize_final_module",
        "_finalize_dynamic_globals",
        "get_pointer_to_function",
    )
    if not all(hasattr(JITCodeLibrary, name) for name in relied_on):
        return {}

    class Nowhere:
        """What sets the environment (for exceptions and Python objects) of machine code; a draft has none."""

        def set_env(self, name: str, environment: object) -> None:
            """Do nothing."""

    class Draft(JITCodeLibrary):
        """A library as it is before optimisation."""

        @property
        def codegen(self) -> Nowhere:
            return Nowhere()

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            self._ensure_finalized()
            return 0

    @register_pass(mutates_CFG=True, analysis_only=False)
    class DraftLowering(NativeLowering):
        """From Numba's intermediate code to that of LLVM, in a draft."""

        _name = "draft_lowering"

        def run_pass(self, state: Any) -> bool:
            state.library = Draft(state.targetctx.codegen(), state.func_id.func_qualname)
            return bool(super().run_pass(state))

    class DraftCompiler(CompilerBase):
        """Numba's usual passes, but for the lowering."""

        def define_pipelines(self) -> list[Any]:
            usual, passes = DefaultPassBuilder.define_nopython_pipeline(self.state), PassManager("draft")
            for each, said in usual.passes:
                passes.add_pass(DraftLowering if each is NativeLowering else each, said)
            passes.finalize()
            return [passes]

    return {"pipeline_class": DraftCompiler}
