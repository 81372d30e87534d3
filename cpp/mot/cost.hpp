/// Two kinds of cost: a matrix that is given, and one minus the correlation of two layers' units.
///
/// Both offer `matrix()`, the dense costs that are searched, and `exact(i, j)`, the cost that counts. They differ by at
/// most `margin`: an arc whose searched reduced cost is at least `margin` needs no second look.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/blas.hpp"
#include "mot/problem.hpp"
#include "mot/standardized_layer.hpp"
#include "mot/view.hpp"

namespace mot {

template <class Real>
class GivenCost {
public:
    explicit GivenCost(MatrixView<Real> matrix);

    const MatrixView<Real>& matrix() const { return matrix_; }
    double exact(std::int64_t i, std::int64_t j) const { return static_cast<double>(matrix_(i, j)); }
    double margin() const { return 0.0; }
    /// Largest absolute cost: the scale of every tolerance.
    double scale() const { return scale_; }
    double certificate_tolerance() const { return 1e-9 * scale_; }

private:
    MatrixView<Real> matrix_;
    double scale_;
};

class CorrelationCost {
public:
    /// Multiplies the layers' values by `sgemm` into `storage`, which is resized and must outlive this object; leaves
    /// off early when interrupted.
    CorrelationCost(const StandardizedLayer& source, const StandardizedLayer& target, Sgemm sgemm,
                    std::vector<float>& storage, Interrupt& interrupt);

    const MatrixView<float>& matrix() const { return matrix_; }
    double exact(std::int64_t i, std::int64_t j) const { return 1.0 - source_.correlation(i, target_, j); }
    /// Bounds the error of a single-precision inner product of unit vectors, whatever the order of its sum (Higham,
    /// Accuracy and Stability of Numerical Algorithms, 3.1), and of the roundings around it.
    double margin() const { return static_cast<double>(source_.n_stimuli() + 8) * 0x1p-24; }
    double scale() const { return 2.0; }
    /// What standardized values in single precision allow; their own correlations are met to rounding.
    double certificate_tolerance() const { return 1e-6; }

private:
    const StandardizedLayer& source_;
    const StandardizedLayer& target_;
    MatrixView<float> matrix_;
};

}  // namespace mot
