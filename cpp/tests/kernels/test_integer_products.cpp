/// Every version of the products of integers gives the sums of a naive loop modulo 2^32, and writes nothing else.
#include "mot/kernels/integer_products.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

constexpr std::size_t vectors_per_block = 16;

/// Vectors of whole numbers, one after the other.
struct Vectors {
    std::size_t n;
    std::size_t depth;
    std::vector<int> values = std::vector<int>(n * depth);

    int at(std::size_t vector, std::size_t k) const { return values[vector * depth + k]; }
};

/// Numbers of all sizes, or only those of the largest magnitude.
Vectors random_vectors(Random& random, std::size_t n, std::size_t depth, int largest, bool is_extreme) {
    Vectors vectors{n, depth};
    for (int& value : vectors.values)
        value = is_extreme ? (draw(random, 0, 1) == 0 ? -largest : largest) : draw(random, -largest, largest);
    return vectors;
}

Vectors equal_vectors(std::size_t n, std::size_t depth, int value) {
    Vectors vectors{n, depth};
    for (int& each : vectors.values) each = value;
    return vectors;
}

/// Bytes that begin at an address of no alignment.
template <class Byte>
struct Bytes {
    std::vector<Byte> storage;
    explicit Bytes(std::size_t n) : storage(n + 1) {}
    Byte* data() { return storage.data() + 1; }
};

/// As the header describes them: the numbers behind the end of a row are not to be read as values.
Bytes<std::int8_t> rows_of(const Vectors& vectors) {
    const std::size_t stride = vectors.depth + 64;
    Bytes<std::int8_t> rows(vectors.n * stride);
    for (std::size_t r = 0; r < vectors.n; ++r)
        for (std::size_t k = 0; k < stride; ++k)
            rows.data()[r * stride + k] = static_cast<std::int8_t>(k < vectors.depth ? vectors.at(r, k) : 55);
    return rows;
}

Bytes<std::uint8_t> packed_of(const Vectors& vectors, int offset) {
    Bytes<std::uint8_t> packed(vectors.n * vectors.depth);
    for (std::size_t c = 0; c < vectors.n; ++c)
        for (std::size_t k = 0; k < vectors.depth; ++k) {
            const std::size_t block = c / vectors_per_block * vectors_per_block * vectors.depth;
            const std::size_t group = k / 4 * 4 * vectors_per_block;
            packed.data()[block + group + c % vectors_per_block * 4 + k % 4] =
                static_cast<std::uint8_t>(vectors.at(c, k) + offset);
        }
    return packed;
}

/// Sums in 64 bits, of which the lowest 32 are kept.
std::vector<std::uint32_t> naive_products(const Vectors& rows, const Vectors& columns, int offset) {
    std::vector<std::uint32_t> products;
    for (std::size_t r = 0; r < rows.n; ++r)
        for (std::size_t c = 0; c < columns.n; ++c) {
            std::int64_t sum = 0;
            for (std::size_t k = 0; k < rows.depth; ++k)
                sum += std::int64_t{rows.at(r, k)} * (columns.at(c, k) + offset);
            products.push_back(static_cast<std::uint32_t>(sum));
        }
    return products;
}

/// Multiplies the first rows and the first blocks of those that `expected` has the products of.
class Products {
public:
    Products(const mot::IntegerProducts& version, const Vectors& rows, const Vectors& columns)
        : version_(version),
          depth_(rows.depth),
          n_columns_(columns.n),
          rows_(rows_of(rows)),
          packed_(packed_of(columns, version.packed_offset)),
          expected_(naive_products(rows, columns, version.packed_offset)) {}

