/// `_core.assign`: a matching of least or greatest total cost on a dense matrix.
#include "mot/solve/assignment.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "bindings.hpp"

namespace {

using Costs = py::array_t<double, py::array::c_style>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t steps_per_cost = 8;  // to copy it, in the steps of an interrupt

/// Copies the matrix to the form that the core takes: to be minimised, with no fewer columns than rows. The copy of an
/// interrupted call is of no use.
std::vector<double> standard_form(const mot::MatrixView<double>& cost, bool maximize, bool transpose,
                                  mot::Interrupt& interrupt) {
    std::vector<double> result(static_cast<std::size_t>(cost.n_rows * cost.n_columns));
    const double sign = maximize ? -1.0 : 1.0;
    for (std::int64_t i = 0; i < cost.n_rows && !interrupt.requested_after(steps_per_cost * cost.n_columns); ++i)
        for (std::int64_t j = 0; j < cost.n_columns; ++j)
            result[static_cast<std::size_t>(transpose ? j * cost.n_rows + i : i * cost.n_columns + j)] =
                sign * cost(i, j);
    return result;
}

bool has_sound_costs(const mot::MatrixView<double>& cost, mot::Interrupt& interrupt) {
    bool is_sound = true;
    for (std::int64_t i = 0; i < cost.n_rows && !interrupt.requested_after(cost.n_columns); ++i)
        for (std::int64_t j = 0; j < cost.n_columns; ++j) is_sound &= cost(i, j) > -infinity;
    return is_sound;
}

/// (rows, columns), rows increasing.
py::tuple pairs_of(const std::vector<mot::Node>& column_of, bool is_transposed) {
    const auto n = static_cast<py::ssize_t>(column_of.size());
    py::array_t<std::int64_t> rows(n);
    py::array_t<std::int64_t> columns(n);
    std::vector<std::size_t> order(column_of.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (is_transposed)
        std::sort(order.begin(), order.end(),
                  [&](std::size_t x, std::size_t y) { return column_of[x] < column_of[y]; });
    for (std::size_t k = 0; k < order.size(); ++k) {
        const auto line = static_cast<std::int64_t>(order[k]);
        const std::int64_t partner = column_of[order[k]];
        rows.mutable_data()[k] = is_transposed ? partner : line;
        columns.mutable_data()[k] = is_transposed ? line : partner;
    }
    return py::make_tuple(rows, columns);
}

py::tuple assign(const Costs& cost, bool maximize) {
    if (cost.ndim() != 2) throw py::value_error("cost must be (n, m)");
    mot::MatrixView<double> view{cost.data(), cost.shape(0), cost.shape(1)};
    const bool transpose = view.n_rows > view.n_columns;
    mot::Matching matching;
    bool is_sound = true;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        std::vector<double> copy;
        if (maximize || transpose) copy = standard_form(view, maximize, transpose, interrupt);
        if (transpose) std::swap(view.n_rows, view.n_columns);
        if (!copy.empty()) view.data = copy.data();
        is_sound = has_sound_costs(view, interrupt);
        if (is_sound) matching = mot::solve_assignment(view, interrupt);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    if (!is_sound) throw py::value_error("matrix contains invalid numeric entries");
    if (matching.status == mot::Status::infeasible) throw py::value_error("cost matrix is infeasible");
    const py::tuple pairs = pairs_of(matching.column_of, transpose);
    return py::make_tuple(pairs[0], pairs[1], matching.certificate);
}

}  // namespace

void bind_assignment(py::module_& module) {
    module.def("assign", &assign, py::arg("cost").noconvert(), py::arg("maximize"),
               "Rows, columns and the certificate of a least (or greatest) matching; ValueError if there is none.");
}
