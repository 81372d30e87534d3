/// Views of arrays that the caller owns: the core reads them where they lie.
#pragma once

#include <cstdint>

#include "mot/types/arc.hpp"

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

/// A sparse matrix in compressed rows: the entries of row i are row_starts[i] .. row_starts[i + 1] - 1, their columns
/// increasing.
struct SparseView {
    const std::int64_t* row_starts = nullptr;
    const Node* columns = nullptr;
    const double* costs = nullptr;
    std::int64_t n_rows = 0;
    std::int64_t n_columns = 0;
};

/// The activations of a layer, `(n_stimuli, n_units)`, with any strides (in elements) and, where `rows` is given, of
/// those stimuli alone, in that order: a memory map or a split is read without a copy.
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
