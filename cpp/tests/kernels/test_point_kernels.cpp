/// Every version of the loops over coordinates computes the same bits: those of plain sums in the order of the
/// dimensions.
#include "mot/kernels/point_kernels.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

std::vector<double> random_numbers(Random& random, std::int64_t n) {
    std::vector<double> numbers(static_cast<std::size_t>(n));
    for (double& x : numbers) x = std::ldexp(draw_real(random, -1, 1), draw(random, -20, 20));
    return numbers;
}

template <class Term>
void test_sums(mot::PointKernels::Sums sums, Term term) {
    Random random(5);
    for (const std::int64_t n_dimensions : {1, 2, 3, 7, 50}) {
        constexpr std::int64_t n_rows = 5;
        constexpr std::int64_t n_blocks = 3;
        constexpr std::int64_t stride = n_blocks * mot::points_per_block + 7;
        const std::vector<double> x = random_numbers(random, n_rows * n_dimensions);
        const std::vector<double> blocks = random_numbers(random, n_blocks * mot::points_per_block * n_dimensions);
        std::vector<double> found(n_rows * stride, -1.0);
        sums(x.data(), n_rows, blocks.data(), n_blocks, n_dimensions, found.data(), stride);
        for (std::int64_t i = 0; i < n_rows; ++i)
            for (std::int64_t j = 0; j < stride; ++j) {
                double expected = 0.0;
                const std::int64_t block = j / mot::points_per_block;
                for (std::int64_t k = 0; k < n_dimensions && block < n_blocks; ++k)
                    expected +=
                        term(x[static_cast<std::size_t>(i * n_dimensions + k)],
                             blocks[static_cast<std::size_t>((block * n_dimensions + k) * mot::points_per_block +
                                                             j % mot::points_per_block)]);
                CHECK(found[static_cast<std::size_t>(i * stride + j)] == (block < n_blocks ? expected : -1.0));
            }
    }
}

void test_roots(const mot::PointKernels& kernels) {
    Random random(6);
    for (const std::int64_t n : {0, 1, 15, 40}) {
        std::vector<double> numbers = random_numbers(random, n);
        for (double& x : numbers) x = std::abs(x);
        std::vector<double> roots = numbers;
        kernels.roots(roots.data(), n);
        std::vector<double> differences = numbers;
        kernels.subtract_from(1.5, differences.data(), n);
        std::vector<float> singles(numbers.begin(), numbers.end());
        for (std::size_t k = 0; k < singles.size(); k += 2) singles[k] = -singles[k];
        std::vector<float> scaled = singles;
        kernels.scaled_roots(0.75f, scaled.data(), n);
        for (std::size_t k = 0; k < numbers.size(); ++k) {
            CHECK(roots[k] == std::sqrt(numbers[k]));
            CHECK(differences[k] == 1.5 - numbers[k]);
            CHECK(scaled[k] == 0.75f * std::sqrt(std::max(0.0f, singles[k])));
        }
    }
}

}  // namespace

int main() {
    for (const mot::Kernels* const* version = mot::available_kernels(); *version; ++version) {
        case_name = (*version)->name;
        const mot::PointKernels& kernels = (*version)->of_points;
        test_sums(kernels.squared_differences, [](double x, double y) { return (x - y) * (x - y); });
        test_sums(kernels.magnitudes_of_differences, [](double x, double y) { return std::abs(x - y); });
        test_sums(kernels.products, [](double x, double y) { return x * y; });
        test_roots(kernels);
    }
}
