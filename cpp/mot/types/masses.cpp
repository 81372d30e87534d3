#include "mot/types/masses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>

namespace mot {
namespace {

void check_size(std::int64_t n_source, std::int64_t n_target) {
    if (n_source + n_target > std::numeric_limits<Node>::max())
        throw std::length_error("expected at most 2147483647 units, found " + std::to_string(n_source + n_target));
}

/// The factor that brings the second sum to the first. Numbers that are scaled by it must not over- or underflow.
double levelling_factor(double sum_a, double sum_b) {
    constexpr double most = 1e100;
    const double scale = sum_a / sum_b;
    if (scale < most && scale > 1 / most) return scale;
    std::ostringstream message;
    message << "a and b: expected sums that can be levelled, found " << sum_a << " and " << sum_b;
    throw std::domain_error(message.str());
}

bool are_whole(const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), is_whole);
}

}  // namespace

Masses Masses::uniform(std::int64_t n_source, std::int64_t n_target) {
    check_size(n_source, n_target);
    const std::int64_t divisor = std::gcd(n_source, n_target);
    Masses masses;
    masses.source.assign(static_cast<std::size_t>(n_source), static_cast<double>(n_target / divisor));
    masses.target.assign(static_cast<std::size_t>(n_target), static_cast<double>(n_source / divisor));
    masses.unit = static_cast<double>(divisor) / (static_cast<double>(n_source) * static_cast<double>(n_target));
    masses.is_uniform = true;
    return masses;
}

Masses Masses::from_marginals(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target) {
    const auto is_constant = [](const double* x, std::int64_t n) {
        return std::all_of(x, x + n, [x](double value) { return value == x[0]; });
    };
    const double sum_a = std::accumulate(a, a + n_source, 0.0);
    if (is_constant(a, n_source) && is_constant(b, n_target)) {
        Masses masses = uniform(n_source, n_target);
        masses.unit *= sum_a;
        return masses;
    }
    const double sum_b = std::accumulate(b, b + n_target, 0.0);
    const double factor = levelling_factor(sum_a, sum_b);
    check_size(n_source, n_target);
    Masses masses;
    masses.source.assign(a, a + n_source);
    masses.target.assign(b, b + n_target);
    for (double& mass : masses.target) mass *= factor;
    return masses;
}

Masses Masses::unbalanced(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target) {
    check_size(n_source, n_target);
    Masses masses;
    masses.source.assign(a, a + n_source);
    masses.target.assign(b, b + n_target);
    return masses;
}

double sum_of(const std::vector<double>& masses) {
    return std::accumulate(masses.begin(), masses.end(), 0.0);
}

double total_mass(const Masses& masses) {
    return sum_of(masses.source);
}

bool is_whole(double value) {
    return value == std::floor(value);
}

bool has_whole_masses(const Masses& masses) {
    return are_whole(masses.source) && are_whole(masses.target);
}

}  // namespace mot
