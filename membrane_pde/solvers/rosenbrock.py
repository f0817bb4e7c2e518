"""A Rosenbrock method: stiff time integration with a few linear solves for each step, without iteration.

For ``M dy/dt = r(t, y)`` with M diagonal, 1 in differential rows and 0 in algebraic ones (of index 1), with the exact
Jacobian ``J = ∂r/∂y`` and ``τ = h γ``, the s stages of a step from (t, y) over h are

    (M − τ J) U_i = τ r(t + c_i h, y + Σ_j a_ij U_j) + γ M Σ_j C_ij U_j + γ d_i h² ∂r/∂t
    y_new = y + Σ_j a_sj U_j + U_s,    error ≈ U_s

and at the fraction θ of the step, with ``K_r = Σ_j H_rj U_j``,

    y(θ) = (1 − θ) y + θ [y_new + (1 − θ) (K_1 + θ (K_2 + θ K_3))]

A linear invariant of the equations is conserved. The coefficients are those of Rodas5P: order 5 with an
embedded order 4, stiffly accurate, L-stable, of no lower order on parabolic problems, of the same orders in algebraic
unknowns, and of order 4 within the step.

G. Steinebach, BIT Numerical Mathematics 63, 27 (2023), doi:10.1007/s10543-023-00967-x; coefficients as in the Julia
package OrdinaryDiffEq.jl (lib/OrdinaryDiffEqRosenbrock/src/rosenbrock_tableaus.jl), which was read. A test verifies
the orders. The step is chosen as in E. Hairer and G. Wanner's program RODAS.

This module contains the parts that do not depend on the problem: coefficients, step size control, dense output,
detection of events. `membrane_pde.solvers.walk` is the compiled loop over steps for one chain of cells;
`membrane_pde.solvers.equations_stepper` takes the same steps for any equations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from membrane_pde.kernels import kernel
from membrane_pde.model.mesh import Array

_MOST_CHANGES = 1e3  # largest change of a state ÷ its magnitude in the first step, at its initial rate

_A = """
3.0
2.849394379747939 0.45842242204463923
-6.954028509809101 2.489845061869568 -10.358996098473584
2.8029986275628964 0.5072464736228206 -0.3988312541770524 -0.04721187230404641
-7.502846399306121 2.561846144803919 -11.627539656261098 -0.18268767659942256 0.030198172008377946
-7.502846399306121 2.561846144803919 -11.627539656261098 -0.18268767659942256 0.030198172008377946 1
-7.502846399306121 2.561846144803919 -11.627539656261098 -0.18268767659942256 0.030198172008377946 1 1
"""
_C = """
-14.155112264123755
-17.97296035885952 -2.859693295451294
147.12150275711716 -1.41221402718213 71.68940251302358
165.43517024871676 -0.4592823456491126 42.90938336958603 -5.961986721573306
24.854864614690072 -3.0009227002832186 47.4931110020768 5.5814197821558125 -0.6610691825249471
30.91273214028599 -3.1208243349937974 77.79954646070892 34.28646028294783 -19.097331116725623 -28.087943162872662
37.80277123390563 -3.2571969029072276 112.26918849496327 66.9347231244047 -40.06618937091002 -54.66780262877968 -9.48861652309627
"""  # noqa: E501
_NODES = "0 0.6358126895828704 0.4095798393397535 0.9769306725060716 0.4288403609558664 1 1 1"
_D = "0.21193756319429014 -0.42387512638858027 -0.3384627126235924 1.8046452872882734 2.325825639765069 0 0 0"
_H = """
25.948786856663858 -2.5579724845846235 10.433815404888879 -2.3679251022685204 0.524948541321073 1.1241088310450404 0.4272876194431874 -0.17202221070155493
-9.91568850695171 -0.9689944594115154 3.0438037242978453 -24.495224566215796 20.176138334709044 15.98066361424651 -6.789040303419874 -6.710236069923372
11.419903575922262 2.8879645146136994 72.92137995996029 80.12511834622643 -52.072871366152654 -59.78993625266729 -0.15582684282751913 4.883087185713722
"""  # noqa: E501


STATE_WEIGHTS, RATE_WEIGHTS = range(2)  # first index of `Method.stages`: a_ij, C_ij
NODES, TIME_WEIGHTS, DENSE_WEIGHTS = 0, 1, 2  # rows of `Method.rows`: c_i, d_i, the first of the three rows of H


class Method(NamedTuple):
    """Coefficients of a Rosenbrock method; names as in the equations above.

    Attributes
    ----------
    gamma : float
        γ.
    order : float
        Order of the error estimate, plus one.
    stages : ndarray, shape (2, stages, stages)
        a_ij and C_ij, zero from the diagonal on.
    rows : ndarray, shape (5, stages)
        c_i, d_i, and the three rows of H.
    """

    gamma: float
    order: float
    stages: Array
    rows: Array


def _triangle(text: str) -> Array:
    rows = text.strip().splitlines()
    out = np.zeros((len(rows) + 1, len(rows) + 1))
    for i, row in enumerate(rows, 1):
        out[i, :i] = [float(number) for number in row.split()]
    return out


def _numbers(text: str) -> Array:
    return np.array([float(number) for number in text.split()])


RODAS5P = Method(
    gamma=0.21193756319429014,
    order=5.0,
    stages=np.array([_triangle(_A), _triangle(_C)]),
    rows=np.array([_numbers(_NODES), _numbers(_D), *_numbers(_H).reshape(3, -1)]),
)

# Entries of `Progress.step_control`. TIME, NEXT: time reached, and length of the next step; START, LENGTH: start and
# length of the last step; ERROR, BEFORE: error and length of the step before (error 0: there was none; negative: the
# step was rejected for that error); FRESH: 1 if the derivatives are those at the state; DENSE: 1 if the dense output is
# that of the last step.
TIME, NEXT, START, LENGTH, ERROR, BEFORE, FRESH, DENSE = range(8)


Y, START_STATE, RATE, TRIAL, TRIAL_RATE = range(5)  # rows of `Progress.vectors`


class Progress(NamedTuple):
    """State of a run and data of its last step.

    Attributes
    ----------
    step_control : ndarray, shape (8,)
        Times and step lengths; the names of the entries stand above.
    vectors : ndarray, shape (5, size)
        State reached; state at the start of the last step; r at the start of the step; state of a stage; r there.
    stages : ndarray, shape (stages, size)
        U_i.
    dense : ndarray, shape (3, size)
        K_r.
    """

    step_control: Array
    vectors: Array
    stages: Array
    dense: Array


def new_progress(method: Method, size: int) -> Progress:
    """Arrays for runs, one after another; see `begin`."""
    stages = method.rows.shape[1]
    return Progress(np.zeros(8), np.zeros((5, size)), np.zeros((stages, size)), np.zeros((3, size)))


@kernel
def begin(run: Progress, t: float, y: Array) -> None:
    """Start a run from a state."""
    for i in range(run.step_control.shape[0]):
        run.step_control[i] = 0.0
    run.step_control[TIME] = run.step_control[START] = t
    copy(y, run.vectors[Y])
    copy(y, run.vectors[START_STATE])


@kernel
def norm(x: Array, y: Array, other: Array, rtol: float, atol: Array, cells: int) -> float:
    """Norm of error x ÷ tolerance, the latter from the states y and `other`; 1 is the largest allowed value.

    The root mean square over the amounts (the first `cells` entries), or ten times the largest of the other entries
    (displaced volume, counters, work), if that is larger. Their errors add up over the steps and would not be noticed
    in a mean over hundreds of cells.
    """
    total, largest, others = 0.0, 0.0, 0.0
    for i in range(cells):
        fraction = float(x[i]) / (float(atol[i]) + rtol * max(abs(float(y[i])), abs(float(other[i]))))
        total += fraction * fraction
    total = total / cells
    for i in range(cells, x.shape[0]):
        fraction = float(x[i]) / (float(atol[i]) + rtol * max(abs(float(y[i])), abs(float(other[i]))))
        others += fraction * fraction
        largest = max(largest, fraction * fraction)
    return math.sqrt(max(total, 100.0 * largest)) if math.isfinite(total + others) else math.inf


@kernel
def copy(x: Array, out: Array) -> None:
    """Write x into out."""
    for i in range(x.shape[0]):
        out[i] = x[i]


@kernel
def add(scale: float, x: Array, out: Array) -> None:
    """Add ``scale x`` to out."""
    if scale != 0.0:
        for i in range(x.shape[0]):
            out[i] += scale * x[i]


@kernel
def _add_to_three(first: float, second: float, third: float, x: Array, out: Array) -> None:
    """Add multiples of x to the three rows of out."""
    one, two, three = out[0], out[1], out[2]
    for i in range(x.shape[0]):
        one[i] += first * x[i]
        two[i] += second * x[i]
        three[i] += third * x[i]


@kernel
def interpolate(method: Method, run: Progress, theta: float, out: Array) -> None:
    """Write the state at the fraction θ of the last step."""
    if theta == 1.0:
        copy(run.vectors[Y], out)
        return
    if run.step_control[DENSE] == 0.0:
        for r in range(3):
            for i in range(out.shape[0]):
                run.dense[r, i] = 0.0
        for j in range(run.stages.shape[0]):
            first = float(method.rows[DENSE_WEIGHTS, j])
            second, third = float(method.rows[DENSE_WEIGHTS + 1, j]), float(method.rows[DENSE_WEIGHTS + 2, j])
            _add_to_three(first, second, third, run.stages[j], run.dense)
        run.step_control[DENSE] = 1.0
    rest = 1.0 - theta
    for i in range(out.shape[0]):
        inner = run.dense[0, i] + theta * (run.dense[1, i] + theta * run.dense[2, i])
        out[i] = rest * run.vectors[START_STATE, i] + theta * (run.vectors[Y, i] + rest * inner)


@kernel
def accumulate_stages(method: Method, i: int, j: int, stages: Array, state: Array) -> None:
    """Add the contributions of stages j and j + 1 to the state of stage i, and to its right-hand side."""
    k = j + 1 if j + 1 < i else j
    with_first, with_second = float(method.stages[STATE_WEIGHTS, i, j]), float(method.stages[STATE_WEIGHTS, i, k])
    to_first = method.gamma * float(method.stages[RATE_WEIGHTS, i, j])
    to_second = method.gamma * float(method.stages[RATE_WEIGHTS, i, k])
    if k == j:
        with_second = to_second = 0.0
    first, second, out = stages[j], stages[k], stages[i]
    for n in range(state.shape[0]):
        one, two = float(first[n]), float(second[n])
        state[n] += with_first * one + with_second * two
        out[n] += to_first * one + to_second * two


@kernel
def _order_seen(method: Method, step_control: Array, h: float, error: float) -> float:
    """Observed order of the error in the step length; at a kink it is below the order of the method."""
    refused = -float(step_control[ERROR])
    if not refused > error:
        return method.order
    seen = math.log(refused / error) / math.log(float(step_control[BEFORE]) / h)
    return min(max(seen, 0.5), method.order)


@kernel
def first_step(method: Method, size: float, speed: float, rtol: float, length: float) -> float:
    """Length of the first step (s), for an error near the tolerance, from the norms of the state and of its rate.

    It is at least a millionth of the whole time, unless the transport at the initial rate in that time would be so
    large that the amounts would be lost in its round-off.
    """
    if speed * length * 1e-6 > size:
        return min(1e-6 * length, _MOST_CHANGES / (speed * rtol))
    return min(length, 0.1 * rtol ** (1.0 / method.order) * max(size, 1.0) / speed) if speed > 0.0 else length


@kernel
def step_to_try(step_control: Array, longest: float, end: float) -> float:
    """Length of the next step, s. A step that would end close to the end of the segment goes to the end."""
    left = end - float(step_control[TIME])
    h = min(float(step_control[NEXT]), longest)
    return left if h >= 0.9 * left else h


@kernel
def reject_step(method: Method, step_control: Array, h: float, error: float, end: float) -> bool:
    """Reject a step whose error is too large, and choose a shorter one; return False if that would be too short."""
    shrink = 0.2
    if math.isfinite(error):
        shrink = max(0.1, 0.9 * error ** (-1.0 / _order_seen(method, step_control, h, error)))
    step_control[NEXT] = h * shrink
    if step_control[NEXT] < max(1e-14 * float(step_control[TIME]), 1e-28 * end, 1e-300):
        return False
    step_control[ERROR], step_control[BEFORE] = (-error if math.isfinite(error) else 0.0), h
    return True


@kernel
def accept_step(method: Method, run: Progress, h: float, error: float, end: float) -> None:
    """Accept a step, and choose the length of the next step."""
    step_control = run.step_control
    error = max(error, 1e-4)
    grow = 0.9 * error ** (-1.0 / method.order)
    if step_control[ERROR] > 0.0:  # Gustafsson: extrapolate the change of the error from the last step
        grow = min(
            grow,
            0.9
            * h
            / float(step_control[BEFORE])
            * (float(step_control[ERROR]) / (error * error)) ** (1.0 / method.order),
        )
    step_control[ERROR], step_control[BEFORE] = max(error, 1e-2), h
    step_control[NEXT] = h * min(max(grow, 0.2), 6.0)
    step_control[START], step_control[LENGTH] = step_control[TIME], h
    step_control[TIME] = end if h == end - float(step_control[TIME]) else step_control[TIME] + h
    step_control[FRESH], step_control[DENSE] = 0.0, 0.0


@kernel
def first_event(before: Array, now: Array, either: int) -> int:
    """Number, counted from 1, of the first event whose value has fallen through zero; 0 if there is none.

    A value that was zero counts as fallen if it is negative now, because a run may start where no water flows. From
    index `either` on a rise through zero also counts.
    """
    for j in range(before.shape[0]):
        if before[j] > 0.0 >= now[j] or before[j] == 0.0 > now[j]:
            return j + 1
        if j >= either and before[j] < 0.0 <= now[j]:
            return j + 1
    return 0


@kernel
def shorten_step(method: Method, run: Progress, fraction: float) -> None:
    """Shorten the last step, and its dense output, to a fraction of its length."""
    interpolate(method, run, fraction, run.vectors[TRIAL])
    copy(run.vectors[TRIAL], run.vectors[Y])
    second, third = fraction * fraction, fraction * fraction * fraction
    for i in range(run.dense.shape[1]):
        last, middle = float(run.dense[2, i]), float(run.dense[1, i])
        run.dense[2, i] = third * fraction * last
        run.dense[1, i] = run.dense[2, i] + third * (middle - last)
        run.dense[0, i] = run.dense[1, i] + second * (run.dense[0, i] - middle)
    run.step_control[LENGTH] *= fraction
    run.step_control[TIME] = run.step_control[START] + run.step_control[LENGTH]


@kernel
def write_outputs(method: Method, run: Progress, due: Array, kept: Array, stored: int) -> int:
    """Write the states at output times up to the end of the last step; return how many have been written so far."""
    while stored < due.shape[0] and due[stored] <= run.step_control[TIME]:
        theta = 1.0
        if due[stored] < run.step_control[START] + run.step_control[LENGTH]:
            theta = float((due[stored] - run.step_control[START]) / run.step_control[LENGTH])
        interpolate(method, run, theta, kept[stored])
        stored += 1
    return stored
