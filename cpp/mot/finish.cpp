#include "mot/finish.hpp"

#include <algorithm>
#include <numeric>

namespace mot {

void centre_potentials(const Masses& masses, Potentials& potentials) {
    const auto mean = [](const std::vector<double>& weights, const std::vector<double>& values) {
        return std::inner_product(weights.begin(), weights.end(), values.begin(), 0.0) /
               std::accumulate(weights.begin(), weights.end(), 0.0);
    };
    const double shift = 0.5 * (mean(masses.source, potentials.u) - mean(masses.target, potentials.v));
    for (double& u : potentials.u) u -= shift;
    for (double& v : potentials.v) v += shift;
}

void forget_potentials(Potentials& potentials) {
    std::fill(potentials.u.begin(), potentials.u.end(), 0.0);
    std::fill(potentials.v.begin(), potentials.v.end(), 0.0);
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
