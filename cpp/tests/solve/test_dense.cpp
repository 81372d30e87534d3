/// Simplex = assignment = brute force on small problems of every kind that has been known to break a solver.
#include "mot/solve/dense.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/problems.hpp"

namespace {

using mot::Method;

/// Whole-numbered costs and what the solver is given instead: every cost times `factor`, plus `shift`.
struct Case {
    Matrix cost;
    WholeMasses masses;
    double factor = 1.0;
    double shift = 0.0;
};

Matrix given_cost(const Case& problem) {
    Matrix cost = problem.cost;
    for (double& value : cost.values) value = value * problem.factor + problem.shift;
    return cost;
}

double expected_cost(const Case& problem) {
    const long total = std::accumulate(problem.masses.a.begin(), problem.masses.a.end(), 0L);
    return problem.factor * transport_by_shortest_paths(problem.cost, problem.masses.a, problem.masses.b) +
           problem.shift * static_cast<double>(total);
}

void check_solution(const Case& problem, const mot::Solution& solution) {
    const Matrix cost = given_cost(problem);
    const std::vector<double> a = to_real(problem.masses.a);
    const double tolerance = 1e-13 * cost.scale();
    check_optimal(cost, a, to_real(problem.masses.b), solution, tolerance);
    CHECK_NEAR(solution.cost, expected_cost(problem), tolerance * std::accumulate(a.begin(), a.end(), 0.0));
}

void test_both_methods(const Case& problem) {
    const Matrix cost = given_cost(problem);
    for (const mot::Method method : all_methods)
        check_solution(problem, solve_matrix(cost, to_core(problem.masses), method));
}

void test_single_precision(const Case& problem) {
    const std::vector<float> values(problem.cost.values.begin(), problem.cost.values.end());
    const mot::MatrixView<double> shape = view_of_cost(problem.cost);
    NeverInterrupt interrupt;
    const mot::GivenCost<float> cost({values.data(), shape.n_rows, shape.n_columns}, problem.cost.scale());
    for (const mot::Method method : all_methods)
        check_solution(problem, mot::solve_dense(cost, to_core(problem.masses), interrupt, method));
}

Matrix with_duplicated_rows(Matrix cost) {
    for (std::size_t i = 1; i < cost.n_rows; i += 2)
        for (std::size_t j = 0; j < cost.n_columns; ++j) cost(i, j) = cost(i - 1, j);
    return cost;
}

void test_kinds_of_cost(Random& random, const WholeMasses& masses) {
    const std::size_t n = masses.a.size();
    const std::size_t m = masses.b.size();
    test_both_methods({whole_costs(random, n, m, 1000), masses});
    test_both_methods({whole_costs(random, n, m, 2), masses});
    test_both_methods({Matrix(n, m, 0.0), masses});
    test_both_methods({Matrix(n, m, 7.0), masses});
    test_both_methods({with_duplicated_rows(whole_costs(random, n, m, 1000)), masses});
    for (const double factor : {1e12, 1e-12, 1e100, 1e-100, 0.1, 1.0 / 3.0})
        test_both_methods({whole_costs(random, n, m, draw(random, 2, 50)), masses, factor});
    test_both_methods({whole_costs(random, n, m, 50), masses, 1.0, 1e8});
    test_both_methods({whole_costs(random, n, m, 50), masses, 1.0, -1e8});
    test_both_methods({whole_costs(random, n, m, 3), masses, 0.1, 1e8});
    test_single_precision({whole_costs(random, n, m, 1000), masses});
}

void test_kinds_of_masses(Random& random, std::size_t n, std::size_t m) {
    test_kinds_of_cost(random, uniform_masses(n, m));
    test_kinds_of_cost(random, random_masses(random, n, m, 1, 3));
    test_kinds_of_cost(random, random_masses(random, n, m, 1, 1000000));
    test_kinds_of_cost(random, random_masses(random, n, m, 0, 2));

    WholeMasses lonely{std::vector<long>(n, 0), std::vector<long>(m, 0)};
    lonely.a[draw_size(random, 0, n - 1)] = 5;
    lonely.b[draw_size(random, 0, m - 1)] = 5;
    test_kinds_of_cost(random, lonely);
}

/// The shortest paths are themselves held to the permutations.
void test_permutations(Random& random, std::size_t n) {
    const Matrix cost = whole_costs(random, n, n, n % 2 == 0 ? 3 : 1000);
    const double expected = assignment_by_permutations(cost);
    const WholeMasses masses = uniform_masses(n, n);
    CHECK(transport_by_shortest_paths(cost, masses.a, masses.b) == expected);
    for (const mot::Method method : all_methods)
        CHECK_NEAR(solve_matrix(cost, to_core(masses), method).cost, expected, 1e-9);
}

/// Marginals of total 1 come back as they were given, not as counted.
void test_unit_of_mass(Random& random) {
    const Matrix cost = whole_costs(random, 4, 6, 100);
    const mot::Solution solution = solve_matrix(cost, mot::Masses::uniform(4, 6));
    check_optimal(cost, std::vector<double>(4, 1.0 / 4), std::vector<double>(6, 1.0 / 6), solution, 1e-11);
}

/// Both sides get half of the total of the duals.
void test_potentials_are_centred(Random& random) {
    const WholeMasses masses = random_masses(random, 5, 7, 0, 4);
    const mot::Solution solution = solve_matrix(whole_costs(random, 5, 7, 100), to_core(masses));
    const std::vector<double> a = to_real(masses.a);
    const std::vector<double> b = to_real(masses.b);
    const auto& [u, v] = solution.potentials;
    CHECK_NEAR(std::inner_product(a.begin(), a.end(), u.begin(), 0.0),
               std::inner_product(b.begin(), b.end(), v.begin(), 0.0), 1e-10);
}

/// No plan has marginals of different sums: whatever comes back is not called optimal.
void test_unequal_sums_are_not_proven(Random& random) {
    const mot::Masses equal = to_core(random_masses(random, 4, 5, 1, 3));
    for (const double surplus : {0.001, 10.0}) {
        mot::Masses masses = equal;
        (surplus < 1 ? masses.target : masses.source)[2] += surplus;
        const mot::Solution solution = solve_matrix(whole_costs(random, 4, 5, 100), masses);
        CHECK(solution.status == mot::Status::not_proven);
        CHECK(!solution.certificate.is_optimal());
    }
}

/// Masses of the kinds that are solved in different ways: equal ones, whole and real ones, and none here and there.
std::vector<mot::Masses> kinds_of_masses(Random& random, std::size_t n, std::size_t m) {
    std::vector<double> a(n), b(m);
    for (std::vector<double>* side : {&a, &b}) {
        for (double& mass : *side) mass = draw_real(random, 0.0, 1.0);
        const double total = std::accumulate(side->begin(), side->end(), 0.0);
        for (double& mass : *side) mass /= total;
    }
    return {
        mot::Masses::uniform(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m)),
        to_core(random_masses(random, n, m, 1, 5)), to_core(random_masses(random, n, m, 0, 1)),
        mot::Masses::from_marginals(a.data(), static_cast<std::int64_t>(n), b.data(), static_cast<std::int64_t>(m))};
}

