/// `_core.solve_many`: the transports of many cost matrices in one call.
#include "mot/solve/many.hpp"

#include "bindings.hpp"

namespace {

using CostView = decltype(mot::GivenTransport::cost);

/// The p-th of the row-major matrices that an array holds.
CostView matrix_in(const py::array& array, py::ssize_t p) {
    const auto view_as = [&](auto zero) {
        using Real = decltype(zero);
        const py::ssize_t n = array.shape(array.ndim() - 2);
        const py::ssize_t m = array.shape(array.ndim() - 1);
        return mot::MatrixView<Real>{static_cast<const Real*>(array.data()) + p * n * m, n, m};
    };
    if (py::array_t<double, py::array::c_style>::check_(array)) return view_as(0.0);
    if (py::array_t<float, py::array::c_style>::check_(array)) return view_as(0.0F);
    throw py::type_error("costs must be row-major float32 or float64");
}

/// Costs of the p-th problem: out of a list of matrices or a stack of them, or the one matrix that all problems have.
CostView cost_of_problem(const py::object& costs, py::ssize_t p, py::ssize_t n_problems) {
    const bool is_list = py::isinstance<py::list>(costs);
    const auto array = is_list ? py::array(costs.cast<py::list>()[static_cast<std::size_t>(p)]) : py::array(costs);
    const bool is_stack = !is_list && array.ndim() == 3;
    if (!(is_stack ? array.shape(0) == n_problems : array.ndim() == 2))
        throw py::value_error("costs must be (k, n, m), (n, m), or a list of k (n, m)");
    return matrix_in(array, is_stack ? p : 0);
}

/// Masses of n units in the p-th problem: out of a list or a stack, or the same for all; null if there are none.
const double* masses_of_problem(const py::object& masses, py::ssize_t p, py::ssize_t n_problems, std::int64_t n) {
    using Doubles = py::array_t<double, py::array::c_style>;
    const bool is_list = py::isinstance<py::list>(masses);
    const auto given = is_list ? py::object(masses.cast<py::list>()[static_cast<std::size_t>(p)]) : masses;
    if (given.is_none()) return nullptr;
    const auto array = py::reinterpret_borrow<py::array>(given);
    const bool is_stack = !is_list && array.ndim() == 2;
    if (!Doubles::check_(given) || array.shape(array.ndim() - 1) != n ||
        !(is_stack ? array.shape(0) == n_problems : array.ndim() == 1))
        throw py::value_error("masses must be None, float64 (k, n) or (n,), or a list of k (n,)");
    return static_cast<const double*>(array.data()) + (is_stack ? p * n : 0);
}

Solutions solve_many(const py::object& costs, const py::object& a, const py::object& b, py::ssize_t n_problems,
                     int n_threads) {
    for (const py::object* each : {&costs, &a, &b})
        if (py::isinstance<py::list>(*each) && py::ssize_t(py::len(*each)) != n_problems)
            throw py::value_error("lists must have one entry for each problem");
    if (n_threads < 1) throw py::value_error("n_threads must be positive");
    std::vector<mot::GivenTransport> problems;
    problems.reserve(static_cast<std::size_t>(n_problems));
    for (py::ssize_t p = 0; p < n_problems; ++p) {
        const CostView cost = cost_of_problem(costs, p, n_problems);
        const auto [n, m] = std::visit([](const auto& view) { return std::pair(view.n_rows, view.n_columns); }, cost);
        problems.push_back({cost, masses_of_problem(a, p, n_problems, n), masses_of_problem(b, p, n_problems, m)});
    }
    Solutions solutions;
    {
        const Unlocked unlocked;
        SignalProgress signals(unlocked);
        solutions.of_pairs = mot::solve_many(problems, mot::Workers(n_threads), signals);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solutions;
}

}  // namespace

void bind_many(py::module_& module) {
    module.def(
        "solve_many", &solve_many, py::arg("costs"), py::arg("a"), py::arg("b"), py::arg("n_problems"),
        py::arg("n_threads"),
        "Solutions of all problems, in order; those behind the first unproven one may be missing. Costs that are "
        "not finite are unproven, and their certificate holds NaN.");
}
