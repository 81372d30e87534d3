/// The extension `mot_fast._core`: its table of contents.
#include "bindings.hpp"

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "Compiled core of mot_fast; private. Arguments are checked in mot_fast._validate.";
    bind_unlocked(module);
    bind_solution(module);
    bind_transport(module);
    bind_assignment(module);
    bind_layer(module);
    bind_pairs(module);
    bind_points(module);
    bind_partial(module);
    bind_many(module);
}
