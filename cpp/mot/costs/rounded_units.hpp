/// The units of a layer, mixed over the stimuli and rounded to one byte a value, with a bound on what that changes.
///
/// All units are multiplied by one orthogonal matrix, the same for every layer with as many stimuli: inner products
/// stay as they are, and values are nearly normal whatever they were before, so that one byte serves all of them. With
/// s_x the scale, q_x the whole numbers and e_x a bound on |x - s_x q_x|,
///     |<x, y> - s_x s_y <q_x, q_y>| <= |<x - s_x q_x, y>| + |<s_x q_x, y - s_y q_y>| <= e_x |y| + |s_x q_x| e_y.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mot/kernels/integer_products.hpp"
#include "mot/types/buffer.hpp"

namespace mot {

class RoundedUnits {
public:
    /// Has room for so many units, which are yet to be set.
    RoundedUnits(std::int64_t n_units, std::int64_t n_stimuli, const IntegerProducts& products);

    /// Sets a unit, whose values have norm 1, or 0, up to 1e-6. Units of one block are set in order, those of different
    /// blocks perhaps at the same time.
    void set(std::int64_t unit, const float* values);

    const IntegerProducts& products() const { return *products_; }
    std::int64_t depth() const { return depth_; }
    /// The values of a unit; those of the next one follow after `row_stride(depth())`.
    const std::int8_t* row(std::int64_t unit) const {
        return bytes_.data_as<std::int8_t>() + unit * row_stride(depth_);
    }
    const std::uint8_t* block(std::int64_t number) const {
        return bytes_.data_as<std::uint8_t>() + first_block() + number * vectors_per_block * depth_;
    }
    std::int64_t n_blocks() const {
        return (static_cast<std::int64_t>(scale_.size()) + vectors_per_block - 1) / vectors_per_block;
    }
    const std::vector<float>& scale() const { return scale_; }
    const std::vector<double>& error() const { return error_; }
    /// What the offset of packed values adds to the products of a row.
    std::int32_t correction(std::int64_t unit) const { return correction_[static_cast<std::size_t>(unit)]; }

private:
    void round(std::size_t unit, const float* mixed, double mixing_error, std::int8_t* row);
    void pack(std::int64_t block_number);
    std::int64_t first_block() const { return static_cast<std::int64_t>(scale_.size()) * row_stride(depth_); }

    const IntegerProducts* products_;
    std::int64_t n_stimuli_;
    std::int64_t depth_;
    Buffer bytes_;               // of all rows, then of all blocks
    std::vector<float> scale_;   // (n_units,)
    std::vector<double> error_;  // (n_units,)
    std::vector<std::int32_t> correction_;
};

}  // namespace mot
