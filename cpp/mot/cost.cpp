#include "mot/cost.hpp"

#include <numeric>

#include "mot/kernels/kernels.hpp"

namespace mot {

CorrelationCost::CorrelationCost(const StandardizedLayer& source, const StandardizedLayer& target, Sgemm sgemm,
                                 CostStorage& storage, std::int64_t most_stored, Interrupt& interrupt)
    : source_(source), target_(target), sgemm_(sgemm), storage_(storage) {
    // Rows between two looks at the interrupt: some tenths of a second at most.
    constexpr std::int64_t most_products = std::int64_t{1} << 32;
    panel_ = std::clamp<std::int64_t>(most_products / (n_columns() * source.n_stimuli()), 8, 512);
    is_stored_ = n_rows() * n_columns() <= most_stored;
    costs_ = storage.costs.reserve((is_stored_ ? n_rows() : std::min(panel_, n_rows())) * n_columns());
    if (!is_stored_) return;
    for (std::int64_t first = 0; first < n_rows() && !interrupt.requested(); first += panel_) {
        std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(panel_, n_rows() - first)));
        std::iota(rows.begin(), rows.end(), first);
        compute(rows, costs_ + first * n_columns());
    }
}

void CorrelationCost::compute(const std::vector<std::int64_t>& rows, float* costs) const {
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t length = source_.n_stimuli();
    const float* units = source_.values() + rows.front() * length;
    if (rows.back() - rows.front() + 1 != n) {
        float* gathered = storage_.units.reserve(panel_ * length);
        for (std::int64_t k = 0; k < n; ++k)
            std::copy_n(source_.values() + rows[static_cast<std::size_t>(k)] * length, length, gathered + k * length);
        units = gathered;
    }
    // Row-major (n, T) times (m, T) transposed is, to a column-major BLAS, the second transposed times the first.
    char transposed = 'T';
    char as_is = 'N';
    float minus_one = -1.0f;
    float zero = 0.0f;
    int n_units = static_cast<int>(n);
    int n_targets = static_cast<int>(n_columns());
    int depth = static_cast<int>(length);
    sgemm_(&transposed, &as_is, &n_targets, &n_units, &depth, &minus_one, const_cast<float*>(target_.values()), &depth,
           const_cast<float*>(units), &depth, &zero, costs, &n_targets);
    kernels().cost_of_negative_correlation(costs, n * n_columns());
}

}  // namespace mot
