"""Faster compilation with Numba of kernels that only other compiled code calls.

Numba makes a library of every function that it compiles: it links the libraries of the called functions, optimises the
result, and generates machine code. So a kernel is optimised and its machine code generated once for each kernel in the
call chain up to the entry point, although only the code in the library of the entry point ever runs. A draft is a
library that is neither optimised nor turned into machine code; both are done once, for the entry point into which the
draft is linked. This halves the compile time and changes only the order of the optimisations.

It relies on undocumented parts of Numba. If they are missing, `options` is empty, and kernels are compiled as usual.
"""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def options() -> dict[str, Any]:
    """Options of `numba.njit` that compile a function to a draft."""
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

    class NoEnvironment:
        """No-op environment manager: a draft has no machine code and needs no environment."""

        def set_env(self, name: str, environment: object) -> None:
            """Do nothing."""

    class Draft(JITCodeLibrary):
        """A library before optimisation."""

        @property
        def codegen(self) -> NoEnvironment:
            return NoEnvironment()

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
        """Lowers Numba's intermediate representation to LLVM's, in a draft."""

        _name = "draft_lowering"

        def run_pass(self, state: Any) -> bool:
            state.library = Draft(state.targetctx.codegen(), state.func_id.func_qualname)
            return bool(super().run_pass(state))

    class DraftCompiler(CompilerBase):
        """Numba's usual compiler passes, except for the lowering."""

        def define_pipelines(self) -> list[Any]:
            usual, passes = DefaultPassBuilder.define_nopython_pipeline(self.state), PassManager("draft")
            for each, description in usual.passes:
                passes.add_pass(DraftLowering if each is NativeLowering else each, description)
            passes.finalize()
            return [passes]

    return {"pipeline_class": DraftCompiler}
