/// After a round of the auction no arc is violated and every shipment lies within epsilon of its source's cheapest.
#include "mot/engines/auction.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;
using mot::Auction;
using mot::Shipment;

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Units without mass have the potential -infinity; no known arc between the others is violated.
void check_potentials(const Auction& auction, const mot::Masses& masses, const Matrix& known, double rounding) {
    const auto& [u, v] = auction.potentials();
    CHECK(u.size() == known.n_rows && v.size() == known.n_columns);
    for (std::size_t i = 0; i < u.size(); ++i) CHECK((u[i] == -infinity) == (masses.source[i] == 0));
    for (std::size_t j = 0; j < v.size(); ++j) CHECK((v[j] == -infinity) == (masses.target[j] == 0));
    for (std::size_t i = 0; i < u.size(); ++i)
        for (std::size_t j = 0; j < v.size(); ++j)
            if (known(i, j) < infinity && u[i] > -infinity && v[j] > -infinity)
                CHECK(u[i] + v[j] <= known(i, j) + rounding);
}

/// Every shipment goes by a known arc, within epsilon of the cheapest, and no unit ships more than it has.
void check_shipments(const Auction& auction, const mot::Masses& masses, const Matrix& known, double epsilon,
                     double rounding) {
    const auto& [u, v] = auction.potentials();
    std::vector<double> left = masses.source;
    std::vector<double> room = masses.target;
    std::vector<bool> is_used(known.values.size(), false);
    for (const Shipment& shipment : auction.shipments()) {
        const std::size_t i = to_index(shipment.arc.source);
        const std::size_t j = to_index(shipment.arc.target);
        CHECK(shipment.mass > 0 && !is_used[i * known.n_columns + j]);
        is_used[i * known.n_columns + j] = true;
        CHECK(shipment.arc.cost == known(i, j));
        CHECK(known(i, j) - v[j] <= u[i] + epsilon + rounding);
        left[i] -= shipment.mass;
        room[j] -= shipment.mass;
    }
    for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i] >= -1e-12 * masses.source[i]);
    for (std::size_t j = 0; j < room.size(); ++j) CHECK(room[j] >= -1e-12 * masses.target[j]);
}

double shipped_mass(const Auction& auction) {
    double mass = 0;
    for (const Shipment& shipment : auction.shipments()) mass += shipment.mass;
    return mass;
}

/// All mass is placed, but for what is not worth a bid.
void check_all_is_placed(const Auction& auction, const mot::Masses& masses) {
    std::vector<double> left = masses.source;
    for (const Shipment& shipment : auction.shipments()) left[to_index(shipment.arc.source)] -= shipment.mass;
    const double negligible = 1e-9 * sum(masses.source) / static_cast<double>(left.size());
    for (const double mass : left) CHECK(mass <= 1.001 * negligible);
}

/// And the plan costs at most epsilon times the total mass more than the best one.
void check_cost(const Auction& auction, const mot::Masses& masses, const Matrix& known, double optimum,
                double epsilon) {
    double cost = 0;
    for (const Shipment& shipment : auction.shipments())
        cost += shipment.mass * known(to_index(shipment.arc.source), to_index(shipment.arc.target));
    const double total = sum(masses.source);
    const double not_placed = 1e-8 * known.scale() * total;
    CHECK(cost >= optimum - not_placed);
    CHECK(cost <= optimum + epsilon * total + not_placed);
}

/// A round's answer; `optimum` is infinite where the arcs have no room for all mass.
void check_round(const Auction& auction, const mot::Masses& masses, const Matrix& known, double epsilon,
                 double optimum) {
    const double rounding = 1e-12 * known.scale();
    check_potentials(auction, masses, known, rounding);
    check_shipments(auction, masses, known, epsilon, rounding);
    if (optimum == infinity) {
        CHECK(shipped_mass(auction) < sum(masses.source));
    } else {
        check_all_is_placed(auction, masses);
        check_cost(auction, masses, known, optimum, epsilon);
    }
}

/// The median of the ranges of those who bid, columns where they are far more, the upper one of two; 1 where that is
/// zero.
double spread_by_sorting(const Matrix& known) {
    constexpr std::size_t targets_per_source = 4;
    if (known.n_columns > targets_per_source * known.n_rows) return spread_by_sorting(known.transposed());
    std::vector<double> ranges;
    for (std::size_t i = 0; i < known.n_rows; ++i) {
        double low = infinity;
        double high = -infinity;
        for (std::size_t j = 0; j < known.n_columns; ++j)
            if (known(i, j) < infinity) {
                low = std::min(low, known(i, j));
                high = std::max(high, known(i, j));
            }
        if (low < infinity) ranges.push_back(high - low);
    }
    std::sort(ranges.begin(), ranges.end());
    return ranges[ranges.size() / 2] > 0 ? ranges[ranges.size() / 2] : 1.0;
}

