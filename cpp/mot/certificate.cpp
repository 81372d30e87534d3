#include "mot/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mot/cost.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/sparse_cost.hpp"

namespace mot {
namespace {

/// All figures but the dual violation: they concern the arcs that carry mass only.
template <class Cost>
void measure_plan(const Cost& cost, const Masses& masses, const Solution& solution, Certificate& certificate) {
    const std::vector<double>& u = solution.potentials.u;
    const std::vector<double>& v = solution.potentials.v;
    std::vector<double> row_error(u.size());
    std::vector<double> column_error(v.size());
    for (std::size_t i = 0; i < u.size(); ++i) row_error[i] = -masses.source[i] * masses.unit;
    for (std::size_t j = 0; j < v.size(); ++j) column_error[j] = -masses.target[j] * masses.unit;
    bool is_non_negative = true;
    for (std::size_t k = 0; k < solution.mass.size(); ++k) {
        const auto i = static_cast<std::size_t>(solution.source[k]);
        const auto j = static_cast<std::size_t>(solution.target[k]);
        const double arc_cost = cost.exact(solution.source[k], solution.target[k]);
        is_non_negative = is_non_negative && solution.mass[k] >= 0;
        row_error[i] += solution.mass[k];
        column_error[j] += solution.mass[k];
        certificate.primal += solution.mass[k] * arc_cost;
        certificate.slackness = Certificate::worse(certificate.slackness, std::abs(arc_cost - u[i] - v[j]));
    }
    double dual = 0;
    double total = 0;
    for (std::size_t i = 0; i < u.size(); ++i) {
        certificate.marginal_error = Certificate::worse(certificate.marginal_error, std::abs(row_error[i]));
        dual += masses.source[i] * masses.unit * u[i];
        total += masses.source[i] * masses.unit;
    }
    for (std::size_t j = 0; j < v.size(); ++j) {
        certificate.marginal_error = Certificate::worse(certificate.marginal_error, std::abs(column_error[j]));
        dual += masses.target[j] * masses.unit * v[j];
    }
    certificate.marginal_error /= total;
    certificate.duality_gap = std::abs(certificate.primal - dual) / total;
    if (!is_non_negative) certificate.marginal_error = std::numeric_limits<double>::infinity();
}

}  // namespace

template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Solution& solution, Interrupt& interrupt) {
    const std::vector<double>& u = solution.potentials.u;
    const std::vector<double>& v = solution.potentials.v;
    Certificate certificate;
    certificate.tolerance = cost.certificate_tolerance();

    const auto is_every_row = [](std::int64_t) { return true; };
    std::vector<Node> doubtful(v.size());
    cost.for_each_row(interrupt, is_every_row, [&](std::int64_t i, const typename Cost::Value* row) {
        const double u_i = u[static_cast<std::size_t>(i)];
        const std::int64_t n_doubtful = row_kernels<typename Cost::Value>().find_violated(
            row, v.data(), cost.n_columns(), u_i + cost.margin(), doubtful.data());
        for (std::int64_t k = 0; k < n_doubtful; ++k) {
            const Node j = doubtful[static_cast<std::size_t>(k)];
            const double exact = cost.margin() > 0 ? cost.exact(i, j) : static_cast<double>(row[j]);
            const double excess = u_i + v[static_cast<std::size_t>(j)] - exact;
            certificate.dual_violation = Certificate::worse(certificate.dual_violation, excess);
        }
    });
    measure_plan(cost, masses, solution, certificate);
    return certificate;
}

template <>
Certificate certify(const SparseCost& cost, const Masses& masses, const Solution& solution, Interrupt&) {
    const std::vector<double>& u = solution.potentials.u;
    const std::vector<double>& v = solution.potentials.v;
    Certificate certificate;
    certificate.tolerance = cost.certificate_tolerance();
    cost.for_each_arc([&](Node i, Node j, double value) {
        const double excess = u[static_cast<std::size_t>(i)] + v[static_cast<std::size_t>(j)] - value;
        certificate.dual_violation = Certificate::worse(certificate.dual_violation, excess);
    });
    measure_plan(cost, masses, solution, certificate);
    return certificate;
}

template Certificate certify(const GivenCost<float>&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const GivenCost<double>&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const CorrelationCost&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const ExactCorrelationCost&, const Masses&, const Solution&, Interrupt&);

}  // namespace mot
