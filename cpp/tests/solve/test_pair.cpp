/// One pair of layers, at cost one minus the correlation: simplex, assignment and the solver of the exact costs agree.
#include <cstddef>
#include <cstdint>
#include <string>

#include "mot/costs/correlation_cost.hpp"
#include "mot/solve/pairs.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

/// Costs are stored or not, and solved by every method.
void test_correlations(Random& random, std::size_t n_stimuli, std::size_t n, std::size_t m) {
    case_name = "correlations, " + std::to_string(n_stimuli) + " stimuli, " + std::to_string(n);
    const mot::StandardizedLayer source = standardize(random_activations(random, n_stimuli, n));
    const mot::StandardizedLayer target = standardize(random_activations(random, n_stimuli, m));
    NeverInterrupt interrupt;
    const WholeMasses masses = uniform_masses(n, m);
    for (const std::int64_t most_stored : {0, 1 << 20}) {
        mot::Workspace workspace = workspace_of(naive_sgemm, most_stored);
        const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
        const Matrix exact = exact_costs(cost);
        const double expected = solve_matrix(exact, to_core(masses), mot::Method::simplex).cost;
        for (const mot::Method method : all_methods) {
            mot::Workspace own = workspace_of(naive_sgemm, most_stored);
            const mot::Solution solution = mot::solve_pair(source, target, to_core(masses), own, interrupt, method);
            check_optimal(exact, to_real(masses.a), to_real(masses.b), solution, 1e-12);
            CHECK_NEAR(solution.cost, expected, 1e-12 * static_cast<double>(n * m));
        }
    }
}

/// One stimulus outweighs the others, so that all units correlate nearly alike, in either sign: single precision tells
/// none of them apart, and the solution in double precision is optimal for the costs of the definition.
void test_nearly_alike(Random& random, std::size_t n, std::size_t m) {
    case_name = "nearly alike, " + std::to_string(n) + " x " + std::to_string(m);
    Activations x = random_activations(random, 60, n);
    Activations y = random_activations(random, 60, m);
    for (std::size_t i = 0; i < n; ++i) x(7, i) = i % 5 == 0 ? -1e4 : 1e4;
    for (std::size_t j = 0; j < m; ++j) y(7, j) = j % 3 == 0 ? -1e4 : 1e4;
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    const WholeMasses masses = uniform_masses(n, m);
    const double expected = solve_matrix(naive_correlation_cost(x, y), to_core(masses), mot::Method::simplex).cost;
    NeverInterrupt interrupt;
    for (const std::int64_t most_stored : {0, 1 << 20})
        for (const mot::Method method : all_methods) {
            mot::Workspace workspace = workspace_of(naive_sgemm, most_stored);
            const mot::CorrelationCost<float> in_single(source, target, workspace, interrupt);
            CHECK(mot::solve_dense(in_single, to_core(masses), interrupt, method).status == mot::Status::undecided);
            const mot::Solution solution =
                mot::solve_pair(source, target, to_core(masses), workspace, interrupt, method);
            CHECK(solution.status == mot::Status::optimal);
            CHECK(solution.certificate.dual_violation <= 1e-12);
            CHECK_NEAR(solution.cost, expected, 1e-12 * static_cast<double>(n * m));
        }
}

}  // namespace

int main() {
    Random random(6);
    // Few stimuli make many ties.
    for (const std::size_t n_stimuli : {2u, 3u, 50u}) {
        test_correlations(random, n_stimuli, 60, 60);
        test_correlations(random, n_stimuli, 30, 70);
    }
    test_nearly_alike(random, 90, 90);
    test_nearly_alike(random, 80, 120);
}
