/// Transport on listed arcs against shortest residual paths: feasible or not, with units that have no mass.
#include "mot/solve/sparse.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

mot::Solution solve_rows(const Matrix& cost, const mot::Masses& masses) {
    const FiniteRows rows(cost);
    NeverInterrupt interrupt;
    return mot::solve_sparse(mot::SparseCost(rows.view()), masses, interrupt);
}

/// Whether it was feasible.
bool test_problem(const Matrix& cost, const WholeMasses& masses) {
    const double expected = transport_by_shortest_paths(cost, masses.a, masses.b);
    const mot::Solution solution = solve_rows(cost, to_core(masses));
    if (expected == infinity) {
        CHECK(solution.status == mot::Status::infeasible);
        return false;
    }
    // The oracle takes the difference from infinity where an arc is missing: every bound holds there.
    check_optimal(cost, to_real(masses.a), to_real(masses.b), solution, 1e-9);
    CHECK_NEAR(solution.cost, expected, 1e-9 * std::max(1.0, std::abs(expected)));
    return true;
}

/// One plan only, and a greedy start goes wrong all along: the detour is as long as it can be.
void test_long_detours(std::size_t n) {
    Matrix cost(n, n, infinity);
    for (std::size_t i = 0; i < n; ++i) {
        cost(i, i) = 1000;
        if (i + 1 < n) cost(i, i + 1) = 0;
    }
    CHECK(test_problem(cost, uniform_masses(n, n)));
    cost(n - 1, n - 1) = infinity;
    cost(n - 1, 0) = 5;
    CHECK(test_problem(cost, uniform_masses(n, n)));
    cost(0, 1) = cost(0, 0) = infinity;
    CHECK(!test_problem(cost, uniform_masses(n, n)));
}

/// Along a chain of arcs the potentials add up to thousands of times the largest cost, and so does their rounding.
void test_potentials_far_above_the_costs(Random& random, std::size_t n) {
    case_name = "chain of " + std::to_string(n);
    std::vector<std::int64_t> row_starts{0};
    std::vector<mot::Node> columns;
    std::vector<double> costs;
    double expected = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (i > 0) {
            columns.push_back(static_cast<mot::Node>(i - 1));
            costs.push_back(draw_real(random, 0.9, 1.0));
        }
        columns.push_back(static_cast<mot::Node>(i));
        costs.push_back(draw_real(random, -1.0, -0.9));
        expected += costs.back();
        row_starts.push_back(static_cast<std::int64_t>(columns.size()));
    }
    const auto size = static_cast<std::int64_t>(n);
    const mot::SparseView view{row_starts.data(), columns.data(), costs.data(), size, size};
    NeverInterrupt interrupt;
    const mot::Solution solution =
        mot::solve_sparse(mot::SparseCost(view), mot::Masses::uniform(size, size), interrupt);
    CHECK(solution.status == mot::Status::optimal);
    CHECK_NEAR(solution.cost, expected / static_cast<double>(n), 1e-9);
}

/// Costs of missing arcs are infinite, also to the certificate.
void test_certificate_catches_missing_arcs() {
    Matrix cost(2, 2, 1.0);
    const mot::Masses masses = mot::Masses::uniform(2, 2);
    const mot::Solution solution = solve_rows(cost, masses);
    CHECK(solution.certificate.is_optimal());
    cost(to_index(solution.plan.source[0]), to_index(solution.plan.target[0])) = infinity;
    const FiniteRows rows(cost);
    NeverInterrupt interrupt;
    CHECK(!mot::certify(mot::SparseCost(rows.view()), masses, solution.plan, solution.potentials, interrupt)
               .is_optimal());
}

}  // namespace

int main() {
    Random random(13);
    test_certificate_catches_missing_arcs();
    CHECK(solve_rows(Matrix(2, 3, infinity), mot::Masses::uniform(2, 3)).status == mot::Status::infeasible);
    for (const std::size_t n : {3u, 6u, 40u}) test_long_detours(n);
    for (const std::size_t n : {15000u, 20000u}) test_potentials_far_above_the_costs(random, n);
    int n_feasible = 0;
    int n_problems = 0;
    for (const std::size_t n : {1u, 2u, 3u, 6u, 14u})
        for (const std::size_t m : {1u, 2u, 5u, 14u})
            for (const int percent : {0, 30, 70, 85})
                for (const int highest : {0, 3, 1000}) {
                    case_name =
                        std::to_string(n) + " x " + std::to_string(m) + ", missing % " + std::to_string(percent);
                    Matrix cost = some_of(random, whole_costs(random, n, m, highest), 100 - percent);
                    for (double& value : cost.values) value -= highest / 2;
                    n_feasible += test_problem(cost, uniform_masses(n, m));
                    n_feasible += test_problem(cost, random_masses(random, n, m, 0, 3));
                    n_problems += 2;
                }
    CHECK(n_feasible > n_problems / 3 && n_feasible < n_problems - n_problems / 6);
}
