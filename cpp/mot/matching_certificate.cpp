#include "mot/matching_certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mot {
namespace {

/// The larger one; NaN where either is, for which no claim holds.
double worse(double x, double y) {
    return std::isnan(x) || x >= y ? x : y;
}

}  // namespace

Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::vector<double>& u = potentials.u;
    const std::vector<double>& v = potentials.v;
    Certificate certificate;
    double scale = 0;
    for (std::int64_t i = 0; i < cost.n_rows; ++i) {
        const double* row = cost.row(i);
        const double u_i = u[static_cast<std::size_t>(i)];
        for (std::size_t j = 0; j < v.size(); ++j) {
            if (row[j] < infinity) scale = std::max(scale, std::abs(row[j]));
            if (row[j] - v[j] - u_i >= 0) continue;
            certificate.dual_violation = worse(certificate.dual_violation, u_i + v[j] - row[j]);
        }
    }
    double dual = 0;
    for (const double v_j : v) {
        dual += v_j;
        if (cost.n_rows < cost.n_columns) certificate.dual_violation = worse(certificate.dual_violation, v_j);
    }
    std::vector<bool> is_taken(v.size(), false);
    for (std::size_t i = 0; i < u.size(); ++i) {
        const auto j = static_cast<std::size_t>(column_of[i]);
        const double matched = cost(static_cast<std::int64_t>(i), column_of[i]);
        if (is_taken[j] || !(matched < infinity)) certificate.marginal_error = infinity;
        is_taken[j] = true;
        certificate.slackness = worse(certificate.slackness, std::abs(matched - u[i] - v[j]));
        certificate.primal += matched;
        dual += u[i];
    }
    certificate.duality_gap = std::abs(certificate.primal - dual) / static_cast<double>(cost.n_rows);
    certificate.tolerance = 1e-9 * scale;
    return certificate;
}

}  // namespace mot
