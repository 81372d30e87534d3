/// `_core.solve_transport` and `_core.solve_sparse_transport`: one transport on a cost matrix;
/// `_core.largest_magnitude`, its scale.
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "bindings.hpp"
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/partial.hpp"
#include "mot/solve/sparse.hpp"

namespace {

mot::Method method_of(const std::string& name) {
    if (name == "automatic") return mot::Method::automatic;
    if (name == "simplex") return mot::Method::simplex;
    if (name == "assignment") return mot::Method::assignment;
    throw py::value_error("method must be 'automatic', 'simplex' or 'assignment', found '" + name + "'");
}

/// Potentials of the rows and of the columns to start from.
using Start = std::pair<Doubles, Doubles>;

template <class Real>
mot::Solution solve_transport(const py::array_t<Real, py::array::c_style>& cost, const Doubles& a, const Doubles& b,
                              double scale, const std::string& method, const std::optional<Start>& potentials,
                              const std::optional<std::pair<double, double>>& goal) {
    const mot::MatrixView<Real> view = matrix_of(cost, a, b);
    const mot::Method chosen = method_of(method);
    std::optional<mot::Potentials> start;
    if (potentials) start = potentials_of(*potentials, view.n_rows, view.n_columns);
    mot::Solution solution;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        const mot::Masses masses = mot::Masses::from_marginals(a.data(), view.n_rows, b.data(), view.n_columns);
        const mot::GivenCost<Real> given(view, scale);
        solution = goal ? mot::solve_towards(given, masses, {goal->first, goal->second}, interrupt)
                        : mot::solve_dense(given, masses, interrupt, chosen, start ? &*start : nullptr);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solution;
}

mot::Solution solve_sparse_transport(const RowStarts& row_starts, const Columns& columns, const Doubles& costs,
                                     const Doubles& a, const Doubles& b) {
    const mot::SparseView view = sparse_view_of(row_starts, columns, costs, a, b);
    mot::Solution solution;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        const mot::Masses masses = mot::Masses::from_marginals(a.data(), view.n_rows, b.data(), view.n_columns);
        solution = mot::solve_sparse(mot::SparseCost(view), masses, interrupt);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solution;
}

/// The data of a native, aligned, row-major array of doubles with so many dimensions; null for anything else, also for
/// arrays of a subclass, such as masked ones.
const double* plain_doubles(const py::handle& object, py::ssize_t n_dimensions) {
    if (Py_TYPE(object.ptr()) != py::detail::npy_api::get().PyArray_Type_) return nullptr;
    if (!py::array_t<double, py::array::c_style>::check_(object)) return nullptr;
    const auto array = py::reinterpret_borrow<py::array>(object);
    const bool is_aligned = array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if (!is_aligned || array.ndim() != n_dimensions || array.size() == 0) return nullptr;
    return static_cast<const double*>(array.data());
}

/// The sum of the masses; NaN unless all are at least 0 and the sum is positive and finite.
double sum_of_masses(const double* masses, py::ssize_t n) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    bool is_sound = true;
    for (py::ssize_t i = 0; i < n; ++i) {
        is_sound = is_sound && masses[i] >= 0;
        sum += masses[i];
    }
    return is_sound && sum > 0 && std::isfinite(sum) ? sum : nan;
}

/// The difference of the sums of the masses, and the largest absolute cost.
using Figures = std::pair<double, double>;

std::optional<Figures> figures_of(const py::handle& a, const py::handle& b, const py::handle& cost) {
    const double* const costs = plain_doubles(cost, 2);
    const double* const source = plain_doubles(a, 1);
    const double* const target = plain_doubles(b, 1);
    if (!costs || !source || !target) return std::nullopt;
    const auto shape = py::reinterpret_borrow<py::array>(cost);
    const py::ssize_t n = py::reinterpret_borrow<py::array>(a).size();
    const py::ssize_t m = py::reinterpret_borrow<py::array>(b).size();
    if (n != shape.shape(0) || m != shape.shape(1)) return std::nullopt;
    const double scale = mot::row_kernels<double>().largest_magnitude(costs, n * m);
    const double difference = std::abs(sum_of_masses(source, n) - sum_of_masses(target, m));
    if (!(scale <= mot::greatest_cost) || std::isnan(difference)) return std::nullopt;
    return Figures{difference, scale};
}

/// Masses that are None are uniform; null for any that `plain_doubles` refuses.
const double* masses_of(const py::handle& object, py::ssize_t n, std::vector<double>& uniform) {
    if (!object.is_none()) {
        const double* const masses = plain_doubles(object, 1);
        return masses && py::reinterpret_borrow<py::array>(object).size() == n ? masses : nullptr;
    }
    uniform.assign(static_cast<std::size_t>(n), 1.0 / static_cast<double>(n));
    return uniform.data();
}

