/// Workers take every piece once, and what a piece throws reaches the caller.
#include "mot/types/workers.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/check.hpp"

namespace {

void test_every_piece_once() {
    for (const int n : {1, 2, 7})
        for (const int most : {1, 3, 100})
            for (const std::int64_t n_pieces : {0, 1, 2, 1000}) {
                case_name = std::to_string(n) + " workers, " + std::to_string(n_pieces) + " pieces";
                std::vector<std::atomic<int>> times(static_cast<std::size_t>(n_pieces));
                std::atomic<bool> is_worker_right{true};
                mot::Workers(n).share(n_pieces, most, [&](std::int64_t piece, int worker) {
                    ++times[static_cast<std::size_t>(piece)];
                    if (worker < 0 || worker >= most) is_worker_right = false;
                });
                for (const std::atomic<int>& each : times) CHECK(each == 1);
                CHECK(is_worker_right);
            }
}

/// One exception leaves, and only when all pieces that were begun are over.
void test_exceptions() {
    for (const int n : {1, 4}) {
        case_name = "exception among " + std::to_string(n);
        std::atomic<int> n_begun{0}, n_over{0};
        bool is_caught = false;
        try {
            mot::Workers(n).share(100000, [&](std::int64_t piece, int) {
                ++n_begun;
                if (piece % 10 == 7) {
                    ++n_over;
                    throw std::runtime_error("piece");
                }
                ++n_over;
            });
        } catch (const std::runtime_error& error) {
            is_caught = error.what() == std::string("piece");
        }
        CHECK(is_caught);
        CHECK(n_begun == n_over);
        CHECK(n_begun < 100000);
    }
}

}  // namespace

int main() {
    CHECK(mot::processors() >= 1);
    CHECK(mot::Workers(5).n() == 5);
    test_every_piece_once();
    test_exceptions();
}
