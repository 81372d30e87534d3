/// `_core.StandardizedLayer` and `_core.first_nonfinite`: one layer's activations, read where they lie; and the
/// products that screen the costs of layers standardized from then on.
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "mot/costs/standardized_layer.hpp"
#include "mot/kernels/integer_products.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/half.hpp"

namespace {

using Rows = std::optional<py::array_t<std::int64_t, py::array::c_style>>;

template <class Real>
mot::ActivationsView<Real> view_of(const py::array& activations, const Rows& rows) {
    const auto stride = [&](int axis) {
        if (activations.strides(axis) % static_cast<py::ssize_t>(sizeof(Real)) != 0)
            throw py::value_error("strides must be whole elements");
        return activations.strides(axis) / static_cast<py::ssize_t>(sizeof(Real));
    };
    mot::ActivationsView<Real> view{static_cast<const Real*>(activations.data()),
                                    activations.shape(0),
                                    activations.shape(1),
                                    stride(0),
                                    stride(1),
                                    nullptr};
    if (!rows) return view;
    for (py::ssize_t t = 0; t < rows->shape(0); ++t)
        if (rows->at(t) < 0 || rows->at(t) >= activations.shape(0)) throw py::index_error("rows out of range");
    view.n_stimuli = rows->shape(0);
    view.rows = rows->data();
    return view;
}

/// Calls `work` with a view of the array's own element type and an interrupt, without the GIL.
template <class Work>
auto with_view(const py::array& activations, const Rows& rows, Work work) {
    if (activations.ndim() != 2 || (rows && rows->ndim() != 1))
        throw py::value_error("activations must be two-dimensional and rows one-dimensional");
    const auto run = [&](auto view) {
        auto result = [&] {
            const Unlocked unlocked;
            SignalInterrupt interrupt(unlocked);
            return work(view, &interrupt);
        }();
        if (PyErr_Occurred()) throw py::error_already_set();
        return result;
    };
    constexpr int numpy_half = 23;  // NPY_HALF, for which pybind11 has no type
    const py::dtype type = activations.dtype();
    if (type.byteorder() == '=') {
        if (type.num() == numpy_half) return run(view_of<mot::Half>(activations, rows));
        if (type.num() == py::dtype::of<float>().num()) return run(view_of<float>(activations, rows));
        if (type.num() == py::dtype::of<double>().num()) return run(view_of<double>(activations, rows));
    }
    throw py::type_error("activations must be native float16, float32 or float64");
}

const std::string single_precision = "float32";
const std::string fastest = "auto";
/// The environment variable that pins the products of a process, and of all that inherit its environment.
const std::string products_variable = "MOT_FAST_PRODUCTS";
std::atomic<const mot::IntegerProducts*> products_in_use{nullptr};

std::string name_of(const mot::IntegerProducts* products) {
    return products ? products->name : single_precision;
}

std::vector<std::string> available_products() {
    std::vector<std::string> names{single_precision};
    for (const mot::IntegerProducts* const* each = mot::available_integer_products(); *each; ++each)
        names.emplace_back((*each)->name);
    return names;
}

/// `what` is the argument or variable that the name is the value of, for the error.
void use_products(const std::string& name, const std::string& what) {
    if (name == fastest) {
        products_in_use = mot::fastest_integer_products();
        return;
    }
    if (name == single_precision) {
        products_in_use = nullptr;
        return;
    }
    for (const mot::IntegerProducts* const* each = mot::available_integer_products(); *each; ++each)
        if (name == (*each)->name) {
            products_in_use = *each;
            return;
        }
    std::string names = "'" + fastest + "'";
    for (const std::string& each : available_products()) names += ", '" + each + "'";
    throw py::value_error(what + ": expected products that this processor runs, one of " + names + ", found '" + name +
                          "'");
}

/// An empty variable counts as none. Python knows the environment as the process has changed it, on every system.
void use_products_of_environment() {
    const auto value = py::module_::import("os").attr("environ").attr("get")(products_variable, "").cast<std::string>();
    use_products(value.empty() ? fastest : value, products_variable);
}

}  // namespace

void bind_layer(py::module_& module) {
    using mot::StandardizedLayer;

    py::class_<StandardizedLayer>(module, "StandardizedLayer")
        .def(py::init([](const py::array& activations, const Rows& rows, int n_threads) {
                 if (n_threads < 1) throw py::value_error("n_threads must be positive");
                 const mot::Workers workers(std::min(n_threads, mot::processors()));
                 return with_view(activations, rows, [&](const auto& view, mot::Interrupt* interrupt) {
                     return StandardizedLayer(view, interrupt, products_in_use, workers);
                 });
             }),
             py::arg("activations"), py::arg("rows") = py::none(), py::arg("n_threads") = 1)
        .def_property_readonly("mean",
                               [](const StandardizedLayer& s) { return as_array(std::vector<double>(s.mean())); })
        .def_property_readonly("deviation",
                               [](const StandardizedLayer& s) { return as_array(std::vector<double>(s.deviation())); });

    module.def(
        "first_nonfinite",
        [](const py::array& activations, const Rows& rows) -> std::optional<std::pair<std::int64_t, std::int64_t>> {
            const auto found = with_view(activations, rows, [](const auto& view, mot::Interrupt* interrupt) {
                return mot::first_nonfinite(view, interrupt);
            });
            if (!found) return std::nullopt;
            return std::make_pair(found->stimulus, found->unit);
        },
        py::arg("activations"), py::arg("rows") = py::none(), "(stimulus, unit) of the first NaN or infinity, or None");

    use_products_of_environment();
    module.def("products", [] { return name_of(products_in_use); }, "Name of the products in use");
    module.def("available_products", &available_products, "Names of all that this processor runs, plainest first");
    module.def(
        "use_products", [](const std::string& name) { use_products(name, "name"); }, py::arg("name"),
        "Choose the products, by name or 'auto', that screen the costs of layers standardized from then on");
    module.def("kernels", [] { return mot::kernels().name; }, "Name of the instruction set that the loops are in");
}
