/// A solve that is told to stop, at whichever look, comes back interrupted and with nothing.
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "cases.hpp"
#include "check.hpp"
#include "mot/dense_assignment.hpp"
#include "mot/solve.hpp"
#include "naive_layers.hpp"

namespace {

using mot::Method;

/// `solve(interrupt)` is run to its end once, then stopped at each of the looks it took, or at many of them.
template <class Solve>
void test_looks(Solve solve) {
    StopAt whole(StopAt::never);
    CHECK(solve(whole).status == mot::Status::optimal);
    CHECK(whole.n_looks >= 2);  // at the start and on the way
    std::set<int> looks{whole.n_looks};
    for (int n = 1; n < whole.n_looks; n += 1 + n / 10) looks.insert(n);
    for (const int n : looks) {
        case_name += ".";
        StopAt interrupt(n);
        const mot::Solution solution = solve(interrupt);
        CHECK(solution.status == mot::Status::interrupted);
        CHECK(solution.mass.empty() && solution.potentials.u.empty());
        CHECK(interrupt.n_looks < n + 20);  // no more than the way out takes
    }
    StopAt late(whole.n_looks + 1);
    CHECK(solve(late).status == mot::Status::optimal);
}

/// Products of ranks are hard for the auction, and leave much to do.
void test_method(Random& random, std::size_t n, Method method) {
    const Matrix cost = rank_products(random, n);
    const auto size = static_cast<std::int64_t>(n);
    test_looks([&](mot::Interrupt& interrupt) {
        return mot::solve(as_given(cost), mot::Masses::uniform(size, size), interrupt, method);
    });
}

/// No solve looks less often than every few searches, whichever rows are left to search for.
void test_dense_search(Random& random) {
    Matrix cost = rank_products(random, 80);
    const auto n_looks = [&](int n, mot::Status expected) {
        mot::DenseAssignment<double> assignment(view_of_cost(cost));
        StopAt interrupt(n);
        CHECK(assignment.search(interrupt) == expected);
        return interrupt.n_looks;
    };
    CHECK(n_looks(StopAt::never, mot::Status::optimal) == 5);
    CHECK(n_looks(2, mot::Status::interrupted) == 2);
}

/// From the product on, which is looked at between its panels.
void test_correlations(Random& random, std::int64_t most_stored) {
    const mot::StandardizedLayer source = standardize(random_activations(random, 4, 1100));
    const mot::StandardizedLayer target = standardize(random_activations(random, 4, 30));
    test_looks([&](mot::Interrupt& interrupt) {
        mot::Workshop workshop = workshop_of(naive_sgemm, most_stored);
        const mot::CorrelationCost cost(source, target, workshop, interrupt);
        return mot::solve(cost, mot::Masses::uniform(1100, 30), interrupt);
    });
}

void test_product(Random& random) {
    const mot::StandardizedLayer source = standardize(random_activations(random, 4, 1100));
    const mot::StandardizedLayer target = standardize(random_activations(random, 4, 2));
    const auto n_looks_at_stored = [&](int n) {
        StopAt interrupt(n);
        mot::Workshop workshop = workshop_of(naive_sgemm, 2200);
        const mot::CorrelationCost cost(source, target, workshop, interrupt);
        return interrupt.n_looks;
    };
    CHECK(n_looks_at_stored(StopAt::never) == 2);  // 1,100 rows are two panels
    CHECK(n_looks_at_stored(1) == 1);

    NeverInterrupt never;
    mot::Workshop workshop = workshop_of(naive_sgemm, 2199);
    const mot::CorrelationCost cost(source, target, workshop, never);
    const auto n_rows_visited = [&](int n) {
        StopAt interrupt(n);
        int n_rows = 0;
        cost.for_each_row(interrupt, [](std::int64_t) { return true; }, [&](std::int64_t, const float*) { ++n_rows; });
        return n_rows;
    };
    CHECK(n_rows_visited(StopAt::never) == 1100);
    CHECK(n_rows_visited(2) == 1024);
    CHECK(n_rows_visited(1) == 0);
}

}  // namespace

int main() {
    Random random(15);
    case_name = "simplex";
    test_method(random, 300, Method::simplex);
    case_name = "assignment";
    test_method(random, 160, Method::assignment);
    case_name = "dense search";
    test_dense_search(random);
    case_name = "correlations";
    for (const std::int64_t most_stored : {1 << 20, 0}) test_correlations(random, most_stored);
    case_name = "product";
    test_product(random);
}
