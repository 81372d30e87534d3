#include "mot/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mot/cost.hpp"
#include "mot/sparse_cost.hpp"

namespace mot {

namespace {

/// The larger one; NaN where either is, for which no claim holds.
double worse(double x, double y) {
    return std::isnan(x) || x >= y ? x : y;
}

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
        certificate.slackness = worse(certificate.slackness, std::abs(arc_cost - u[i] - v[j]));
    }
    double dual = 0;
    double total = 0;
    for (std::size_t i = 0; i < u.size(); ++i) {
        certificate.marginal_error = worse(certificate.marginal_error, std::abs(row_error[i]));
        dual += masses.source[i] * masses.unit * u[i];
        total += masses.source[i] * masses.unit;
    }
    for (std::size_t j = 0; j < v.size(); ++j) {
        certificate.marginal_error = worse(certificate.marginal_error, std::abs(column_error[j]));
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
    cost.for_each_row(interrupt, is_every_row, [&](std::int64_t i, const typename Cost::Value* row) {
        const double u_i = u[static_cast<std::size_t>(i)];
        const auto is_cleared = [&](std::size_t j) {
            return static_cast<double>(row[j]) - v[j] - u_i >= cost.margin();
        };
        constexpr std::size_t block = 64;  // in which all arcs are usually cleared at once
        for (std::size_t first = 0; first < v.size(); first += block) {
            const std::size_t end = std::min(first + block, v.size());
            bool all_cleared = true;
            for (std::size_t j = first; j < end; ++j) all_cleared &= is_cleared(j);
            if (all_cleared) continue;
            for (std::size_t j = first; j < end; ++j)
                if (!is_cleared(j))
                    certificate.dual_violation =
                        worse(certificate.dual_violation, u_i + v[j] - cost.exact(i, static_cast<std::int64_t>(j)));
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
        certificate.dual_violation = worse(certificate.dual_violation, excess);
    });
    measure_plan(cost, masses, solution, certificate);
    return certificate;
}

template Certificate certify(const GivenCost<float>&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const GivenCost<double>&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const CorrelationCost&, const Masses&, const Solution&, Interrupt&);

}  // namespace mot
