/// Potentials to start from, good ones and bad ones: they cost time, never the answer.
#include "mot/solve/warm_start.hpp"

#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "mot/solve/finish.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Potentials;
using mot::Solution;

struct Problem {
    Matrix cost;
    WholeMasses masses;
};

Matrix real_costs(Random& random, std::size_t n, std::size_t m) {
    Matrix cost(n, m);
    for (double& value : cost.values) value = draw_real(random, 0.0, 1.0);
    return cost;
}

double sum_of(const std::vector<long>& masses) {
    return static_cast<double>(std::accumulate(masses.begin(), masses.end(), 0L));
}

/// By the warm start alone, whatever the policy says; nothing if it finds the potentials to be of no use.
std::optional<Solution> solve_from(const Problem& problem, const Potentials& start) {
    NeverInterrupt interrupt;
    const mot::GivenCost<double> cost = as_given(problem.cost);
    const mot::Masses masses = to_core(problem.masses);
    const std::optional<Solution> solution = mot::solve_from_potentials(cost, masses, start, interrupt);
    if (!solution) return std::nullopt;
    return mot::settle(cost, masses, *solution, interrupt);
}

void check_answer(const Problem& problem, const Solution& solution, double expected) {
    const double tolerance = 1e-12 * problem.cost.scale();
    const std::vector<double> a = to_real(problem.masses.a);
    check_optimal(problem.cost, a, to_real(problem.masses.b), solution, tolerance);
    CHECK_NEAR(solution.cost, expected, tolerance * sum_of(problem.masses.a));
}

/// Whatever the start, the answer is that of no start, also where the policy decides.
void check_start(const Problem& problem, const Potentials& start, double expected) {
    if (const std::optional<Solution> solution = solve_from(problem, start)) check_answer(problem, *solution, expected);
    NeverInterrupt interrupt;
    check_answer(
        problem,
        mot::solve_dense(as_given(problem.cost), to_core(problem.masses), interrupt, mot::Method::automatic, &start),
        expected);
}

Potentials shifted(Potentials potentials, double shift) {
    for (double& u : potentials.u) u += shift;
    for (double& v : potentials.v) v -= shift;
    return potentials;
}

Potentials times(Potentials potentials, double factor) {
    for (double& u : potentials.u) u *= factor;
    for (double& v : potentials.v) v *= factor;
    return potentials;
}

Potentials perturbed(Random& random, Potentials potentials, double most) {
    for (std::vector<double>* side : {&potentials.u, &potentials.v})
        for (double& potential : *side) potential += draw_real(random, -most, most);
    return potentials;
}

void test_starts(Random& random, const Problem& problem) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const Solution cold = solve_matrix(problem.cost, to_core(problem.masses));
    const Potentials& optimal = cold.potentials;
    const double scale = problem.cost.scale();
    check_start(problem, optimal, cold.cost);
    for (const double most : {1e-12, 1e-6, 1e-2, 1.0, 100.0})
        check_start(problem, perturbed(random, optimal, most * scale), cold.cost);
    for (const double shift : {scale, 1e6 * scale, -1e12 * scale, 1e300})
        check_start(problem, shifted(optimal, shift), cold.cost);
    for (const double factor : {-1.0, 0.0, 2.0, 1e300, 1e-320}) check_start(problem, times(optimal, factor), cold.cost);
    for (const double value : {nan, infinity, -infinity, 1e300, -3.9 * scale, 3.9 * scale}) {
        Potentials one = optimal;
        one.v[draw_size(random, 0, one.v.size() - 1)] = value;
        check_start(problem, one, cold.cost);
        one = optimal;
        one.u[draw_size(random, 0, one.u.size() - 1)] = value;
        check_start(problem, one, cold.cost);
    }
    check_start(problem, {optimal.v, optimal.u}, cold.cost);
    check_start(problem, {}, cold.cost);
}