/// In the caller's unit of mass.
std::vector<double> in_unit(std::vector<double> masses, double unit) {
    for (double& mass : masses) mass *= unit;
    return masses;
}

/// Every family is solved and proven in both precisions, and costs the same the other way round.
void test_families(Random& random, std::size_t n, std::size_t m) {
    for (const CostFamily family : all_cost_families) {
        case_name = std::string(name_of(family)) + ", " + std::to_string(n) + " x " + std::to_string(m);
        const Matrix cost = in_single_precision(draw_costs(random, family, n, m));
        const std::vector<float> values(cost.values.begin(), cost.values.end());
        const mot::MatrixView<double> shape = view_of_cost(cost);
        const mot::GivenCost<float> single({values.data(), shape.n_rows, shape.n_columns}, cost.scale());
        const double tolerance = 1e-12 * (cost.scale() + 1e-300);
        for (const mot::Masses& masses : kinds_of_masses(random, n, m)) {
            NeverInterrupt never;
            const std::vector<double> a = in_unit(masses.source, masses.unit), b = in_unit(masses.target, masses.unit);
            const mot::Solution solution = solve_matrix(cost, masses);
            check_optimal(cost, a, b, solution, tolerance);
            check_optimal(cost, a, b, mot::solve_dense(single, masses, never), tolerance);
            const mot::Masses exchanged{masses.target, masses.source, masses.unit, masses.is_uniform};
            const mot::Solution transposed = solve_matrix(cost.transposed(), exchanged);
            check_optimal(cost.transposed(), b, a, transposed, tolerance);
            CHECK_NEAR(transposed.cost, solution.cost, tolerance * std::accumulate(a.begin(), a.end(), 0.0));
        }
    }
}

/// Costs whose sums are exact cost what the oracle says, whatever the shape.
void test_families_against_oracle(Random& random, std::size_t n, std::size_t m) {
    for (const CostFamily family : all_cost_families) {
        if (family == CostFamily::rank_two || family == CostFamily::near_rows) continue;
        case_name = std::string(name_of(family)) + ", " + std::to_string(n) + " x " + std::to_string(m);
        const Matrix cost = draw_costs(random, family, n, m);
        test_both_methods({cost, uniform_masses(n, m)});
        test_both_methods({cost, random_masses(random, n, m, 0, 4)});
    }
}

}  // namespace

int main() {
    Random random(6);
    test_unit_of_mass(random);
    test_potentials_are_centred(random);
    test_unequal_sums_are_not_proven(random);
    for (int round = 0; round < 8; ++round)
        for (std::size_t n = 1; n <= (round == 0 ? 7u : 6u); ++n) test_permutations(random, n);
    for (const std::size_t n : {1u, 2u, 3u, 5u, 8u, 12u})
        for (const std::size_t m : {1u, 2u, 3u, 5u, 8u, 12u}) {
            case_name = std::to_string(n) + " x " + std::to_string(m);
            for (int round = 0; round < 3; ++round) test_kinds_of_masses(random, n, m);
        }
    const std::pair<std::size_t, std::size_t> small_shapes[] = {{1, 30}, {2, 25}, {3, 40}, {40, 3}, {10, 12}, {20, 20}};
    for (const auto& [n, m] : small_shapes) test_families_against_oracle(random, n, m);
    const std::pair<std::size_t, std::size_t> shapes[] = {{1, 300},  {2, 300},   {10, 300}, {300, 3},
                                                          {24, 400}, {130, 130}, {90, 110}, {250, 280}};
    for (const auto& [n, m] : shapes) test_families(random, n, m);
    test_families(random, 650, 650);  // beyond those that are searched densely
}
