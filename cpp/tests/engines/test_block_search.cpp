/// The block search finds a violated arc whenever there is one, and the worst of its block.
#include "mot/engines/block_search.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

/// Repairs one violated arc after the other: each must be found, wherever the last scan stopped.
void test_all_are_found(Random& random, std::size_t n_arcs) {
    mot::BlockSearch rule;
    std::vector<double> reduced(n_arcs, 0.0);
    std::size_t n_violated = 0;
    for (double& value : reduced) {
        value = draw(random, -3, 20);
        n_violated += value < -1.0;
    }
    for (; n_violated > 0; --n_violated) {
        const auto found = rule.find_entering_arc(n_arcs, 1.0, [&](std::size_t arc) { return reduced[arc]; });
        CHECK(found && reduced[*found] < -1.0);
        reduced[*found] = 0.0;
    }
    // Every arc is asked for once before the search gives up.
    std::vector<int> n_asked(n_arcs, 0);
    CHECK(!rule.find_entering_arc(n_arcs, 1.0, [&](std::size_t arc) {
        ++n_asked[arc];
        return reduced[arc];
    }));
    CHECK(n_asked == std::vector<int>(n_arcs, 1));
}

void test_worst_of_first_block() {
    mot::BlockSearch rule;
    std::vector<double> reduced(1000, 0.0);
    reduced[5] = -1.0;
    reduced[11] = -2.0;
    reduced[15] = -2.0;   // no worse than one before
    reduced[900] = -9.0;  // in a later block
    const auto find = [&](std::size_t n_arcs) {
        return rule.find_entering_arc(n_arcs, 0.5, [&](std::size_t arc) { return reduced[arc]; });
    };
    CHECK(find(1000) == std::size_t{11});
    CHECK(find(1000) == std::size_t{900});
    CHECK(find(100) == std::size_t{11});  // fewer arcs than where the last scan stopped
    CHECK(find(4) == std::nullopt);
}

/// A search that starts within a block of another length still asks for every arc once.
void test_number_of_arcs_may_change() {
    mot::BlockSearch rule;
    CHECK(rule.find_entering_arc(1000, 0.5, [](std::size_t) { return -1.0; }) == std::size_t{0});
    std::vector<int> n_asked(400, 0);
    CHECK(!rule.find_entering_arc(400, 0.5, [&](std::size_t arc) {
        ++n_asked[arc];
        return 0.0;
    }));
    CHECK(n_asked == std::vector<int>(400, 1));
}

}  // namespace

int main() {
    test_number_of_arcs_may_change();
    test_worst_of_first_block();
    Random random(3);
    for (const std::size_t n_arcs : {1u, 2u, 19u, 20u, 21u, 399u, 400u, 401u, 1000u}) {
        case_name = std::to_string(n_arcs) + " arcs";
        test_all_are_found(random, n_arcs);
    }
}
