/// `_core.Solution`: the arrays of a solved transport and its certificate.
#include <algorithm>

#include "bindings.hpp"

void bind_solution(py::module_& module) {
    using mot::Certificate;
    using mot::Solution;

    py::class_<Certificate>(module, "Certificate")
        .def_readonly("dual_violation", &Certificate::dual_violation)
        .def_readonly("slackness", &Certificate::slackness)
        .def_readonly("marginal_error", &Certificate::marginal_error)
        .def_readonly("duality_gap", &Certificate::duality_gap)
        .def_readonly("tolerance", &Certificate::tolerance)
        .def_property_readonly("is_optimal", &Certificate::is_optimal);

    py::class_<Solution>(module, "Solution", "Arrays are moved out: `take_arrays` answers once.")
        .def_property_readonly("is_optimal", [](const Solution& s) { return s.status == mot::Status::optimal; })
        .def_property_readonly("is_infeasible", [](const Solution& s) { return s.status == mot::Status::infeasible; })
        .def_readonly("cost", &Solution::cost)
        .def_readonly("certificate", &Solution::certificate)
        .def("take_arrays",
             [](Solution& s) {
                 return py::make_tuple(as_array(std::move(s.plan.source)), as_array(std::move(s.plan.target)),
                                       as_array(std::move(s.plan.mass)), as_array(std::move(s.potentials.u)),
                                       as_array(std::move(s.potentials.v)));
             })
        .def("dense_plan", [](const Solution& s) {
            const auto n_columns = static_cast<py::ssize_t>(s.potentials.v.size());
            py::array_t<double> plan({static_cast<py::ssize_t>(s.potentials.u.size()), n_columns});
            double* const mass = plan.mutable_data();
            std::fill(mass, mass + plan.size(), 0.0);
            for (std::size_t k = 0; k < s.plan.mass.size(); ++k)
                mass[s.plan.source[k] * n_columns + s.plan.target[k]] = s.plan.mass[k];
            return plan;
        });
}
