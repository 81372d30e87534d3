#include "mot/cost.hpp"

#include <algorithm>
#include <cmath>

#include "mot/kernels/kernels.hpp"

namespace mot {

template <class Real>
GivenCost<Real>::GivenCost(MatrixView<Real> matrix) : matrix_(matrix), scale_(0.0) {
    const Real* end = matrix.data + matrix.n_rows * matrix.n_columns;
    for (const Real* cost = matrix.data; cost != end; ++cost)
        scale_ = std::max(scale_, std::abs(static_cast<double>(*cost)));
}

CorrelationCost::CorrelationCost(const StandardizedLayer& source, const StandardizedLayer& target, Sgemm sgemm,
                                 std::vector<float>& storage, Interrupt& interrupt)
    : source_(source), target_(target) {
    storage.resize(static_cast<std::size_t>(source.n_units() * target.n_units()));
    matrix_ = {storage.data(), source.n_units(), target.n_units()};

    // Row-major (n, T) times (m, T) transposed is, to a column-major BLAS, the second transposed times the first.
    char transposed = 'T';
    char as_is = 'N';
    float minus_one = -1.0f;
    float zero = 0.0f;
    int n_columns = static_cast<int>(target.n_units());
    int depth = static_cast<int>(source.n_stimuli());
    // Rows between two looks at the interrupt: some tenths of a second at most.
    constexpr std::int64_t most_products = std::int64_t{1} << 32;
    const std::int64_t panel =
        std::clamp<std::int64_t>(most_products / (target.n_units() * source.n_stimuli()), 8, 512);
    for (std::int64_t first = 0; first < source.n_units(); first += panel) {
        if (interrupt.requested()) return;
        int n_rows = static_cast<int>(std::min(panel, source.n_units() - first));
        float* costs = storage.data() + first * target.n_units();
        sgemm(&transposed, &as_is, &n_columns, &n_rows, &depth, &minus_one, const_cast<float*>(target.values()), &depth,
              const_cast<float*>(source.values() + first * source.n_stimuli()), &depth, &zero, costs, &n_columns);
        kernels().cost_of_negative_correlation(costs, static_cast<std::int64_t>(n_rows) * n_columns);
    }
}

template class GivenCost<float>;
template class GivenCost<double>;

}  // namespace mot
