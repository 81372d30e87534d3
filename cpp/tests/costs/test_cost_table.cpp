/// The table of known costs holds what a map holds.
#include "mot/costs/cost_table.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using Twin = std::map<std::int64_t, mot::CostTable::Known>;

bool is_same(const mot::CostTable::Known& x, const mot::CostTable::Known& y) {
    return x.cost == y.cost && x.is_exact == y.is_exact;
}

void check_same(const mot::CostTable& table, const Twin& twin, const std::vector<std::int64_t>& places) {
    for (const std::int64_t place : places) {
        const mot::CostTable::Known* const found = table.find(place);
        const auto expected = twin.find(place);
        CHECK((found == nullptr) == (expected == twin.end()));
        if (found) CHECK(is_same(*found, expected->second));
    }
}

/// Places one after the other, a power of two apart, as far as there are, and anywhere; some are inserted twice.
std::vector<std::int64_t> draw_places(Random& random, std::size_t n) {
    const int kind = draw(random, 0, 3);
    const std::int64_t apart = std::int64_t{1} << draw(random, 1, 40);
    std::vector<std::int64_t> places;
    for (std::size_t k = 0; k < n; ++k) {
        const auto number = static_cast<std::int64_t>(k);
        if (kind == 0) places.push_back(number);
        if (kind == 1) places.push_back(number * apart);
        if (kind == 2) places.push_back(std::numeric_limits<std::int64_t>::max() - number);
        if (kind == 3)
            places.push_back(static_cast<std::int64_t>(random()) << 31 | static_cast<std::int64_t>(random()));
    }
    return places;
}

void test_against_map(Random& random) {
    mot::CostTable table;
    CHECK(table.find(0) == nullptr);
    for (int round = 0; round < 40; ++round) {
        case_name = "round " + std::to_string(round);
        table.clear();  // after large and after small pairs
        Twin twin;
        const std::vector<std::int64_t> places =
            draw_places(random, round % 4 == 0 ? draw_size(random, 2000, 20000) : draw_size(random, 1, 600));
        check_same(table, twin, places);
        for (const std::int64_t place : places)
            if (draw(random, 0, 1) == 0)
                for (int time = draw(random, 1, 2); time > 0; --time) {
                    twin[place] = {draw_real(random, 0.0, 2.0), draw(random, 0, 1) == 0};
                    table.insert(place, twin[place]);
                    CHECK(is_same(*table.find(place), twin[place]));
                }
        check_same(table, twin, places);
    }
}

}  // namespace

int main() {
    Random random(22);
    test_against_map(random);
}
