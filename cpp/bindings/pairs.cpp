/// `_core.solve_pairs`: the transports of many pairs of layers in one call.
#include "mot/solve/pairs.hpp"

#include <pybind11/stl.h>

#include <cstring>
#include <optional>

#include "bindings.hpp"

mot::Sgemm scipy_sgemm() {
    const py::module_ blas = py::module_::import("scipy.linalg.cython_blas");
    const auto capsule = blas.attr("__pyx_capi__")["sgemm"].cast<py::object>();
    const char* signature = PyCapsule_GetName(capsule.ptr());
    if (!signature) throw py::error_already_set();
    if (std::strncmp(signature, "void (char *, char *, int *, int *, int *, ", 43) != 0)
        throw py::import_error(std::string("scipy.linalg.cython_blas.sgemm has an unknown signature: ") + signature);
    void* pointer = PyCapsule_GetPointer(capsule.ptr(), signature);
    if (!pointer) throw py::error_already_set();
    return reinterpret_cast<mot::Sgemm>(pointer);
}

namespace {

using Layers = std::vector<const mot::StandardizedLayer*>;
using LayerMasses = std::optional<std::vector<py::array_t<double, py::array::c_style>>>;

/// The data of each layer's masses, null where there are none.
std::vector<const double*> masses_of(const Layers& layers, const LayerMasses& masses, const std::string& name) {
    std::vector<const double*> result(layers.size(), nullptr);
    if (!masses) return result;
    bool is_sound = masses->size() == layers.size();
    for (std::size_t l = 0; is_sound && l < layers.size(); ++l) {
        const auto& of_layer = (*masses)[l];
        is_sound = of_layer.ndim() == 1 && of_layer.shape(0) == layers[l]->n_units();
        result[l] = of_layer.data();
    }
    if (!is_sound) throw py::value_error(name + " must be one (n_units,) for each layer");
    return result;
}

std::vector<mot::LayerPair> pairs_of(const Layers& sources, const Layers& targets, const LayerMasses& source_masses,
                                     const LayerMasses& target_masses,
                                     const std::optional<std::vector<std::int64_t>>& most_costs) {
    if (most_costs && most_costs->size() != sources.size() * targets.size())
        throw py::value_error("most_costs_of_pairs must be one number for each pair of layers");
    const std::vector<const double*> a = masses_of(sources, source_masses, "source_masses");
    const std::vector<const double*> b = masses_of(targets, target_masses, "target_masses");
    std::vector<mot::LayerPair> pairs;
    for (std::size_t l = 0; l < sources.size(); ++l)
        for (std::size_t m = 0; m < targets.size(); ++m) {
            if (sources[l]->n_stimuli() != targets[m]->n_stimuli())
                throw py::value_error("layers must have the same number of stimuli");
            pairs.push_back({sources[l], targets[m], a[l], b[m]});
            if (most_costs) pairs.back().most_costs = (*most_costs)[pairs.size() - 1];
        }
    return pairs;
}

/// Mass and price of every pair, one of them infinite.
void set_goals(std::vector<mot::LayerPair>& pairs, const Doubles& goals) {
    if (goals.ndim() != 2 || goals.shape(0) != static_cast<py::ssize_t>(pairs.size()) || goals.shape(1) != 2)
        throw py::value_error("goals must be (n_pairs, 2)");
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        const auto row = static_cast<py::ssize_t>(p);
        pairs[p].goal = mot::PartialGoal{goals.at(row, 0), goals.at(row, 1)};
    }
}

Solutions solve(const std::vector<mot::LayerPair>& pairs, const mot::BatchLimits& limits, const py::object& progress) {
    const mot::Sgemm sgemm = scipy_sgemm();
    Solutions solutions;
    {
        const Unlocked unlocked;
        SignalProgress signals(unlocked, progress.is_none() ? nullptr : progress.ptr());
        solutions.of_pairs = mot::solve_pairs(pairs, sgemm, limits, signals);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solutions;
}

Solutions solve_pairs(const Layers& sources, const Layers& targets, int n_threads, std::int64_t most_costs,
                      std::int64_t most_costs_alone, const py::object& progress, const LayerMasses& source_masses,
                      const LayerMasses& target_masses,
                      const std::optional<std::vector<std::int64_t>>& most_costs_of_pairs,
                      const std::optional<Doubles>& goals) {
    std::vector<mot::LayerPair> pairs = pairs_of(sources, targets, source_masses, target_masses, most_costs_of_pairs);
    if (goals) set_goals(pairs, *goals);
    return solve(pairs, {n_threads, most_costs, most_costs_alone}, progress);
}

using Positions = py::array_t<std::int64_t, py::array::c_style>;

Solutions solve_chosen_pairs(const Layers& layers, const Positions& sources, const Positions& targets,
                             const Positions& most_costs_of_pairs, int n_threads, std::int64_t most_costs,
                             std::int64_t most_costs_alone) {
    const py::ssize_t n_pairs = sources.size();
    for (const Positions* each : {&sources, &targets, &most_costs_of_pairs})
        if (each->ndim() != 1 || each->size() != n_pairs)
            throw py::value_error("sources, targets and most_costs_of_pairs must have one number for each pair");
    const auto layer = [&](std::int64_t position) {
        if (position < 0 || position >= static_cast<std::int64_t>(layers.size()))
            throw py::index_error("no such layer");
        return layers[static_cast<std::size_t>(position)];
    };
    std::vector<mot::LayerPair> pairs;
    for (py::ssize_t p = 0; p < n_pairs; ++p) {
        pairs.push_back({layer(sources.at(p)), layer(targets.at(p))});
        pairs.back().most_costs = most_costs_of_pairs.at(p);
        if (pairs.back().source->n_stimuli() != pairs.back().target->n_stimuli())
            throw py::value_error("layers must have the same number of stimuli");
    }
    return solve(pairs, {n_threads, most_costs, most_costs_alone}, py::none());
}

}  // namespace

void bind_pairs(py::module_& module) {
    module.def("solve_pairs", &solve_pairs, py::arg("sources"), py::arg("targets"), py::arg("n_threads"),
               py::arg("most_costs"), py::arg("most_costs_alone"), py::arg("progress") = py::none(),
               py::arg("source_masses").noconvert() = py::none(), py::arg("target_masses").noconvert() = py::none(),
               py::arg("most_costs_of_pairs") = py::none(), py::arg("goals").noconvert() = py::none(),
               "Solutions of all pairs, row-major; `progress(n_done)` is called from the calling thread. The units of "
               "layers without masses weigh the same. Where goals are given, mass may be left behind.");
    module.def("solve_chosen_pairs", &solve_chosen_pairs, py::arg("layers"), py::arg("sources").noconvert(),
               py::arg("targets").noconvert(), py::arg("most_costs_of_pairs").noconvert(), py::arg("n_threads"),
               py::arg("most_costs"), py::arg("most_costs_alone"),
               "Solutions of the pairs of layers whose positions are given; all units of a layer weigh the same.");
    module.def("processors", &mot::processors);
    module.def("available_threads", &mot::available_threads);
}
