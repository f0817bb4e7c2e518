"""A Rosenbrock method: stiff time integration by a few linear solves a step, without iteration.

With the exact Jacobian J and ``τ = h γ``, the s stages of a step from (t, y) over h are

    (I − τ J) U_i = τ f(t + c_i h, y + Σ_j a_ij U_j) + γ Σ_j C_ij U_j + γ d_i h² ∂f/∂t
    y_new = y + Σ_j a_sj U_j + U_s,    error ≈ U_s

and within the step, with ``K_r = Σ_j H_rj U_j`` and ``θ`` its share,

    y(θ) = (1 − θ) y + θ [y_new + (1 − θ) (K_1 + θ (K_2 + θ K_3))]

All of them are linear in what is conserved, so that it is. The coefficients are those of Rodas5P: order 5 with an
embedded order 4, stiffly accurate, L-stable, of no lower order on parabolic problems, and of order 4 within the step.

G. Steinebach, BIT Numerical Mathematics 63, 27 (2023), doi:10.1007/s10543-023-00967-x; coefficients as in the Julia
package OrdinaryDiffEq.jl (lib/OrdinaryDiffEqRosenbrock/src/rosenbrock_tableaus.jl), which was read. A test verifies
the orders. The step is chosen as in E. Hairer and G. Wanner's program RODAS.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled, kernel, part
from membrane_pde.model.applied import Segment, segment_of
from membrane_pde.model.chain import Faces, new_faces
from membrane_pde.model.events import EVENTS, FIRST_WALL, set_events
from membrane_pde.model.faces import rates, set_faces, set_rates
from membrane_pde.model.interface import REFERENCE
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import set_walls
from membrane_pde.model.problem import Numbers
from membrane_pde.model.slopes import Slopes, new_slopes, set_slopes
from membrane_pde.solvers.implicit import Factors, add_time_slopes, factorize, new_factors, solve

NO_STEP, NO_FLUX = -1, -2  # what `advance` answers where it gives up; from 1 on, the event that ended it

_MOST_CHANGES = 1e3  # how many times a state may change by its own size, at its first rate, in the first step

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


class Method(NamedTuple):
    """Coefficients of a Rosenbrock method; names as in the equations above.

    Attributes
    ----------
    gamma : float
        γ.
    order : float
        Of the error estimate, plus one.
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

# Entries of `Work.pace`: time and next step; start and length of the last one; error and length of the one before (0:
# none; negative: it was refused for that error); 1 where the derivatives are those of the state; 1 where the dense
# output is that of the last step.
TIME, NEXT, START, LENGTH, ERROR, BEFORE, FRESH, DENSE = range(8)


Y, START_STATE, RATE, TRIAL, TRIAL_RATE = range(5)  # rows of `Work.vectors`


class Work(NamedTuple):
    """What `advance` works on and leaves for the next call.

    Attributes
    ----------
    pace : ndarray, shape (8,)
        Times and steps; see above.
    vectors : ndarray, shape (5, size)
        State now and at the start of the last step, f at the start of the step, a stage's state and f there.
    stages : ndarray, shape (stages, size)
        U.
    dense : ndarray, shape (3, size)
        K.
    events : ndarray, shape (3, 6)
        What `model.events.set_events` makes of the state now, and at the start of the last step; room for more of it.
    faces, other, slopes, factors
        Of the start of the step; of the stages; derivatives; what is solved with.
    """

    pace: Array
    vectors: Array
    stages: Array
    dense: Array
    events: Array
    faces: Faces
    other: Faces
    slopes: Slopes
    factors: Factors


def new_work(method: Method, size: int, solutes: int, cells: int) -> Work:
    """Room for runs, one after the other; see `begin`."""
    return Work(
        np.zeros(8),
        np.zeros((5, size)),
        np.zeros((method.rows.shape[1], size)),
        np.zeros((3, size)),
        np.ones((3, EVENTS)),
        new_faces(solutes, cells),
        new_faces(solutes, cells),
        new_slopes(solutes, cells),
        new_factors(solutes, cells),
    )


@kernel
def begin(w: Work, t: float, y: Array) -> None:
    """Let a run start at a state."""
    for i in range(w.pace.shape[0]):
        w.pace[i] = 0.0
    w.pace[TIME] = w.pace[START] = t
    _copy(y, w.vectors[Y])
    _copy(y, w.vectors[START_STATE])


