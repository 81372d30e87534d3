/// A correlation's searched cost lies within the margin of its exact one, stored or not, and either way is solved.
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

constexpr std::int64_t all_stored = std::int64_t{1} << 40;

using IsWanted = std::function<bool(std::int64_t)>;

/// The rows that are visited, which must be those wanted, in order.
template <class Cost>
std::vector<std::vector<double>> visited_rows(const Cost& cost, const IsWanted& is_wanted) {
    std::vector<std::vector<double>> rows;
    std::vector<std::int64_t> visited, expected;
    NeverInterrupt interrupt;
    cost.for_each_row(interrupt, is_wanted, [&](std::int64_t i, const typename Cost::Value* row) {
        visited.push_back(i);
        rows.emplace_back(row, row + cost.n_columns());
    });
    for (std::int64_t i = 0; i < cost.n_rows(); ++i)
        if (is_wanted(i)) expected.push_back(i);
    CHECK(visited == expected);
    return rows;
}

void test_given_cost() {
    case_name = "given";
    const std::vector<float> values{1.0f, -7.5f, 0.1f, 3.0f, 0.0f, 2.0f};
    const mot::GivenCost<float> cost({values.data(), 2, 3}, 7.5);
    CHECK(cost.n_rows() == 2 && cost.n_columns() == 3);
    CHECK(cost.scale() == 7.5);
    CHECK(cost.row_margin(1) == 0.0 && cost.column_margin(2) == 0.0);
    CHECK(cost.resolution() == 0.0);
    CHECK(cost.exact(0, 2) == static_cast<double>(0.1f));
    CHECK(cost.exact(1, 0) == 3.0);
    const auto rows = visited_rows(cost, [](std::int64_t i) { return i == 1; });
    CHECK(rows[0] == std::vector<double>({3.0, 0.0, 2.0}));
}

void test_given_cost_is_left_when_interrupted() {
    case_name = "given, interrupted";
    const Matrix matrix(1000, 2, 1.0);
    const auto n_visited = [&](int n) {
        StopAt interrupt(n);
        int n_rows = 0;
        as_given(matrix).for_each_row(
            interrupt, [](std::int64_t) { return true; }, [&](std::int64_t, const double*) { ++n_rows; });
        return n_rows;
    };
    CHECK(n_visited(StopAt::never) == 1000);
    CHECK(n_visited(1) < n_visited(2) && n_visited(2) < 1000);
}

/// A product as a BLAS may compute it: the order of a sum depends on how many units there are, and on which it is.
void wayward_sgemm(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                   float* b, int* ldb, float* beta, float* c, int* ldc) {
    CHECK(*transpose_a == 'T' && *transpose_b == 'N' && *beta == 0.0f);
    for (int column = 0; column < *n; ++column)
        for (int row = 0; row < *m; ++row) {
            float sum = 0;
            const bool is_backwards = (*n + column + row) % 3 == 0;
            for (int step = 0; step < *k; ++step) {
                const int depth = is_backwards ? *k - 1 - step : step;
                sum += a[depth + row * *lda] * b[depth + column * *ldb];
            }
            c[row + column * *ldc] = *alpha * sum;
        }
}

/// Within the margin of the exact costs, which are those of the definition; all rows, every third, a few.
template <class Real>
void check_searched(const mot::CorrelationCost<Real>& cost, const Activations& x, const Activations& y) {
    CHECK(cost.n_rows() == static_cast<std::int64_t>(x.n_columns));
    CHECK(cost.n_columns() == static_cast<std::int64_t>(y.n_columns));
    const Matrix exact = exact_costs(cost);
    const std::vector<IsWanted> selections{[](std::int64_t) { return true; }, [](std::int64_t i) { return i % 3 == 1; },
                                           [](std::int64_t i) { return i > 4 && i * i % 7 != 1; },
                                           [](std::int64_t) { return false; }};
    for (const IsWanted& is_wanted : selections) {
        const auto rows = visited_rows(cost, is_wanted);
        std::size_t k = 0;
        for (std::size_t i = 0; i < exact.n_rows; ++i) {
            if (!is_wanted(static_cast<std::int64_t>(i))) continue;
            for (std::size_t j = 0; j < exact.n_columns; ++j) {
                CHECK_NEAR(rows[k][j], exact(i, j), cost.margin());
                CHECK(rows[k][j] >= 0.0 && rows[k][j] <= 2.0);
            }
            ++k;
        }
    }
    const Matrix naive = naive_correlation_cost(x, y);
    for (std::size_t k = 0; k < naive.values.size(); ++k)
        CHECK_NEAR(exact.values[k], naive.values[k], correlation_tolerance);
}

