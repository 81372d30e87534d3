/// What the binding files share: one function per concept, and the bridge from Python's signals to the core.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <vector>

#include "mot/problem.hpp"

namespace py = pybind11;

void bind_solution(py::module_& module);
void bind_transport(py::module_& module);
void bind_assignment(py::module_& module);
void bind_layer(py::module_& module);
void bind_batch(py::module_& module);

/// Whether Ctrl-C (or another signal whose handler raised) is pending; the Python error is then set.
bool signal_is_pending();

/// Ctrl-C, looked for every now and then.
class SignalInterrupt : public mot::Interrupt {
public:
    bool requested() override;

private:
    std::chrono::steady_clock::time_point last_look_ = std::chrono::steady_clock::now();
    bool is_requested_ = false;
};

/// Hands a vector's memory to numpy.
template <class Value>
py::array_t<Value> as_array(std::vector<Value>&& values) {
    auto* owner = new std::vector<Value>(std::move(values));
    py::capsule free(owner, [](void* pointer) { delete static_cast<std::vector<Value>*>(pointer); });
    return py::array_t<Value>(static_cast<py::ssize_t>(owner->size()), owner->data(), free);
}
