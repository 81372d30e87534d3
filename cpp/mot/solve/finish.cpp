#include "mot/solve/finish.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mot {

void centre_potentials(const Masses& masses, Potentials& potentials) {
    const auto mean = [](const std::vector<double>& weights, const std::vector<double>& values) {
        double sum = 0;
        for (std::size_t k = 0; k < weights.size(); ++k)
            if (weights[k] > 0) sum += weights[k] * values[k];
        return sum / std::accumulate(weights.begin(), weights.end(), 0.0);
    };
    const double shift = 0.5 * (mean(masses.source, potentials.u) - mean(masses.target, potentials.v));
    for (double& u : potentials.u) u -= shift;
    for (double& v : potentials.v) v += shift;
}

double below(double cost, double potential) {
    return cost - potential - std::numeric_limits<double>::epsilon() * (std::abs(cost) + std::abs(potential));
}

void forget_potentials(Potentials& potentials) {
    std::fill(potentials.u.begin(), potentials.u.end(), 0.0);
    std::fill(potentials.v.begin(), potentials.v.end(), 0.0);
}

void reduce(Solution& solution) {
    constexpr double factor = 1 / magnification;
    for (double& u : solution.potentials.u) u *= factor;
    for (double& v : solution.potentials.v) v *= factor;
    Certificate& certificate = solution.certificate;
    for (double* figure :
         {&solution.cost, &certificate.dual_violation, &certificate.slackness, &certificate.duality_gap,
          &certificate.primal, &certificate.cost_scale, &certificate.tolerance})
        *figure *= factor;
}

void sort_arcs(Solution& solution) {
    std::vector<std::size_t> order(solution.mass.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
        return solution.source[x] != solution.source[y] ? solution.source[x] < solution.source[y]
                                                        : solution.target[x] < solution.target[y];
    });
    Solution sorted = solution;
    for (std::size_t k = 0; k < order.size(); ++k) {
        sorted.source[k] = solution.source[order[k]];
        sorted.target[k] = solution.target[order[k]];
        sorted.mass[k] = solution.mass[order[k]];
    }
    solution = std::move(sorted);
}

}  // namespace mot
