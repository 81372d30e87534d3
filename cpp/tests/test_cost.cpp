/// A correlation's searched cost lies within the margin of its exact one, which is that of the definition.
#include "mot/cost.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cases.hpp"
#include "check.hpp"
#include "mot/certificate.hpp"
#include "naive_layers.hpp"

namespace {

void test_given_cost() {
    const std::vector<float> values{1.0f, -7.5f, 0.1f, 3.0f, 0.0f, 2.0f};
    const mot::GivenCost<float> cost({values.data(), 2, 3});
    CHECK(cost.scale() == 7.5);
    CHECK(cost.margin() == 0.0);
    CHECK_NEAR(cost.certificate_tolerance(), 7.5e-9, 1e-20);
    CHECK(cost.exact(0, 2) == static_cast<double>(0.1f));
    CHECK(cost.exact(1, 0) == 3.0);
}

void test_correlation_cost(const Activations& x, const Activations& y) {
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    std::vector<float> storage(3, 9.0f);  // of another pair
    NeverInterrupt interrupt;
    const mot::CorrelationCost cost(source, target, naive_sgemm, storage, interrupt);
    CHECK(cost.matrix().n_rows == static_cast<std::int64_t>(x.n_columns));
    CHECK(cost.matrix().n_columns == static_cast<std::int64_t>(y.n_columns));
    for (std::int64_t i = 0; i < cost.matrix().n_rows; ++i)
        for (std::int64_t j = 0; j < cost.matrix().n_columns; ++j) {
            const double exact = cost.exact(i, j);
            CHECK_NEAR(exact, 1.0 - naive_correlation(x, static_cast<std::size_t>(i), y, static_cast<std::size_t>(j)),
                       correlation_tolerance);
            CHECK_NEAR(static_cast<double>(cost.matrix()(i, j)), exact, cost.margin());
            CHECK(cost.matrix()(i, j) >= 0.0f && cost.matrix()(i, j) <= 2.0f);
        }
}

/// Units that are silent but for a few stimuli: products of equal numbers, whose rounding errors do not cancel.
Activations sparse_activations(Random& random, std::size_t n_stimuli, std::size_t n_units, int percent) {
    Activations activations(n_stimuli, n_units);
    for (double& value : activations.values)
        value = draw(random, 1, 100) <= percent ? draw_real(random, 0.0, 1.0) : 0.0;
    return activations;
}

/// What the searched costs lose must not cost the proof: the solution is optimal for the exact costs to rounding, and
/// for those of the definition as far as single precision holds the layers.
void test_solution(const Activations& x, const Activations& y) {
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    std::vector<float> storage;
    NeverInterrupt interrupt;
    const mot::CorrelationCost cost(source, target, naive_sgemm, storage, interrupt);
    Matrix exact(x.n_columns, y.n_columns);
    for (std::size_t i = 0; i < exact.n_rows; ++i)
        for (std::size_t j = 0; j < exact.n_columns; ++j)
            exact(i, j) = cost.exact(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    const mot::Masses masses = mot::Masses::uniform(source.n_units(), target.n_units());
    const std::vector<double> a(x.n_columns, 1.0 / static_cast<double>(x.n_columns));
    const std::vector<double> b(y.n_columns, 1.0 / static_cast<double>(y.n_columns));
    for (const mot::Method method : {mot::Method::automatic, mot::Method::simplex}) {
        const mot::Solution solution = mot::solve(cost, masses, interrupt, method);
        check_optimal(exact, a, b, solution, 1e-12);
        check_optimal(naive_correlation_cost(x, y), a, b, solution, correlation_tolerance);

        // A violation too small for the searched costs to tell is found in the exact ones.
        mot::Solution raised = solution;
        raised.potentials.u[0] += 0.5 * cost.margin();
        CHECK_NEAR(mot::certify(cost, masses, raised).dual_violation, 0.5 * cost.margin(), 1e-12);
    }
}

void test_pair(const Activations& x, const Activations& y) {
    test_correlation_cost(x, y);
    test_solution(x, y);
}

}  // namespace

int main() {
    test_given_cost();
    Random random(13);
    case_name = "dense";
    test_pair(random_activations(random, 100, 40), random_activations(random, 100, 50));
    case_name = "more rows than one panel";
    test_correlation_cost(random_activations(random, 5, 530), random_activations(random, 5, 3));
    case_name = "two stimuli: every correlation is 1 or -1";
    test_pair(random_activations(random, 2, 40), random_activations(random, 2, 40));
    case_name = "against itself";
    const Activations same = random_activations(random, 150, 40);
    test_pair(same, same);
    for (const int percent : {1, 3, 10}) {
        case_name = "sparse, " + std::to_string(percent) + " %";
        test_pair(sparse_activations(random, 320, 40, percent), sparse_activations(random, 320, 50, percent));
    }
}