/// One workspace serves one pair after the other, and both ways to keep the costs.
void test_searched(const Activations& x, const Activations& y, mot::Workspace& workspace) {
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    NeverInterrupt interrupt;
    for (const std::int64_t most_stored : {all_stored, std::int64_t{0}})
        for (const int n_workers : {1, 3}) {
            workspace.most_stored = most_stored;
            workspace.workers = workspace_of(naive_sgemm, most_stored, n_workers).workers;
            check_searched(mot::CorrelationCost<float>(source, target, workspace, interrupt), x, y);
            check_searched(mot::CorrelationCost<double>(source, target, workspace, interrupt), x, y);
        }
}

/// Exactly `most_stored` costs are still stored: they are computed once.
void test_most_stored(Random& random) {
    case_name = "most stored";
    const mot::StandardizedLayer source = standardize(random_activations(random, 5, 6));
    const mot::StandardizedLayer target = standardize(random_activations(random, 5, 7));
    static int n_products;
    const mot::Sgemm counting = [](char* ta, char* tb, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                                   float* b, int* ldb, float* beta, float* c, int* ldc) {
        ++n_products;
        naive_sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    };
    NeverInterrupt interrupt;
    for (const bool is_stored : {true, false}) {
        n_products = 0;
        mot::Workspace workspace = workspace_of(counting, is_stored ? 42 : 41);
        const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
        CHECK(n_products == is_stored);
        const Matrix first = searched_costs(cost);
        CHECK(searched_costs(cost).values == first.values);
        CHECK(n_products == (is_stored ? 1 : 2));
    }
}

/// Units that are silent but for a few stimuli: products of equal numbers, whose rounding errors do not cancel.
Activations sparse_activations(Random& random, std::size_t n_stimuli, std::size_t n_units, int percent) {
    Activations activations(n_stimuli, n_units);
    for (double& value : activations.values)
        value = draw(random, 1, 100) <= percent ? draw_real(random, 0.0, 1.0) : 0.0;
    return activations;
}

/// All units are the same one but for a little: all their costs lie within the margin of one another.
Activations near_copies(Random& random, std::size_t n_stimuli, std::size_t n_units, double difference) {
    const Activations unit = random_activations(random, n_stimuli, 1);
    Activations activations = random_activations(random, n_stimuli, n_units);
    for (std::size_t t = 0; t < n_stimuli; ++t)
        for (std::size_t k = 0; k < n_units; ++k) activations(t, k) = unit.values[t] + difference * activations(t, k);
    return activations;
}

/// What the searched costs lose must not cost the proof: the solution is optimal for the exact costs to rounding, and
/// for those of the definition as far as single precision holds the layers.
template <class Real>
void check_solutions(const mot::CorrelationCost<Real>& cost, const Matrix& naive, double tolerance) {
    const Matrix exact = exact_costs(cost);
    const mot::Masses masses = mot::Masses::uniform(cost.n_rows(), cost.n_columns());
    const std::vector<double> a(naive.n_rows, 1.0 / static_cast<double>(naive.n_rows));
    const std::vector<double> b(naive.n_columns, 1.0 / static_cast<double>(naive.n_columns));
    NeverInterrupt interrupt;
    for (const mot::Method method : all_methods) {
        const mot::Solution solution = mot::solve_dense(cost, masses, interrupt, method);
        if (solution.status == mot::Status::undecided) {
            CHECK(!cost.is_exact && static_cast<std::int64_t>(naive.values.size()) > cost.most_within_margin());
            continue;
        }
        check_optimal(exact, a, b, solution, tolerance);
        check_optimal(naive, a, b, solution, correlation_tolerance);

        // A violation too small for the searched costs to tell is found in the exact ones.
        mot::Solution raised = solution;
        const double violation = cost.is_exact ? 1e-9 : 0.5 * cost.margin();
        raised.potentials.u[0] += violation;
        CHECK_NEAR(mot::certify(cost, masses, raised.plan, raised.potentials, interrupt).dual_violation, violation,
                   tolerance);
    }
}

