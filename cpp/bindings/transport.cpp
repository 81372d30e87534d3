/// `_core.solve_transport`: one transport on a cost matrix, whose scale `_core.largest_magnitude` tells.
#include <chrono>

#include "bindings.hpp"
#include "mot/cost.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/solve.hpp"

namespace {

class SignalInterrupt : public mot::Interrupt {
public:
    bool requested() override {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_look_ < std::chrono::milliseconds(50)) return is_requested_;
        last_look_ = now;
        is_requested_ = is_requested_ || signal_is_pending();
        return is_requested_;
    }

private:
    std::chrono::steady_clock::time_point last_look_ = std::chrono::steady_clock::now();
    bool is_requested_ = false;
};

mot::Method method_of(const std::string& name) {
    if (name == "automatic") return mot::Method::automatic;
    if (name == "simplex") return mot::Method::simplex;
    if (name == "assignment") return mot::Method::assignment;
    throw py::value_error("method must be 'automatic', 'simplex' or 'assignment', found '" + name + "'");
}

template <class Real>
mot::Solution solve_transport(const py::array_t<Real, py::array::c_style>& cost,
                              const py::array_t<double, py::array::c_style>& a,
                              const py::array_t<double, py::array::c_style>& b, double scale,
                              const std::string& method) {
    if (cost.ndim() != 2 || a.ndim() != 1 || b.ndim() != 1 || a.shape(0) != cost.shape(0) ||
        b.shape(0) != cost.shape(1))
        throw py::value_error("cost must be (n, m), a (n,), b (m,)");
    const mot::MatrixView<Real> view{cost.data(), cost.shape(0), cost.shape(1)};
    const mot::Method chosen = method_of(method);
    mot::Solution solution;
    {
        SignalInterrupt interrupt;
        const py::gil_scoped_release release;
        const mot::Masses masses = mot::Masses::of(a.data(), view.n_rows, b.data(), view.n_columns);
        solution = mot::solve(mot::GivenCost<Real>(view, scale), masses, interrupt, chosen);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solution;
}

template <class Real>
double largest_magnitude(const py::array_t<Real, py::array::c_style>& values) {
    const py::gil_scoped_release release;
    return static_cast<double>(mot::row_kernels<Real>().largest_magnitude(values.data(), values.size()));
}

}  // namespace

void bind_transport(py::module_& module) {
    module.def("largest_magnitude", &largest_magnitude<double>, py::arg("values").noconvert());
    module.def("largest_magnitude", &largest_magnitude<float>, py::arg("values").noconvert(),
               "The largest absolute value of an array; NaN where there is one.");
    module.def("solve_transport", &solve_transport<double>, py::arg("cost").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("scale"), py::arg("method") = "automatic");
    module.def("solve_transport", &solve_transport<float>, py::arg("cost").noconvert(), py::arg("a").noconvert(),
               py::arg("b").noconvert(), py::arg("scale"), py::arg("method") = "automatic");
}