@kernel
def _norm(x: Array, y: Array, other: Array, rtol: float, atol: Array, cells: int) -> float:
    """Size of x over what is allowed at y and at another state.

    Of the amounts, `cells` of them, the root of the mean square. A number behind them (what moved, the work) counts by
    itself, as among hundreds of cells it would not be seen, and is allowed a tenth: its errors add up over the steps.
    """
    total, largest, others = 0.0, 0.0, 0.0
    for i in range(cells):
        share = float(x[i]) / (float(atol[i]) + rtol * max(abs(float(y[i])), abs(float(other[i]))))
        total += share * share
    total = total / cells
    for i in range(cells, x.shape[0]):
        share = float(x[i]) / (float(atol[i]) + rtol * max(abs(float(y[i])), abs(float(other[i]))))
        others += share * share
        largest = max(largest, share * share)
    return math.sqrt(max(total, 100.0 * largest)) if math.isfinite(total + others) else math.inf


@kernel
def _copy(x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        out[i] = x[i]


@kernel
def _add(scale: float, x: Array, out: Array) -> None:
    """Add ``scale x`` to out."""
    if scale != 0.0:
        for i in range(x.shape[0]):
            out[i] += scale * x[i]


@kernel
def _add_to_three(first: float, second: float, third: float, x: Array, out: Array) -> None:
    """Add multiples of x to three rows."""
    one, two, three = out[0], out[1], out[2]
    for i in range(x.shape[0]):
        one[i] += first * x[i]
        two[i] += second * x[i]
        three[i] += third * x[i]


@kernel
def interpolate(method: Method, w: Work, theta: float, out: Array) -> None:
    """Write the state at a share of the last step."""
    if theta == 1.0:
        _copy(w.vectors[Y], out)
        return
    if w.pace[DENSE] == 0.0:
        for r in range(3):
            for i in range(out.shape[0]):
                w.dense[r, i] = 0.0
        for j in range(w.stages.shape[0]):
            first, second, third = float(method.rows[2, j]), float(method.rows[3, j]), float(method.rows[4, j])
            _add_to_three(first, second, third, w.stages[j], w.dense)
        w.pace[DENSE] = 1.0
    rest = 1.0 - theta
    for i in range(out.shape[0]):
        inner = w.dense[0, i] + theta * (w.dense[1, i] + theta * w.dense[2, i])
        out[i] = rest * w.vectors[START_STATE, i] + theta * (w.vectors[Y, i] + rest * inner)


@kernel
def _gather(method: Method, i: int, j: int, stages: Array, state: Array) -> None:
    """Add what stages j and j + 1 contribute to the state of stage i, and to its right-hand side."""
    k = j + 1 if j + 1 < i else j
    with_first, with_second = float(method.stages[0, i, j]), float(method.stages[0, i, k])
    to_first, to_second = method.gamma * float(method.stages[1, i, j]), method.gamma * float(method.stages[1, i, k])
    if k == j:
        with_second = to_second = 0.0
    first, second, out = stages[j], stages[k], stages[i]
    for n in range(state.shape[0]):
        one, two = float(first[n]), float(second[n])
        state[n] += with_first * one + with_second * two
        out[n] += to_first * one + to_second * two


@kernel
def _order_seen(method: Method, pace: Array, h: float, error: float) -> float:
    """Power of the step's length that its error goes with: where the start has a kink, less than the method's order."""
    refused = -float(pace[ERROR])
    if not refused > error:
        return method.order
    seen = math.log(refused / error) / math.log(float(pace[BEFORE]) / h)
    return min(max(seen, 0.5), method.order)


@part
def _first_step(method: Method, w: Work, rtol: float, atol: Array, length: float) -> float:
    """A step whose error should be about what is allowed, from the size of the state and of its rate.

    At the least it is a millionth of the whole time, unless what passes a face in that time at the first rate is so
    much more than what is there that the amounts would be lost in its round-off.
    """
    cells = w.other.width.shape[0] * w.other.state.shape[1]
    size, speed = (
        _norm(w.vectors[Y], w.vectors[Y], w.vectors[Y], rtol, atol, cells),
        _norm(w.vectors[RATE], w.vectors[Y], w.vectors[Y], rtol, atol, cells),
    )
    if speed * length * 1e-6 > size:
        return min(1e-6 * length, _MOST_CHANGES / (speed * rtol))
    return min(length, 0.1 * rtol ** (1.0 / method.order) * max(size, 1.0) / speed) if speed > 0.0 else length


@part
def _try_step(p: Numbers, segment: Segment, method: Method, memory: Array, w: Work, h: float) -> bool:
    """Write the stages of a step, and the state at its end into `trial`; False if a stage has no water flux."""
    t, tau = float(w.pace[TIME]), h * method.gamma
    factorize(p, w.slopes, tau, w.factors)
    last = method.rows.shape[1] - 1
    for i in range(last + 1):
        stage, rate = w.stages[i], w.vectors[RATE]
        for j in range(stage.shape[0]):
            stage[j] = 0.0
        if i > 0:
            rate = w.vectors[TRIAL_RATE]
            _copy(w.vectors[Y], w.vectors[TRIAL])
            for j in range(0, i, 2):
                _gather(method, i, j, w.stages, w.vectors[TRIAL])
            if not rates(p, segment, t + float(method.rows[0, i]) * h, w.vectors[TRIAL], memory, w.other, rate):
                return False
        _add(tau, rate, stage)
        if method.rows[1, i] != 0.0:
            add_time_slopes(p, w.slopes, method.gamma * float(method.rows[1, i]) * h * h, stage)
        solve(p, w.slopes, w.factors, stage)
    _add(1.0, w.stages[last], w.vectors[TRIAL])
    return True


@kernel
def _fallen(before: Array, now: Array) -> int:
    """Number of the first event that has fallen through zero, from 1 on; 0 if none has.

    One that stood at zero has fallen when it is below: a run may start where no water flows. Those of the walls count
    either way.
    """
    for j in range(before.shape[0]):
        if before[j] > 0.0 >= now[j] or before[j] == 0.0 > now[j]:
            return j + 1
        if j >= FIRST_WALL and before[j] < 0.0 <= now[j]:
            return j + 1
    return 0


@part
def _share_before_event(
    p: Numbers, segment: Segment, method: Method, memory: Array, watch: Array, before: Array, now: Array, w: Work
) -> tuple[float, int]:
    """Share of the last step after which the first event has fallen through zero, and its number."""
    low, high, event = 0.0, 1.0, _fallen(before, w.events[0])
    for _ in range(60):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        interpolate(method, w, middle, w.vectors[TRIAL])
        set_events(p, segment, w.pace[START] + middle * w.pace[LENGTH], w.vectors[TRIAL], watch, memory, w.other, now)
        fallen = _fallen(before, now)
        if fallen > 0:
            high, event = middle, fallen
        else:
            low = middle
    return high, event


@kernel
def _cut(method: Method, w: Work, share: float) -> None:
    """Let the last step end at a share of it, its dense output with it."""
    interpolate(method, w, share, w.vectors[TRIAL])
    _copy(w.vectors[TRIAL], w.vectors[Y])
    second, third = share * share, share * share * share
    for i in range(w.dense.shape[1]):
        last, middle = float(w.dense[2, i]), float(w.dense[1, i])
        w.dense[2, i] = third * share * last
        w.dense[1, i] = w.dense[2, i] + third * (middle - last)
        w.dense[0, i] = w.dense[1, i] + second * (w.dense[0, i] - middle)
    w.pace[LENGTH] *= share
    w.pace[TIME] = w.pace[START] + w.pace[LENGTH]


@kernel
def _serve(method: Method, w: Work, due: Array, kept: Array, stored: int) -> int:
    """Write the states that are due by now, from the last step; how many have been written."""
    while stored < due.shape[0] and due[stored] <= w.pace[TIME]:
        theta = 1.0
        if due[stored] < w.pace[START] + w.pace[LENGTH]:
            theta = float((due[stored] - w.pace[START]) / w.pace[LENGTH])
        interpolate(method, w, theta, kept[stored])
        stored += 1
    return stored


@kernel
def walk(
    p: Numbers,
    segment: Segment,
    method: Method,
    rtol: float,
    atol: Array,
    longest: float,
    watch: Array,
    memory: Array,
    w: Work,
    most: int,
    due: Array,
    kept: Array,
) -> tuple[int, int, int]:
    """Step through a segment.

    Parameters
    ----------
    p : Numbers
        The problem.
    segment : Segment
        What is applied.
    method : Method
        Coefficients.
    rtol : float
        Relative tolerance of a step.
    atol : ndarray, shape (size,)
        Absolute tolerance of each state.
    longest : float
        No step is longer, s.
    watch : ndarray, shape (4,)
        Of `model.events.set_events`.
    memory : ndarray, shape (3,)
        Of `interface.find_water_flux`.
    w : Work
        Where the run stands; moved on.
    most : int
        Steps to take at most.
    due : ndarray, shape (n,)
        Times at which the state is wanted, rising; the call ends when all of them are served.
    kept : ndarray, shape (n, size)
        Written: the states.

    Returns
    -------
    int, int, int
        Steps taken, states kept, and 0, the number of an event, `NO_STEP` or `NO_FLUX`.
    """
    steps, stored, pace, cells = 0, 0, w.pace, w.other.width.shape[0] * w.other.state.shape[1]
    before, now = w.events[1], w.events[2]
    set_events(p, segment, float(pace[TIME]), w.vectors[Y], watch, memory, w.other, w.events[0])  # `watch` may be new
    while True:
        stored = _serve(method, w, due, kept, stored)
        if pace[TIME] >= segment.end or steps >= most or stored == due.shape[0]:
            return steps, stored, 0
        if pace[FRESH] == 0.0:
            if not set_faces(p, segment, float(pace[TIME]), w.vectors[Y], math.nan, memory, w.faces):
                return steps, stored, NO_FLUX
            set_slopes(p, segment, float(pace[TIME]), w.faces, w.slopes)
            set_rates(p, segment, float(pace[TIME]), w.faces, w.vectors[RATE])
            memory[REFERENCE] = w.faces.scalars[0]
            pace[FRESH] = 1.0
        left = segment.end - float(pace[TIME])
        if pace[NEXT] == 0.0:
            pace[NEXT] = _first_step(method, w, rtol, atol, left)
        h = min(float(pace[NEXT]), longest)
        if h >= 0.9 * left:  # no small step at the end
            h = left
        error = math.inf
        if _try_step(p, segment, method, memory, w, h):
            error = _norm(w.stages[method.rows.shape[1] - 1], w.vectors[Y], w.vectors[TRIAL], rtol, atol, cells)
        if not error <= 1.0:  # nan, too
            shrink = 0.2
            if math.isfinite(error):
                shrink = max(0.1, 0.9 * error ** (-1.0 / _order_seen(method, pace, h, error)))
            pace[NEXT] = h * shrink
            if pace[NEXT] < max(1e-14 * float(pace[TIME]), 1e-28 * segment.end, 1e-300):
                return steps, stored, NO_STEP
            pace[ERROR], pace[BEFORE] = (-error if math.isfinite(error) else 0.0), h
            continue
        error = max(error, 1e-4)
        grow = 0.9 * error ** (-1.0 / method.order)
        if pace[ERROR] > 0.0:  # after Gustafsson: as the error has changed from the last step to this one
            grow = min(
                grow, 0.9 * h / float(pace[BEFORE]) * (float(pace[ERROR]) / (error * error)) ** (1.0 / method.order)
            )
        pace[ERROR], pace[BEFORE] = max(error, 1e-2), h
        pace[NEXT] = h * min(max(grow, 0.2), 6.0)
        _copy(w.vectors[Y], w.vectors[START_STATE])
        _copy(w.vectors[TRIAL], w.vectors[Y])
        pace[START], pace[LENGTH] = pace[TIME], h
        pace[TIME] = segment.end if h == left else pace[TIME] + h
        pace[FRESH], pace[DENSE] = 0.0, 0.0
        steps += 1
        _copy(w.events[0], before)
        set_events(p, segment, float(pace[TIME]), w.vectors[Y], watch, memory, w.other, w.events[0])
        if _fallen(before, w.events[0]) > 0:
            share, event = _share_before_event(p, segment, method, memory, watch, before, now, w)
            _cut(method, w, share)
            stored = _serve(method, w, due, kept, stored)
            set_events(p, segment, float(pace[TIME]), w.vectors[Y], watch, memory, w.other, w.events[0])
            return steps, stored, event


def _advance(
    p: Numbers,
    segments: Array,
    method: Method,
    rtol: float,
    atol: Array,
    longest: float,
    watch: Array,
    memory: Array,
    w: Work,
    start: Array,
    most: int,
    due: Array,
    kept: Array,
    ends: NDArray[np.int64],
) -> None:
    """Step through a segment, or through as many as there are runs that differ in what is applied alone.

    Parameters
    ----------
    p, method, rtol, longest, watch, w, most, due
        Of `walk`.
    segments : ndarray, shape (runs, 12)
        Of `model.applied.segment_row`.
    atol : ndarray, shape (runs, size)
        Absolute tolerance of each state.
    memory : ndarray, shape (runs, 3)
        Of `interface.find_water_flux`.
    start : ndarray, shape (size,) or (0,)
        State in which all runs begin; with nothing one run goes on from where `w` stands.
    kept : ndarray, shape (runs, n, size)
        Written: the states.
    ends : ndarray of int, shape (runs, 3)
        Written: what `walk` answers.
    """
    for r in range(segments.shape[0]):
        segment = segment_of(segments[r])
        if start.shape[0] > 0:
            begin(w, segment.start, start)
            set_walls(p, segment, segment.start, float(start[w.faces.state.shape[1] * w.faces.width.shape[0]]))
        steps, stored, event = walk(p, segment, method, rtol, atol[r], longest, watch, memory[r], w, most, due, kept[r])
        ends[r, 0], ends[r, 1], ends[r, 2] = steps, stored, event


advance = compiled(_advance)