/// Python tells the sums of masses apart to a millionth: what comes near to that is left to it.
bool are_surely_equal(double sum_a, double sum_b) {
    return std::abs(sum_a - sum_b) <= 0.5e-6 * std::max(sum_a, sum_b);
}

std::optional<mot::Solution> solve_plain_transport(const py::handle& cost, const py::handle& a, const py::handle& b) {
    const double* const costs = plain_doubles(cost, 2);
    if (!costs) return std::nullopt;
    const auto array = py::reinterpret_borrow<py::array>(cost);
    const mot::MatrixView<double> view{costs, array.shape(0), array.shape(1)};
    std::vector<double> uniform_a, uniform_b;
    const double* const source = masses_of(a, view.n_rows, uniform_a);
    const double* const target = masses_of(b, view.n_columns, uniform_b);
    if (!source || !target) return std::nullopt;
    if (!are_surely_equal(sum_of_masses(source, view.n_rows), sum_of_masses(target, view.n_columns)))
        return std::nullopt;
    std::optional<mot::Solution> solution;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        const double scale = mot::largest_magnitude(costs, view.n_rows * view.n_columns, interrupt);
        if (scale <= mot::greatest_cost) {
            const mot::Masses masses = mot::Masses::from_marginals(source, view.n_rows, target, view.n_columns);
            solution = mot::solve_dense(mot::GivenCost<double>(view, scale), masses, interrupt);
        }
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solution;
}

template <class Real>
double largest_magnitude(const py::array_t<Real, py::array::c_style>& values) {
    double largest = 0;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        largest = mot::largest_magnitude(values.data(), values.size(), interrupt);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return largest;
}

}  // namespace

mot::Potentials potentials_of(const std::pair<Doubles, Doubles>& given, py::ssize_t n_rows, py::ssize_t n_columns) {
    const auto& [u, v] = given;
    if (u.ndim() != 1 || v.ndim() != 1 || u.shape(0) != n_rows || v.shape(0) != n_columns)
        throw py::value_error("potentials must be u (n,), v (m,)");
    return {{u.data(), u.data() + n_rows}, {v.data(), v.data() + n_columns}};
}

mot::SparseView sparse_view_of(const RowStarts& row_starts, const Columns& columns, const Doubles& costs,
                               const Doubles& a, const Doubles& b) {
    const bool has_shapes = row_starts.ndim() == 1 && columns.ndim() == 1 && costs.ndim() == 1 && a.ndim() == 1 &&
                            b.ndim() == 1 && row_starts.size() == a.size() + 1 && columns.size() == costs.size();
    bool is_sound = has_shapes && row_starts.data()[0] == 0 && row_starts.data()[a.size()] == columns.size();
    for (py::ssize_t i = 0; is_sound && i < a.size(); ++i) is_sound = row_starts.data()[i] <= row_starts.data()[i + 1];
    for (py::ssize_t i = 0; is_sound && i < a.size(); ++i)
        for (std::int64_t k = row_starts.data()[i]; is_sound && k < row_starts.data()[i + 1]; ++k)
            is_sound = columns.data()[k] >= 0 && columns.data()[k] < b.size() &&
                       (k == row_starts.data()[i] || columns.data()[k - 1] < columns.data()[k]);
    if (!is_sound)
        throw py::value_error("row_starts, columns, costs must be rows of increasing columns, a (n,), b (m,)");
    return {row_starts.data(), columns.data(), costs.data(), a.size(), b.size()};
}

void bind_transport(py::module_& module) {
    module.attr("GREATEST_COST") = mot::greatest_cost;
    module.def("largest_magnitude", &largest_magnitude<double>, py::arg("values").noconvert());
    module.def("largest_magnitude", &largest_magnitude<float>, py::arg("values").noconvert(),
               "The largest absolute value of an array; NaN where there is one.");
    module.def("solve_transport", &solve_transport<double>, py::arg("cost").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("scale"), py::arg("method") = "automatic",
               py::arg("potentials") = py::none(), py::arg("goal") = py::none());
    module.def("solve_transport", &solve_transport<float>, py::arg("cost").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("scale"), py::arg("method") = "automatic",
               py::arg("potentials") = py::none(), py::arg("goal") = py::none());
    module.def("solve_plain_transport", &solve_plain_transport, py::arg("cost"), py::arg("a"), py::arg("b"),
               "The solution where masses are None or arrays, and nothing needs conversion; None where the arguments "
               "need a full validation.");
    module.def("solve_sparse_transport", &solve_sparse_transport, py::arg("row_starts").noconvert(),
               py::arg("columns").noconvert(), py::arg("costs").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert());
    module.def(
        "figures_of", &figures_of, py::arg("a"), py::arg("b"), py::arg("cost"),
        "The difference of the sums of the masses, and the largest absolute cost; None where the three need a full "
        "validation.");
}
