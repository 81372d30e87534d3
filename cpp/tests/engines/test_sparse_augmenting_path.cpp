/// Shortest augmenting paths on sparse arcs, from any auction and with arcs added afterwards, against all permutations.
#include "mot/engines/sparse_augmenting_path.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;
using mot::SparseAugmentingPath;

/// No arc of `known` is violated, the matched ones are tight, each unit is matched once, and the cost is `expected`.
void check_engine(const SparseAugmentingPath& engine, const Matrix& known, double expected) {
    const std::size_t n = known.n_rows;
    const auto [u, v] = engine.potentials();
    // Prices that an auction drove far down round by their own size.
    double largest = known.scale();
    for (const double price : v) largest = std::max(largest, std::abs(price));
    const double tolerance = 1e-13 * largest;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) CHECK(u[i] + v[j] <= known(i, j) + tolerance);

    const auto [source, target, flow] = engine.plan();
    CHECK(flow == std::vector<double>(n, 1.0));
    std::vector<bool> is_taken(n, false);
    double cost = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t j = to_index(target[k]);
        CHECK(source[k] == static_cast<mot::Node>(k) && !is_taken[j]);
        is_taken[j] = true;
        CHECK_NEAR(u[k] + v[j], known(k, j), tolerance);
        cost += known(k, j);
    }
    CHECK_NEAR(cost, expected, tolerance * static_cast<double>(n));
}

mot::Masses ones(std::size_t n) {
    return mot::Masses::uniform(static_cast<std::int64_t>(n), static_cast<std::int64_t>(n));
}

/// From an auction that ran a random number of rounds, none included, of whatever epsilon, and saw some of the arcs.
SparseAugmentingPath start(Random& random, const mot::Masses& masses, const Matrix& known) {
    mot::Auction auction(masses, arcs_of(some_of(random, known, draw(random, 0, 2) == 0 ? 70 : 100)));
    NeverInterrupt never;
    StopAt early(2);
    for (int n_rounds = draw(random, 0, 3); n_rounds > 0; --n_rounds) {
        const double epsilons[] = {10.0, 0.2, 0.03, 0.006, 1e-6};
        const double epsilon = known.scale() * epsilons[draw_size(random, 0, 4)];
        auction.run(epsilon, draw(random, 0, 5) == 0 ? static_cast<mot::Interrupt&>(early) : never);
    }
    return SparseAugmentingPath(masses, auction, arcs_of(known));
}

/// Solves on the diagonal and `percent` of the arcs, then on all, then at the costs of `second`.
void test_engine(Random& random, const Matrix& cost, const Matrix& second, int percent) {
    const std::size_t n = cost.n_rows;
    Matrix known = some_of(random, cost, percent);
    for (std::size_t i = 0; i < n; ++i) known(i, i) = cost(i, i);
    const mot::Masses masses = ones(n);
    NeverInterrupt interrupt;

    SparseAugmentingPath engine = start(random, masses, known);
    CHECK(engine.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(engine, known, assignment_by_permutations(known));

    engine.add_arcs(arcs_of(cost));
    engine.add_arcs(arcs_of(times(cost, 2.0)));  // dearer copies change nothing
    CHECK(engine.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(engine, cost, assignment_by_permutations(cost));

    engine.replace_costs([&](mot::Node i, mot::Node j) { return second(to_index(i), to_index(j)); });
    engine.add_arcs(arcs_of(second));
    CHECK(engine.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(engine, second, assignment_by_permutations(second));
}

/// Ties of sums that floating point does not see as equal: what is zero by the mathematics is now and then negative.
void test_decimal_ties(Random& random) {
    for (int round = 0; round < 1000; ++round) {
        case_name = "decimal ties, round " + std::to_string(round);
        const std::size_t n = draw_size(random, 5, 30);
        Matrix cost(n, n);
        const Matrix row = whole_costs(random, n, 1, 20);
        const Matrix column = whole_costs(random, n, 1, 20);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                cost(i, j) = 0.1 * row.values[i] + 0.1 * column.values[j] + (draw(random, 0, 3) == 0 ? 0.1 : 0.0);
        Matrix tenths = cost;
        for (double& value : tenths.values) value = std::round(10 * value);
        const mot::Masses masses = ones(n);
        const std::vector<long> each(n, 1);
        NeverInterrupt interrupt;
        SparseAugmentingPath engine = start(random, masses, cost);
        CHECK(engine.optimize(0.0, interrupt) == mot::Status::optimal);
        check_engine(engine, cost, 0.1 * transport_by_shortest_paths(tenths, each, each));
    }
}

/// Many sources that are nearly equal compete for fewer targets that are nearly equal: prices rise in steps of the
/// tiny differences up to the cost of leaving, which must not take forever.
void test_price_war(Random& random) {
    for (int round = 0; round < 200; ++round) {
        case_name = "price war, round " + std::to_string(round);
        Matrix cost(7, 7);
        for (std::size_t i = 0; i < 7; ++i)
            for (std::size_t j = 0; j < 7; ++j)
                cost(i, j) = ((i < 4) == (j < 3) ? 0.0 : 1.0) + draw_real(random, 0.0, 1e-12);
        NeverInterrupt interrupt;
        const mot::Masses masses = ones(7);
        SparseAugmentingPath engine = start(random, masses, cost);
        CHECK(engine.optimize(0.0, interrupt) == mot::Status::optimal);
        check_engine(engine, cost, assignment_by_permutations(cost));
    }
}

/// A run that is told to stop, in the middle of whatever it does, goes on from there when it is called again.
void test_interrupt(Random& random) {
    case_name = "interrupt";
    const Matrix cost = rank_products(random, 200);
    const mot::Masses masses = ones(200);
    const mot::Auction not_run(masses, arcs_of(cost));
    SparseAugmentingPath engine(masses, not_run, arcs_of(cost));
    int n_interrupted = 0;
    for (int n = 1;; n += 1 + n / 4) {
        StopAt stop(n);
        if (engine.optimize(0.0, stop) == mot::Status::optimal) break;
        CHECK(stop.n_checks == n);
        ++n_interrupted;
    }
    CHECK(n_interrupted > 10);
    const std::vector<long> each(200, 1);
    check_engine(engine, cost, transport_by_shortest_paths(cost, each, each));
}

/// Two sources that can go to one target only have no perfect matching.
void test_no_perfect_matching() {
    case_name = "no perfect matching";
    Matrix known(3, 3, infinity);
    known(0, 0) = known(1, 0) = known(2, 1) = known(2, 2) = 1.0;
    const mot::Masses masses = ones(3);
    const mot::Auction auction(masses, arcs_of(known));
    SparseAugmentingPath engine(masses, auction, arcs_of(known));
    NeverInterrupt interrupt;
    CHECK(engine.optimize(0.0, interrupt) == mot::Status::not_proven);
    // One more arc, and there is one.
    known(1, 2) = 5.0;
    engine.add_arcs({{1, 2, 5.0}});
    CHECK(engine.optimize(0.0, interrupt) == mot::Status::optimal);
    check_engine(engine, known, 7.0);
}

}  // namespace

int main() {
    Random random(5);
    for (int round = 0; round < 900; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 6);
        const int highest = round % 3 == 0 ? 2 : 1000;
        const double factor = round % 2 == 0 ? 1.0 : 0.1;
        test_engine(random, times(whole_costs(random, n, n, highest), factor),
                    times(whole_costs(random, n, n, highest), factor), (round % 4) * 25);
    }
    test_decimal_ties(random);
    test_price_war(random);
    test_no_perfect_matching();
    test_interrupt(random);
}