void test_pair(const Activations& x, const Activations& y) {
    mot::Workspace workspace = workspace_of(wayward_sgemm, 0);
    test_searched(x, y, workspace);
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    const Matrix naive = naive_correlation_cost(x, y);
    NeverInterrupt interrupt;
    for (const std::int64_t most_stored : {all_stored, std::int64_t{0}}) {
        workspace.most_stored = most_stored;
        check_solutions(mot::CorrelationCost<float>(source, target, workspace, interrupt), naive, 1e-12);
        check_solutions(mot::CorrelationCost<double>(source, target, workspace, interrupt), naive, 1e-12);
    }
}

/// A product that is as wrong as it may be about one pair of units, the last target and the first source.
void misleading_sgemm(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                      float* b, int* ldb, float* beta, float* c, int* ldc) {
    naive_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    c[*m - 1] += 0.9f * static_cast<float>(*k) * 0x1p-24f;
}

/// All costs of a row lie within the margin, most of them are the same, and the one that is lower is searched last: no
/// row may be left before all that the margin leaves open is checked.
void test_judges_all_within_margin(Random& random, std::size_t n, std::size_t m) {
    case_name = "misled, " + std::to_string(n) + " x " + std::to_string(m);
    const Activations unit = random_activations(random, 300, 1);
    const Activations difference = random_activations(random, 300, 1);
    Activations x(300, n), y(300, m);
    for (std::size_t t = 0; t < 300; ++t) {
        for (std::size_t i = 0; i < n; ++i) x(t, i) = unit.values[t] + (i == 0 ? 3e-3 * difference.values[t] : 0.0);
        for (std::size_t j = 0; j < m; ++j) y(t, j) = unit.values[t] + (j == m - 1 ? 3e-3 * difference.values[t] : 0.0);
    }
    const mot::StandardizedLayer source = standardize(x);
    const mot::StandardizedLayer target = standardize(y);
    NeverInterrupt interrupt;
    mot::Workspace workspace = workspace_of(misleading_sgemm, all_stored);
    const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
    CHECK(cost.exact(0, 0) > 1e-6 && cost.exact(0, 0) < cost.margin());
    check_solutions(cost, naive_correlation_cost(x, y), 1e-12);
}

}  // namespace

int main() {
    test_given_cost();
    test_given_cost_is_left_when_interrupted();
    Random random(13);
    test_most_stored(random);
    case_name = "dense";
    test_pair(random_activations(random, 100, 40), random_activations(random, 100, 50));
    case_name = "more rows than one panel, after smaller pairs";
    mot::Workspace workspace = workspace_of(wayward_sgemm, 0);
    for (const std::size_t n_units : {1u, 20u, 2100u})
        test_searched(random_activations(random, 5, n_units), random_activations(random, 5, 3), workspace);
    case_name = "two stimuli: every correlation is 1 or -1";
    test_pair(random_activations(random, 2, 40), random_activations(random, 2, 40));
    case_name = "against itself";
    const Activations same = random_activations(random, 150, 40);
    test_pair(same, same);
    case_name = "nearly against itself, more units than are always searched densely";
    const Activations many = random_activations(random, 20, 300);
    Activations moved = many;
    for (std::size_t t = 0; t < 20; ++t) moved(t, 7) = many(t, 9);
    test_pair(many, moved);
    for (const int percent : {1, 3, 10}) {
        case_name = "sparse, " + std::to_string(percent) + " %";
        test_pair(sparse_activations(random, 320, 40, percent), sparse_activations(random, 320, 50, percent));
    }
    test_judges_all_within_margin(random, 200, 200);
    test_judges_all_within_margin(random, 100, 200);
    for (const double difference : {3e-3, 1e-3, 3e-4}) {
        case_name = "near copies, " + std::to_string(difference);
        const Activations copies = near_copies(random, 300, 150, difference);
        Activations first(300, 70), second(300, 80);
        for (std::size_t t = 0; t < 300; ++t)
            for (std::size_t k = 0; k < 150; ++k) (k < 70 ? first(t, k) : second(t, k - 70)) = copies(t, k);
        test_pair(first, second);
        test_pair(first, first);
    }
}