    void test(std::size_t n_rows, std::size_t n_blocks) {
        case_name = std::string(version_.name) + ", depth " + std::to_string(depth_) + ", rows " +
                    std::to_string(n_rows) + ", blocks " + std::to_string(n_blocks);
        constexpr std::int32_t untouched = 123456789;
        const std::size_t stride = n_columns_ + 3;
        std::vector<std::int32_t> found((n_rows + 1) * stride, untouched);
        version_.multiply(rows_.data(), static_cast<std::int64_t>(n_rows), packed_.data(),
                          static_cast<std::int64_t>(n_blocks), static_cast<std::int64_t>(depth_), found.data(),
                          static_cast<std::int64_t>(stride));
        for (std::size_t r = 0; r <= n_rows; ++r)
            for (std::size_t c = 0; c < stride; ++c) {
                const bool is_product = r < n_rows && c < n_blocks * vectors_per_block;
                const std::uint32_t expected =
                    is_product ? expected_[r * n_columns_ + c] : static_cast<std::uint32_t>(untouched);
                CHECK(static_cast<std::uint32_t>(found[r * stride + c]) == expected);
            }
    }

private:
    const mot::IntegerProducts& version_;
    std::size_t depth_;
    std::size_t n_columns_;
    Bytes<std::int8_t> rows_;
    Bytes<std::uint8_t> packed_;
    std::vector<std::uint32_t> expected_;
};

/// All that may be left over of rows and of blocks, of which versions take several at once.
void test_shapes(Random& random, const mot::IntegerProducts& version, std::size_t depth) {
    constexpr std::size_t most_rows = 40;
    constexpr std::size_t most_blocks = 14;
    Products products(version, random_vectors(random, most_rows, depth, version.largest, false),
                      random_vectors(random, most_blocks * vectors_per_block, depth, version.largest, false));
    for (std::size_t n_rows = 1; n_rows <= most_rows; ++n_rows)
        for (std::size_t n_blocks = 1; n_blocks <= most_blocks; ++n_blocks) products.test(n_rows, n_blocks);
    products.test(0, most_blocks);
    products.test(most_rows, 0);
}

/// Nothing may saturate: all values as large as they may be, of one sign or both.
void test_extremes(Random& random, const mot::IntegerProducts& version) {
    constexpr std::size_t n_rows = 9;
    constexpr std::size_t n_blocks = 3;
    constexpr std::size_t n_columns = n_blocks * vectors_per_block;
    for (const std::size_t depth : {std::size_t{64}, std::size_t{128}, std::size_t{2048}}) {
        const int largest = version.largest;
        for (const int row : {-largest, largest})
            for (const int column : {-largest, 0, largest})
                Products(version, equal_vectors(n_rows, depth, row), equal_vectors(n_columns, depth, column))
                    .test(n_rows, n_blocks);
        Products(version, random_vectors(random, n_rows, depth, largest, true),
                 random_vectors(random, n_columns, depth, largest, true))
            .test(n_rows, n_blocks);
    }
}

/// Sums beyond 2^31, and beyond 2^32.
void test_large_sums(const mot::IntegerProducts& version) {
    constexpr std::size_t n_rows = 3;
    for (const std::size_t depth : {std::size_t{66368}, std::size_t{133248}, std::size_t{600000}})
        for (const int row : {-version.largest, version.largest})
            Products(version, equal_vectors(n_rows, depth, row),
                     equal_vectors(vectors_per_block, depth, version.largest))
                .test(n_rows, 1);
}

}  // namespace

int main() {
    Random random(12);
    std::set<std::string> names;
    const mot::IntegerProducts* last = nullptr;
    for (const mot::IntegerProducts* const* each = mot::available_integer_products(); *each; ++each) {
        last = *each;
        CHECK(names.empty() == (std::string(last->name) == "plain"));
        CHECK(names.insert(last->name).second);
        CHECK(last->largest + last->packed_offset <= 255);
        for (const std::size_t depth : {std::size_t{64}, std::size_t{128}, std::size_t{192}, std::size_t{320}})
            test_shapes(random, *last, depth);
        test_extremes(random, *last);
        test_large_sums(*last);
    }
    CHECK(last != nullptr);
    CHECK(mot::fastest_integer_products() == (names.size() == 1 ? nullptr : last));
}
