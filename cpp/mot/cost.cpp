#include "mot/cost.hpp"

#include <numeric>

#include "mot/kernels/kernels.hpp"

namespace mot {

CorrelationCost::CorrelationCost(const StandardizedLayer& source, const StandardizedLayer& target, Workshop& workshop,
                                 Interrupt& interrupt)
    : source_(source), target_(target), workshop_(workshop), interrupt_(interrupt) {
    // Between two looks at the interrupt: some tenths of a second at most.
    constexpr std::int64_t most_products = std::int64_t{1} << 32;
    panel_ = std::clamp<std::int64_t>(most_products / (n_columns() * source.n_stimuli()), 8, 1024);
    rows_at_once_ = std::min(panel_ * workshop.n_workers, n_rows());
    exact_.reserve(static_cast<std::size_t>(n_rows() + n_columns()));
    is_stored_ = n_rows() * n_columns() <= workshop.most_stored;
    costs_ = workshop.costs.reserve((is_stored_ ? n_rows() : rows_at_once_) * n_columns());
    if (!is_stored_) return;
    for (std::int64_t first = 0; first < n_rows() && !interrupt.requested(); first += rows_at_once_) {
        std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(rows_at_once_, n_rows() - first)));
        std::iota(rows.begin(), rows.end(), first);
        compute(rows, costs_ + first * n_columns());
    }
}

/// Costs of the rows, one after the other; the panels, and so the bits, are the same for any number of workers.
void CorrelationCost::compute(const std::vector<std::int64_t>& rows, float* costs) const {
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t length = source_.n_stimuli();
    const bool is_gathered = n > 0 && rows.back() - rows.front() + 1 != n;
    float* units = is_gathered ? workshop_.units.reserve(rows_at_once_ * length) : nullptr;
    workshop_.parallel(static_cast<int>((n + panel_ - 1) / panel_), [&](int k) {
        const std::int64_t first = k * panel_;
        compute_panel(rows.data() + first, std::min(panel_, n - first), is_gathered ? units + first * length : nullptr,
                      costs + first * n_columns());
    });
}

void CorrelationCost::compute_panel(const std::int64_t* rows, std::int64_t n, float* gathered, float* costs) const {
    const std::int64_t length = source_.n_stimuli();
    const float* units = source_.values() + rows[0] * length;
    if (gathered) {
        for (std::int64_t k = 0; k < n; ++k)
            std::copy_n(source_.values() + rows[k] * length, length, gathered + k * length);
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
    workshop_.sgemm(&transposed, &as_is, &n_targets, &n_units, &depth, &minus_one, const_cast<float*>(target_.values()),
                    &depth, const_cast<float*>(units), &depth, &zero, costs, &n_targets);
    kernels().cost_of_negative_correlation(costs, n * n_columns());
}

}  // namespace mot
