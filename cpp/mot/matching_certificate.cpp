#include "mot/matching_certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

/// 0 where all costs are infinite.
double largest_finite_magnitude(const double* costs, std::int64_t n) {
    const double largest = row_kernels<double>().largest_magnitude(costs, n);
    if (std::isfinite(largest)) return largest;
    double largest_finite = 0;
    for (std::int64_t k = 0; k < n; ++k)
        if (std::isfinite(costs[k])) largest_finite = std::max(largest_finite, std::abs(costs[k]));
    return largest_finite;
}

}  // namespace

Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::vector<double>& u = potentials.u;
    const std::vector<double>& v = potentials.v;
    Certificate certificate;
    double scale = 0;
    std::vector<Node> doubtful(v.size());
    for (std::int64_t i = 0; i < cost.n_rows; ++i) {
        const double u_i = u[static_cast<std::size_t>(i)];
        scale = std::max(scale, largest_finite_magnitude(cost.row(i), cost.n_columns));
        const std::int64_t n_doubtful =
            row_kernels<double>().find_violated(cost.row(i), v.data(), cost.n_columns, u_i, doubtful.data());
        for (std::int64_t k = 0; k < n_doubtful; ++k) {
            const Node j = doubtful[static_cast<std::size_t>(k)];
            const double excess = u_i + v[static_cast<std::size_t>(j)] - cost(i, j);
            certificate.dual_violation = Certificate::worse(certificate.dual_violation, excess);
        }
    }
    double dual = 0;
    for (const double v_j : v) {
        dual += v_j;
        if (cost.n_rows < cost.n_columns)
            certificate.dual_violation = Certificate::worse(certificate.dual_violation, v_j);
    }
    std::vector<bool> is_taken(v.size(), false);
    for (std::size_t i = 0; i < u.size(); ++i) {
        const auto j = static_cast<std::size_t>(column_of[i]);
        const double matched = cost(static_cast<std::int64_t>(i), column_of[i]);
        if (is_taken[j] || !(matched < infinity)) certificate.marginal_error = infinity;
        is_taken[j] = true;
        certificate.slackness = Certificate::worse(certificate.slackness, std::abs(matched - u[i] - v[j]));
        certificate.primal += matched;
        dual += u[i];
    }
    certificate.duality_gap = std::abs(certificate.primal - dual) / static_cast<double>(cost.n_rows);
    certificate.tolerance = 1e-9 * scale;
    return certificate;
}

}  // namespace mot
