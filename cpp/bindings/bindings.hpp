/// Shared by the binding files: the function that each offers, and the conversion of vectors to arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "mot/costs/points.hpp"
#include "mot/costs/workspace.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/views.hpp"
#include "unlocked.hpp"

namespace py = pybind11;

void bind_unlocked(py::module_& module);
void bind_solution(py::module_& module);
void bind_transport(py::module_& module);
void bind_assignment(py::module_& module);
void bind_layer(py::module_& module);
void bind_pairs(py::module_& module);
void bind_points(py::module_& module);
void bind_many(py::module_& module);
void bind_partial(py::module_& module);

/// SciPy's single-precision matrix product, from the capsule that its Cython interface exports.
mot::Sgemm scipy_sgemm();

using Doubles = py::array_t<double, py::array::c_style>;
using RowStarts = py::array_t<std::int64_t, py::array::c_style>;
using Columns = py::array_t<mot::Node, py::array::c_style>;

/// One number for each row and one for each column.
mot::Potentials potentials_of(const std::pair<Doubles, Doubles>& given, py::ssize_t n_rows, py::ssize_t n_columns);
/// Costs in compressed rows, checked, for masses of these lengths.
mot::SparseView sparse_view_of(const RowStarts& row_starts, const Columns& columns, const Doubles& costs,
                               const Doubles& a, const Doubles& b);
/// Points of both sides, checked, with masses of these lengths.
mot::PointPair points_of(const Doubles& x, const Doubles& y, const Doubles& a, const Doubles& b,
                         const std::string& metric, double base);

/// A cost matrix, with masses of these lengths.
template <class Real>
mot::MatrixView<Real> matrix_of(const py::array_t<Real, py::array::c_style>& cost, const Doubles& a, const Doubles& b) {
    if (cost.ndim() != 2 || a.ndim() != 1 || b.ndim() != 1 || a.shape(0) != cost.shape(0) ||
        b.shape(0) != cost.shape(1))
        throw py::value_error("cost must be (n, m), a (n,), b (m,)");
    return {cost.data(), cost.shape(0), cost.shape(1)};
}

/// The solutions of many transports.
struct Solutions {
    std::vector<mot::Solution> of_pairs;
};

/// Hands a vector's memory to numpy.
template <class Value>
py::array_t<Value> as_array(std::vector<Value>&& values) {
    auto* owner = new std::vector<Value>(std::move(values));
    py::capsule free(owner, [](void* pointer) { delete static_cast<std::vector<Value>*>(pointer); });
    return py::array_t<Value>(static_cast<py::ssize_t>(owner->size()), owner->data(), free);
}