void test_families(Random& random, std::size_t n, std::size_t m) {
    for (const WholeMasses& masses : {uniform_masses(n, m), random_masses(random, n, m, 1, 1000),
                                      random_masses(random, n, m, 0, 2), random_masses(random, n, m, 0, 1)}) {
        test_starts(random, {real_costs(random, n, m), masses});
        test_starts(random, {whole_costs(random, n, m, 1000), masses});
        test_starts(random, {whole_costs(random, n, m, 2), masses});
        test_starts(random, {Matrix(n, m, 0.0), masses});
        test_starts(random, {Matrix(n, m, 7.0), masses});
        test_starts(random, {times(whole_costs(random, n, m, 50), 1e-200), masses});
        test_starts(random, {plus(whole_costs(random, n, m, 50), 1e8), masses});
    }
}

/// Potentials that are optimal, or nearly so, are of use: nothing else is left to be searched for.
void test_use(Random& random, std::size_t n, std::size_t m, const WholeMasses& masses) {
    const Problem problem{real_costs(random, n, m), masses};
    const Solution cold = solve_matrix(problem.cost, to_core(masses));
    CHECK(solve_from(problem, cold.potentials).has_value());
    CHECK(solve_from(problem, shifted(cold.potentials, 1e3)).has_value());

    Problem like_it = problem;
    for (double& cost : like_it.cost.values) cost *= draw_real(random, 0.999, 1.001);
    const std::optional<Solution> solution = solve_from(like_it, cold.potentials);
    CHECK(solution.has_value());
    check_answer(like_it, *solution, solve_matrix(like_it.cost, to_core(masses)).cost);
}

/// Those that tell nothing are noticed.
void test_no_use(Random& random) {
    const Problem problem{real_costs(random, 60, 60), uniform_masses(60, 60)};
    const std::vector<double> noise = real_costs(random, 1, 60).values;
    CHECK(!solve_from(problem, {noise, noise}));
    CHECK(!solve_from(problem, {std::vector<double>(60, 1e300), std::vector<double>(60, 1e300)}));
    CHECK(!solve_from(problem, {std::vector<double>(59, 0.0), std::vector<double>(60, 0.0)}));
    CHECK(!solve_from(problem, {std::vector<double>(60, 0.0), std::vector<double>(61, 0.0)}));
}

/// What is interrupted says so, and is not started again without the potentials.
void test_interrupt(Random& random) {
    for (const WholeMasses& masses : {uniform_masses(50, 50), random_masses(random, 50, 50, 1, 1000)}) {
        const Problem problem{real_costs(random, 50, 50), masses};
        const Potentials start = solve_matrix(problem.cost, to_core(masses)).potentials;
        const mot::GivenCost<double> cost = as_given(problem.cost);
        for (int n = 1; n < 1000; ++n) {
            StopAt stop(n);
            const std::optional<Solution> solution = mot::solve_from_potentials(cost, to_core(masses), start, stop);
            CHECK(solution.has_value());
            if (solution->status == mot::Status::optimal) break;
            CHECK(solution->status == mot::Status::interrupted && solution->plan.mass.empty());
            CHECK(n < 999);
        }
    }
}

}  // namespace

int main() {
    Random random(21);
    case_name = "use";
    test_use(random, 60, 60, uniform_masses(60, 60));
    test_use(random, 60, 90, uniform_masses(60, 90));
    test_use(random, 90, 60, random_masses(random, 90, 60, 1, 1000));
    test_use(random, 30, 400, random_masses(random, 30, 400, 1, 1000));
    test_use(random, 400, 30, random_masses(random, 400, 30, 1, 1000));
    test_use(random, 20, 240, uniform_masses(20, 240));
    test_no_use(random);
    case_name = "interrupt";
    test_interrupt(random);
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{1, 1},
                               {1, 7},
                               {7, 1},
                               {2, 3},
                               {12, 12},
                               {9, 24},
                               {30, 17},
                               {40, 40},
                               {7, 80}}) {
        case_name = std::to_string(n) + " x " + std::to_string(m);
        test_families(random, n, m);
    }
}
