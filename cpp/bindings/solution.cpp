/// `_core.Solution`: the arrays of a solved transport and its certificate. `_core.Solutions`: those of many, end to
/// end.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "bindings.hpp"

namespace {

constexpr py::ssize_t n_figures = 5;

/// The figures of a certificate in the order of Python's.
std::array<double, n_figures> figures_in(const mot::Certificate& found) {
    return {found.dual_violation, found.slackness, found.duality_gap, found.marginal_error, found.tolerance};
}

py::array_t<double> costs_of(const Solutions& solutions) {
    std::vector<double> costs;
    costs.reserve(solutions.of_pairs.size());
    for (const mot::Solution& each : solutions.of_pairs) costs.push_back(each.cost);
    return as_array(std::move(costs));
}

py::array_t<double> prices_of(const Solutions& solutions) {
    std::vector<double> prices;
    prices.reserve(solutions.of_pairs.size());
    for (const mot::Solution& each : solutions.of_pairs) prices.push_back(each.price);
    return as_array(std::move(prices));
}

py::array_t<double> certificates_of(const Solutions& solutions) {
    py::array_t<double> figures({static_cast<py::ssize_t>(solutions.of_pairs.size()), n_figures});
    double* next = figures.mutable_data();
    for (const mot::Solution& each : solutions.of_pairs)
        for (const double figure : figures_in(each.certificate)) *next++ = figure;
    return figures;
}

std::optional<std::size_t> first_unproven(const Solutions& solutions) {
    for (std::size_t p = 0; p < solutions.of_pairs.size(); ++p)
        if (solutions.of_pairs[p].status != mot::Status::optimal) return p;
    return std::nullopt;
}

/// One vector of every solution, end to end; what has been copied is freed.
template <class VectorOf>
auto joined(Solutions& solutions, VectorOf vector_of) {
    std::size_t size = 0;
    for (mot::Solution& each : solutions.of_pairs) size += vector_of(each).size();
    std::decay_t<decltype(vector_of(solutions.of_pairs.front()))> all;
    all.reserve(size);
    for (mot::Solution& each : solutions.of_pairs) {
        auto& part = vector_of(each);
        all.insert(all.end(), part.begin(), part.end());
        part = {};
    }
    return as_array(std::move(all));
}

py::tuple take_plans(Solutions& solutions) {
    std::vector<std::int64_t> entries;
    entries.reserve(solutions.of_pairs.size());
    for (const mot::Solution& each : solutions.of_pairs) entries.push_back(static_cast<std::int64_t>(each.plan.size()));
    return py::make_tuple(as_array(std::move(entries)),
                          joined(solutions, [](mot::Solution& s) -> auto& { return s.plan.source; }),
                          joined(solutions, [](mot::Solution& s) -> auto& { return s.plan.target; }),
                          joined(solutions, [](mot::Solution& s) -> auto& { return s.plan.mass; }),
                          joined(solutions, [](mot::Solution& s) -> auto& { return s.potentials.u; }),
                          joined(solutions, [](mot::Solution& s) -> auto& { return s.potentials.v; }));
}

}  // namespace

void bind_solution(py::module_& module) {
    using mot::Certificate;
    using mot::Solution;

    py::class_<Certificate>(module, "Certificate")
        .def_readonly("dual_violation", &Certificate::dual_violation)
        .def_readonly("slackness", &Certificate::slackness)
        .def_readonly("marginal_error", &Certificate::marginal_error)
        .def_readonly("duality_gap", &Certificate::duality_gap)
        .def_readonly("tolerance", &Certificate::tolerance)
        .def_property_readonly(
            "figures",
            [](const Certificate& c) {
                return std::apply([](auto... figures) { return py::make_tuple(figures...); }, figures_in(c));
            },
            "As `Certificate` of Python orders them.")
        .def_property_readonly("is_optimal", &Certificate::is_optimal);

    py::class_<Solution>(module, "Solution", "Arrays are moved out: `take_arrays` answers once.")
        .def_property_readonly("is_optimal", [](const Solution& s) { return s.status == mot::Status::optimal; })
        .def_property_readonly("is_infeasible", [](const Solution& s) { return s.status == mot::Status::infeasible; })
        .def_readonly("cost", &Solution::cost)
        .def_readonly("certificate", &Solution::certificate)
        .def_readonly("price", &Solution::price)
        .def("take_left_behind",
             [](Solution& s) {
                 return py::make_tuple(as_array(std::move(s.left_at_source)), as_array(std::move(s.left_at_target)));
             })
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

    py::class_<Solutions>(module, "Solutions", "Plans are moved out: `take_plans` answers once.")
        .def(py::init([](const std::vector<Solution*>& solved_apart) {
                 Solutions all;
                 for (Solution* each : solved_apart) all.of_pairs.push_back(std::move(*each));
                 return all;
             }),
             py::arg("solved_apart"), "Leaves nothing in the solutions given.")
        .def("__len__", [](const Solutions& s) { return s.of_pairs.size(); })
        .def(
            "__getitem__",
            [](Solutions& s, std::size_t p) -> Solution& {
                if (p >= s.of_pairs.size()) throw py::index_error("no such pair");
                return s.of_pairs[p];
            },
            py::return_value_policy::reference_internal)
        .def_property_readonly("costs", &costs_of)
        .def_property_readonly("prices", &prices_of)
        .def_property_readonly("certificates", &certificates_of, "(n, 5): as `Certificate` of Python orders them.")
        .def("first_unproven", &first_unproven)
        .def("take_plans", &take_plans, "Entries of each plan; then rows, columns, mass, u and v, end to end.");
}
