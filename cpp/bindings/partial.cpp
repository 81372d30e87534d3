/// `_core.solve_partial`, `_core.solve_sparse_partial`, `_core.solve_partial_points`: transports that leave mass
/// behind.
#include "mot/solve/partial.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bindings.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/points.hpp"
#include "mot/types/workers.hpp"

namespace {

/// What sources and targets pay for a unit of mass that is left behind.
using Kept = std::optional<std::pair<Doubles, Doubles>>;

/// Masses to carry, one plan for each; or else what is paid, for the one plan at which carrying more saves nothing.
std::vector<mot::PartialGoal> goals_of(const std::vector<double>& masses, const Kept& kept) {
    if (kept.has_value() == !masses.empty()) throw py::value_error("expected either masses or what is paid");
    std::vector<mot::PartialGoal> goals;
    for (const double mass : masses) goals.push_back({mass});
    if (kept) goals.emplace_back().price = 0.0;
    return goals;
}

mot::PartialProblem problem_of(const Doubles& a, const Doubles& b, const Kept& kept) {
    mot::PartialProblem problem = mot::partial_problem(a.data(), a.size(), b.data(), b.size());
    if (kept) problem.kept = potentials_of(*kept, a.size(), b.size());
    return problem;
}

py::tuple as_arrays(mot::EntryPrices&& prices) {
    return py::make_tuple(as_array(std::move(prices.first)), as_array(std::move(prices.all)));
}

/// The solutions; and the masses and prices of the curve's breakpoints, and the units' prices.
py::tuple answer(std::vector<mot::Solution>&& solutions, mot::PartialCurve&& curve) {
    if (PyErr_Occurred()) throw py::error_already_set();
    std::vector<double> masses, prices;
    for (const mot::Breakpoint& breakpoint : curve.breakpoints) {
        masses.push_back(breakpoint.mass);
        prices.push_back(breakpoint.price);
    }
    return py::make_tuple(
        Solutions{std::move(solutions)},
        py::make_tuple(as_array(std::move(masses)), as_array(std::move(prices)),
                       as_arrays(std::move(curve.source_prices)), as_arrays(std::move(curve.target_prices))));
}

/// Solves with the lock released; `solve(problem, goals, interrupt, curve)`.
template <class Solve>
py::tuple solve_unlocked(const Doubles& a, const Doubles& b, const std::vector<double>& masses, const Kept& kept,
                         Solve solve) {
    const std::vector<mot::PartialGoal> goals = goals_of(masses, kept);
    const mot::PartialProblem problem = problem_of(a, b, kept);
    std::vector<mot::Solution> solutions;
    mot::PartialCurve curve;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        solutions = solve(problem, goals, interrupt, curve);
    }
    return answer(std::move(solutions), std::move(curve));
}

template <class Real>
py::tuple solve_partial(const py::array_t<Real, py::array::c_style>& cost, const Doubles& a, const Doubles& b,
                        double scale, const std::vector<double>& masses, const Kept& kept, bool has_curve) {
    const mot::MatrixView<Real> view = matrix_of(cost, a, b);
    return solve_unlocked(a, b, masses, kept,
                          [&](const auto& problem, const auto& goals, mot::Interrupt& interrupt, auto& curve) {
                              const mot::GivenCost<Real> given(view, scale);
                              return mot::solve_partial(given, problem, goals, interrupt, has_curve ? &curve : nullptr);
                          });
}

py::tuple solve_sparse_partial(const RowStarts& row_starts, const Columns& columns, const Doubles& costs,
                               const Doubles& a, const Doubles& b, const std::vector<double>& masses,
                               const Kept& kept) {
    const mot::SparseView view = sparse_view_of(row_starts, columns, costs, a, b);
    return solve_unlocked(a, b, masses, kept,
                          [&](const auto& problem, const auto& goals, mot::Interrupt& interrupt, auto& curve) {
                              return mot::solve_partial(mot::SparseCost(view), problem, goals, interrupt, &curve);
                          });
}

py::tuple solve_partial_points(const Doubles& x, const Doubles& y, const Doubles& a, const Doubles& b,
                               const std::string& metric, double base, std::int64_t most_costs, int n_threads,
                               const std::vector<double>& masses, const Kept& kept) {
    const mot::PointPair points = points_of(x, y, a, b, metric, base);
    if (n_threads < 1) throw py::value_error("n_threads must be positive");
    const mot::Sgemm sgemm = scipy_sgemm();
    return solve_unlocked(
        a, b, masses, kept, [&](const auto& problem, const auto& goals, mot::Interrupt& interrupt, auto& curve) {
            mot::Workspace workspace{sgemm, most_costs, mot::Workers(std::min(n_threads, mot::processors()))};
            return mot::solve_partial_points(points, problem, goals, workspace, interrupt, &curve);
        });
}

}  // namespace

void bind_partial(py::module_& module) {
    const char* const what =
        "Solutions for all masses, or for what is paid; then the curve: masses and prices of its breakpoints, and the "
        "prices at which mass of every source and of every target is carried first, and all of it.";
    module.def("solve_partial", &solve_partial<double>, py::arg("cost").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("scale"), py::arg("masses"), py::arg("kept") = py::none(),
               py::arg("has_curve") = true, what);
    module.def("solve_partial", &solve_partial<float>, py::arg("cost").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("scale"), py::arg("masses"), py::arg("kept") = py::none(),
               py::arg("has_curve") = true, what);
    module.def("solve_sparse_partial", &solve_sparse_partial, py::arg("row_starts").noconvert(),
               py::arg("columns").noconvert(), py::arg("costs").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("masses"), py::arg("kept") = py::none(), what);
    module.def("solve_partial_points", &solve_partial_points, py::arg("x").noconvert(), py::arg("y").noconvert(),
               py::arg("a").noconvert(), py::arg("b").noconvert(), py::arg("metric"), py::arg("base"),
               py::arg("most_costs"), py::arg("n_threads"), py::arg("masses"), py::arg("kept") = py::none(), what);
}
