/// A solve that is told to stop, at whichever look, comes back interrupted and with nothing.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cases.hpp"
#include "check.hpp"
#include "mot/solve.hpp"
#include "naive_layers.hpp"

namespace {

using mot::Method;

/// Says stop at the n-th look and from then on.
class StopAt : public mot::Interrupt {
public:
    explicit StopAt(int n) : n_(n) {}
    bool requested() override { return ++n_looks >= n_; }
    int n_looks = 0;

private:
    int n_;
};

constexpr int never = std::numeric_limits<int>::max();

/// `solve(interrupt)` is run to its end once, then stopped at the first, second and last of the looks it took.
template <class Solve>
void test_looks(Solve solve) {
    StopAt whole(never);
    CHECK(solve(whole).status == mot::Status::optimal);
    CHECK(whole.n_looks >= 2);  // at the start and on the way
    for (const int n : {1, 2, whole.n_looks}) {
        StopAt interrupt(n);
        const mot::Solution solution = solve(interrupt);
        CHECK(solution.status == mot::Status::interrupted);
        CHECK(solution.mass.empty() && solution.potentials.u.empty());
        CHECK(interrupt.n_looks == n);  // it is obeyed at once
    }
    StopAt late(whole.n_looks + 1);
    CHECK(solve(late).status == mot::Status::optimal);
}

/// Products of ranks are hard: long paths for the assignment, many pivots for the simplex.
void test_method(Random& random, std::size_t n, Method method) {
    Matrix cost = whole_costs(random, n, n, 10);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) cost(i, j) += static_cast<double>(i * j);
    const auto size = static_cast<std::int64_t>(n);
    test_looks([&](mot::Interrupt& interrupt) {
        return mot::solve(mot::GivenCost<double>(view_of_cost(cost)), mot::Masses::uniform(size, size), interrupt,
                          method);
    });
}

/// The interrupt is looked at while the product is computed, too.
void test_correlations(Random& random) {
    const mot::StandardizedLayer source = standardize(random_activations(random, 4, 1100));
    const mot::StandardizedLayer target = standardize(random_activations(random, 4, 2));
    const auto n_looks_at_cost = [&](int n) {
        StopAt interrupt(n);
        std::vector<float> storage;
        const mot::CorrelationCost cost(source, target, naive_sgemm, storage, interrupt);
        return interrupt.n_looks;
    };
    CHECK(n_looks_at_cost(never) == 3);  // 1,100 rows are three panels
    CHECK(n_looks_at_cost(2) == 2);
    CHECK(n_looks_at_cost(1) == 1);
}

}  // namespace

int main() {
    Random random(15);
    case_name = "simplex";
    test_method(random, 500, Method::simplex);
    case_name = "assignment";
    test_method(random, 160, Method::assignment);
    case_name = "correlations";
    test_correlations(random);
}