void test_prices_that_fell_too_far(Auction& auction, const mot::Masses& masses, const Matrix& known, double epsilon) {
    NeverInterrupt interrupt;
    auction.run(epsilon, interrupt);
    check_potentials(auction, masses, known, 1e-12 * known.scale());
    check_shipments(auction, masses, known, epsilon, 1e-12 * known.scale());
}

/// Rounds of falling epsilon on some of the arcs, then on all of them, with dearer copies beside.
void test_rounds(Random& random, const Matrix& cost, const WholeMasses& masses, int percent) {
    Matrix known = some_of(random, cost, percent);
    known(0, 0) = cost(0, 0);  // not none at all
    const mot::Masses core = to_whole_core(masses);
    NeverInterrupt interrupt;
    Auction auction(core, arcs_of(known));
    CHECK(auction.shipments().empty());
    CHECK(auction.spread(1.0) == spread_by_sorting(known));
    const double unit = std::max(cost.scale(), 1.0);
    const double first_optimum = transport_by_shortest_paths(known, masses.a, masses.b);
    for (const double epsilon : {0.2 * unit, 0.03 * unit, 0.006 * unit}) {
        auction.run(epsilon, interrupt);
        check_round(auction, core, known, epsilon, first_optimum);
    }
    auction.add_arcs(arcs_of(cost));
    CHECK(auction.spread(1.0) == spread_by_sorting(cost));
    auction.add_arcs(arcs_of(plus(cost, 1.0)));
    // Where there was no room the prices fell out of all proportion, and may take more bids to come to terms than
    // given.
    if (first_optimum == infinity) return test_prices_that_fell_too_far(auction, core, cost, unit);
    const double optimum = transport_by_shortest_paths(cost, masses.a, masses.b);
    for (const double epsilon : {0.2 * unit, 0.03 * unit, 0.03 * unit, 0.006 * unit}) {
        auction.run(epsilon, interrupt);
        check_round(auction, core, cost, epsilon, optimum);
    }
}

void test_kinds_of_cost(Random& random, const WholeMasses& masses) {
    const std::size_t n = masses.a.size();
    const std::size_t m = masses.b.size();
    for (const int percent : {100, 60, 20, 0}) {
        test_rounds(random, whole_costs(random, n, m, 1000), masses, percent);
        test_rounds(random, whole_costs(random, n, m, 2), masses, percent);
        test_rounds(random, Matrix(n, m, 7.0), masses, percent);
        test_rounds(random, plus(whole_costs(random, n, m, 50), -1e4), masses, percent);
    }
}

/// One unit has nearly everything; the shares of some others are not worth a bid.
WholeMasses unbalanced_masses(Random& random, std::size_t n, std::size_t m) {
    WholeMasses masses = random_masses(random, n, m, 1, 3);
    masses.a[draw_size(random, 0, n - 1)] += 1000000000000;
    masses.b[draw_size(random, 0, m - 1)] += 1000000000000;
    return masses;
}

void test_shapes(Random& random) {
    for (int round = 0; round < 60; ++round) {
        case_name = "round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 9);
        const std::size_t m = round % 3 == 0 ? n : draw_size(random, 1, 9);
        test_kinds_of_cost(random, uniform_masses(n, m));
        test_kinds_of_cost(random, random_masses(random, n, m, 0, 3));
        test_kinds_of_cost(random, random_masses(random, n, m, 1, 1000));
        test_kinds_of_cost(random, unbalanced_masses(random, n, m));
    }
}

/// Few sources need many bids each to fill many targets.
void test_few_with_many(Random& random) {
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{3, 500}, {500, 3}}) {
        case_name = std::to_string(n) + " x " + std::to_string(m);
        test_rounds(random, whole_costs(random, n, m, 1000), uniform_masses(n, m), 100);
        test_rounds(random, whole_costs(random, n, m, 1), uniform_masses(n, m), 100);
    }
}

/// Epsilon goes to next to nothing at once, or is so small that prices do not move by it: the round still ends, and
/// what is placed is within it.
void test_hard_epsilons(Random& random) {
    for (const double epsilon : {1e-3, 1e-9, 1e-30, 0.0}) {
        case_name = "epsilon " + std::to_string(epsilon);
        for (const int highest : {0, 1, 1000}) {
            const Matrix cost = whole_costs(random, 30, 30, highest);
            const mot::Masses masses = mot::Masses::uniform(30, 30);
            Auction auction(masses, arcs_of(cost));
            NeverInterrupt interrupt;
            auction.run(epsilon, interrupt);
            check_potentials(auction, masses, cost, 1e-12 * cost.scale());
            check_shipments(auction, masses, cost, epsilon, 1e-12 * cost.scale());
        }
    }
}

/// Everybody wants the one target that has no room for them.
void test_no_room() {
    case_name = "no room";
    Matrix known(20, 20, infinity);
    for (std::size_t i = 0; i < 20; ++i) known(i, 3) = 1.0;
    const mot::Masses masses = mot::Masses::uniform(20, 20);
    Auction auction(masses, arcs_of(known));
    NeverInterrupt interrupt;
    for (const double epsilon : {1.0, 0.1}) {
        CHECK(!auction.run(epsilon, interrupt));
        check_round(auction, masses, known, epsilon, infinity);
        CHECK(shipped_mass(auction) == 1.0);
    }
}

