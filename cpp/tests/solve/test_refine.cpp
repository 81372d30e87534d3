/// Whatever the range of the costs and however bad the start, refining ends at the optimum that exact sums give.
#include "mot/solve/refine.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/types/double_double.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

/// Powers of two: their sums are exact while they span less than 2^53.
Matrix powers(Random& random, std::size_t n, std::size_t m, int highest) {
    Matrix cost(n, m);
    for (double& value : cost.values) value = std::ldexp(1.0, draw(random, 0, highest));
    return cost;
}

/// Plans that fill rows and columns in order: feasible, and nothing else.
mot::Solution staircase(const WholeMasses& masses) {
    mot::Solution start;
    std::vector<long> a = masses.a, b = masses.b;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const long mass = std::min(a[i], b[j]);
        start.plan.source.push_back(static_cast<mot::Node>(i));
        start.plan.target.push_back(static_cast<mot::Node>(j));
        a[i] -= mass;
        b[j] -= mass;
        (a[i] == 0 ? i : j) += 1;
    }
    start.potentials = {std::vector<double>(a.size(), 0.0), std::vector<double>(b.size(), 0.0)};
    return start;
}

double paid(const Matrix& cost, const mot::Solution& solution) {
    double total = 0;
    for (std::size_t k = 0; k < solution.plan.mass.size(); ++k)
        total += solution.plan.mass[k] * cost(to_index(solution.plan.source[k]), to_index(solution.plan.target[k]));
    return total;
}

/// Masses 1, 2, .. : an empty unit would make the staircase carry nothing on an arc.
void test_refined(Random& random, const Matrix& cost) {
    const WholeMasses masses = random_masses(random, cost.n_rows, cost.n_columns, 1, 4);
    const double expected = transport_by_shortest_paths(cost, masses.a, masses.b);
    NeverInterrupt interrupt;
    mot::Masses core = to_whole_core(masses);
    core.unit = 1.0;
    const mot::Solution refined = mot::refine(as_given(cost), core, staircase(masses), interrupt);
    CHECK(refined.status == mot::Status::optimal);
    CHECK(paid(cost, refined) == expected);
    CHECK(paid(cost, mot::refine(as_given(cost), core, {}, interrupt)) == expected);

    mot::Solution solution = mot::solve_dense(as_given(cost), core, interrupt);
    CHECK(solution.status == mot::Status::optimal && solution.certificate.is_optimal());
    CHECK(solution.cost == expected);
}

void test_forbidding(Random& random, std::size_t n, std::size_t m, double forbidding) {
    Matrix cost = whole_costs(random, n, m, 1000);
    for (double& value : cost.values)
        if (draw(random, 1, 100) <= 30) value = forbidding;
    test_refined(random, cost);
}

/// Dear arcs that nobody needs do not enter the potentials.
void test_potentials_stay_small() {
    Matrix cost(4, 4, 1e14);
    for (std::size_t i = 0; i < 4; ++i) cost(i, i) = 1e-3 * static_cast<double>(i + 1);
    NeverInterrupt interrupt;
    const mot::Solution solution = mot::solve_dense(as_given(cost), mot::Masses::uniform(4, 4), interrupt);
    CHECK(solution.status == mot::Status::optimal);
    for (const double u : solution.potentials.u) CHECK(std::abs(u) < 1.0);
    CHECK(solution.certificate.tolerance < 1e-11);
}

/// Costs that underflow when they are multiplied by masses.
void test_denormal_costs(Random& random) {
    const Matrix whole = whole_costs(random, 6, 9, 1000);
    const Matrix cost = times(whole, 5e-324);
    NeverInterrupt interrupt;
    const mot::Masses masses = mot::Masses::uniform(6, 9);
    const mot::Solution tiny = mot::solve_dense(as_given(cost), masses, interrupt);
    const mot::Solution same = mot::solve_dense(as_given(whole), masses, interrupt);
    CHECK(tiny.status == mot::Status::optimal);
    CHECK_NEAR(paid(whole, tiny), same.cost, 1e-9);
}

void test_infeasible() {
    Matrix cost(2, 2, 1.0);
    cost(0, 0) = cost(0, 1) = infinity;
    NeverInterrupt interrupt;
    const mot::Solution solution =
        mot::refine(mot::GivenCost<double>(view_of_cost(cost), 1.0), mot::Masses::uniform(2, 2), {}, interrupt);
    CHECK(solution.status == mot::Status::infeasible);
}

}  // namespace

int main() {
    test_potentials_stay_small();
    test_infeasible();
    Random random(21);
    test_denormal_costs(random);
    for (int round = 0; round < 60; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 12);
        const std::size_t m = draw_size(random, 1, 12);
        test_refined(random, powers(random, n, m, 40));
        for (const double forbidding : {1e6, 1e11, 1e14}) test_forbidding(random, n, m, forbidding);
    }
}
