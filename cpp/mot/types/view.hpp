/// Non-owning views: the core reads its callers' arrays where they lie.
#pragma once

#include <cstdint>

namespace mot {

/// A dense row-major matrix.
template <class Real>
struct MatrixView {
    const Real* data = nullptr;
    std::int64_t n_rows = 0;
    std::int64_t n_columns = 0;

    const Real* row(std::int64_t i) const { return data + i * n_columns; }
    Real operator()(std::int64_t i, std::int64_t j) const { return row(i)[j]; }
};

/// Activations of one layer, `(n_stimuli, n_units)`, with any strides (in elements) and, where `rows` is
/// given, only those stimuli in that order: a memory map or a split is read without a copy.
template <class Real>
struct ActivationsView {
    const Real* data = nullptr;
    std::int64_t n_stimuli = 0;
    std::int64_t n_units = 0;
    std::int64_t stimulus_stride = 0;
    std::int64_t unit_stride = 0;
    const std::int64_t* rows = nullptr;

    const Real* stimulus(std::int64_t t) const { return data + (rows ? rows[t] : t) * stimulus_stride; }
};

}  // namespace mot