/// While a target has room that nobody holds, it asks no more than at the start: its cheapest arc's cost.
/// Bidders whose arcs have no room wait once these have become too dear by their patience; they bid for arcs that come.
void test_patience(Random& random) {
    for (const double patience : {0.0, 3.0, 50.0}) {
        case_name = "patience of " + std::to_string(patience);
        Matrix known(20, 20, infinity);
        for (std::size_t i = 0; i < 20; ++i) known(i, 3) = known(i, i) = draw(random, 1, 9);
        for (std::size_t i = 15; i < 20; ++i) known(i, i) = infinity;
        const mot::Masses masses = mot::Masses::uniform(20, 20);
        Auction auction(masses, arcs_of(known));
        CHECK(auction.share_left() == 1.0);
        NeverInterrupt interrupt;
        CHECK(!auction.run(1.0, interrupt, patience));
        CHECK(auction.share_left() >= 4.0 / 20);
        CHECK_NEAR(auction.share_left(), 1.0 - shipped_mass(auction) / 20, 1e-12);
        check_potentials(auction, masses, known, 1e-12);
        check_shipments(auction, masses, known, 1.0, 1e-12);
        // Prices begin at 0 to 9. A last bid raises one by what is between two arcs, or by the width of near ones, 16.
        for (const double v : auction.potentials().v) CHECK(v >= -patience - 9.0 - 17.0);

        Matrix more(20, 20, infinity);
        for (std::size_t i = 15; i < 20; ++i) more(i, i) = known(i, i) = 20.0;
        auction.add_arcs(arcs_of(more));
        CHECK(auction.run(1.0, interrupt));
        CHECK(auction.share_left() == 0.0);
        check_potentials(auction, masses, known, 1e-12);
        check_shipments(auction, masses, known, 1.0, 1e-12);
        check_all_is_placed(auction, masses);
    }
}

void test_room_left_keeps_its_price() {
    case_name = "room left";
    Matrix known(4, 2, infinity);
    known(0, 0) = known(1, 0) = 5.0;
    known(2, 1) = 2.0;
    known(3, 1) = 1.0;
    const mot::Masses masses = to_whole_core({{1, 1, 1, 1}, {1, 3}});
    Auction auction(masses, arcs_of(known));
    NeverInterrupt interrupt;
    auction.run(0.5, interrupt);
    check_round(auction, masses, known, 0.5, infinity);
    CHECK(shipped_mass(auction) == 3.0);
    CHECK(auction.potentials().v[1] == 1.0);
}

/// A round that finds all mass within its epsilon changes nothing. Whole costs and halves: sums are exact.
void test_nothing_left_to_do(Random& random) {
    for (const double epsilon : {0.25, 8.0}) {
        case_name = "nothing left to do, " + std::to_string(epsilon);
        const Matrix cost = whole_costs(random, 25, 30, 20);
        const mot::Masses masses = mot::Masses::uniform(25, 30);
        Auction auction(masses, arcs_of(cost));
        NeverInterrupt interrupt;
        CHECK(auction.run(epsilon, interrupt));
        CHECK(shipped_mass(auction) == 150.0);
        const std::vector<double> u = auction.potentials().u;
        const std::vector<double> v = auction.potentials().v;
        auction.run(epsilon, interrupt);
        CHECK(auction.potentials().u == u && auction.potentials().v == v);
    }
}

/// What is interrupted has no violated arc either, and goes on where it stopped.
void test_interrupt(Random& random) {
    case_name = "interrupt";
    const Matrix cost = whole_costs(random, 40, 40, 1000);
    const mot::Masses masses = mot::Masses::uniform(40, 40);
    const WholeMasses ones = uniform_masses(40, 40);
    const double optimum = transport_by_shortest_paths(cost, ones.a, ones.b);
    for (const int n : {1, 2, 5}) {
        Auction auction(masses, arcs_of(cost));
        StopAt stop(n);
        CHECK(!auction.run(5.0, stop));
        CHECK(stop.n_checks == n);  // it is obeyed at once
        CHECK(shipped_mass(auction) < 40.0);
        check_potentials(auction, masses, cost, 1e-9);
        check_shipments(auction, masses, cost, 5.0, 1e-9);
        NeverInterrupt never;
        CHECK(auction.run(5.0, never));
        check_round(auction, masses, cost, 5.0, optimum);
    }
}

}  // namespace

int main() {
    Random random(16);
    test_no_room();
    test_room_left_keeps_its_price();
    test_nothing_left_to_do(random);
    test_hard_epsilons(random);
    test_interrupt(random);
    test_few_with_many(random);
    test_shapes(random);
    test_patience(random);
}
