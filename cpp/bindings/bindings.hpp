/// Shared by the binding files: the function that each offers, and the conversion of vectors to arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <vector>

#include "mot/costs/workspace.hpp"
#include "mot/solve/solution.hpp"
#include "mot/types/masses.hpp"
#include "unlocked.hpp"

namespace py = pybind11;

void bind_unlocked(py::module_& module);
void bind_solution(py::module_& module);
void bind_transport(py::module_& module);
void bind_assignment(py::module_& module);
void bind_layer(py::module_& module);
void bind_pairs(py::module_& module);
void bind_points(py::module_& module);

/// SciPy's single-precision matrix product, from the capsule that its Cython interface exports.
mot::Sgemm scipy_sgemm();
void bind_many(py::module_& module);

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
