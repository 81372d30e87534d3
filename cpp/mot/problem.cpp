#include "mot/problem.hpp"

#include <algorithm>
#include <numeric>

namespace mot {

Masses Masses::uniform(std::int64_t n_source, std::int64_t n_target) {
    const std::int64_t divisor = std::gcd(n_source, n_target);
    Masses masses;
    masses.source.assign(static_cast<std::size_t>(n_source), static_cast<double>(n_target / divisor));
    masses.target.assign(static_cast<std::size_t>(n_target), static_cast<double>(n_source / divisor));
    masses.unit = static_cast<double>(divisor) / (static_cast<double>(n_source) * static_cast<double>(n_target));
    masses.is_uniform = true;
    return masses;
}

Masses Masses::of(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target) {
    const auto is_constant = [](const double* x, std::int64_t n) {
        return std::all_of(x, x + n, [x](double value) { return value == x[0]; });
    };
    const double sum_a = std::accumulate(a, a + n_source, 0.0);
    if (is_constant(a, n_source) && is_constant(b, n_target)) {
        Masses masses = uniform(n_source, n_target);
        masses.unit *= sum_a;
        return masses;
    }
    const double scale = sum_a / std::accumulate(b, b + n_target, 0.0);
    Masses masses;
    masses.source.assign(a, a + n_source);
    masses.target.assign(b, b + n_target);
    for (double& mass : masses.target) mass *= scale;
    return masses;
}

bool Certificate::is_optimal() const {
    constexpr double marginal_tolerance = 1e-9;
    // Written so that a NaN anywhere means "not optimal".
    return dual_violation <= tolerance && slackness <= tolerance && duality_gap <= tolerance &&
           marginal_error <= marginal_tolerance;
}

}  // namespace mot
