#include "mot/costs/correlation_cost.hpp"

#include <numeric>

#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

constexpr std::int64_t least_panel = 8;
constexpr std::int64_t most_panel = 1024;
/// Numbers that panels may take whatever the limit is: narrow ones would be slow.
constexpr std::int64_t always_room = std::int64_t{1} << 18;
/// Rows that meet one group of columns before the next group: they stay in cache.
constexpr std::int64_t rows_per_tile = 32;
constexpr std::int64_t columns_per_group = 4;

/// Rows that are computed between two checks of the interrupt, which takes some tenths of a second at most.
std::int64_t rows_between_checks(bool is_exact, std::int64_t products_per_row) {
    const std::int64_t most_products = std::int64_t{1} << (is_exact ? 29 : 32);
    return most_products / std::max<std::int64_t>(1, products_per_row);
}

}  // namespace

template <class Real>
CorrelationCost<Real>::CorrelationCost(const StandardizedLayer& source, const StandardizedLayer& target,
                                       Workspace& workspace, Interrupt& interrupt)
    : source_(source), target_(target), workspace_(workspace), exact_(source, target, workspace, interrupt) {
    constexpr std::int64_t size = sizeof(Real) / sizeof(float);
    is_stored_ = n_rows() * n_columns() * size <= workspace.most_stored;
    const std::int64_t length = source.n_stimuli();
    panel_ = std::clamp(rows_between_checks(is_exact, n_columns() * length), least_panel, most_panel);
    std::int64_t most_at_once = panel_ * workspace.workers.n();
    if (!is_stored_) {
        // Room for the costs of the rows at once and copies of their units. The height of a panel must not depend on
        // the number of workers: bits would.
        const std::int64_t room = std::max(workspace.most_stored, always_room) / (n_columns() * size + length);
        panel_ = std::clamp(room / 4, least_panel, panel_);
        most_at_once = std::min(most_at_once, std::max(room / panel_, std::int64_t{1}) * panel_);
    }
    rows_at_once_ = std::min(most_at_once, n_rows());
    costs_ = workspace.costs.reserve<Real>((is_stored_ ? n_rows() : rows_at_once_) * n_columns());
    if (!is_stored_) return;
    for (std::int64_t first = 0; first < n_rows() && !interrupt.requested(); first += rows_at_once_) {
        std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(rows_at_once_, n_rows() - first)));
        std::iota(rows.begin(), rows.end(), first);
        compute(rows, costs_ + first * n_columns());
    }
}

/// Writes the costs of the rows, one after the other; the panels, and so the bits, are the same for any number of
/// workers.
template <class Real>
void CorrelationCost<Real>::compute(const std::vector<std::int64_t>& rows, Real* costs) const {
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t n_panels = (n + panel_ - 1) / panel_;
    const bool is_gathered = n > 0 && rows.back() - rows.front() + 1 != n;
    const std::int64_t size =
        is_exact ? 2 * columns_per_group * source_.n_stimuli() : (is_gathered ? panel_ * source_.n_stimuli() : 0);
    float* scratch = size > 0 ? workspace_.units.reserve<float>(n_panels * size) : nullptr;
    workspace_.workers.share(n_panels, [&](std::int64_t k, int) {
        const std::int64_t first = k * panel_;
        compute_panel(rows.data() + first, std::min(panel_, n - first), scratch ? scratch + k * size : nullptr,
                      costs + first * n_columns());
    });
}

template <>
void CorrelationCost<float>::compute_panel(const std::int64_t* rows, std::int64_t n, float* gathered,
                                           float* costs) const {
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
    workspace_.sgemm(&transposed, &as_is, &n_targets, &n_units, &depth, &minus_one,
                     const_cast<float*>(target_.values()), &depth, const_cast<float*>(units), &depth, &zero, costs,
                     &n_targets);
    kernels().cost_of_negative_correlation(costs, n * n_columns());
}

/// Every product is the one that `StandardizedLayer::correlation` takes, to the last bit.
template <>
void CorrelationCost<double>::compute_panel(const std::int64_t* rows, std::int64_t n, float* scratch,
                                            double* costs) const {
    const std::int64_t length = source_.n_stimuli();
    auto* const group = reinterpret_cast<double*>(scratch);
    double products[columns_per_group];
    for (std::int64_t tile = 0; tile < n; tile += rows_per_tile)
        for (std::int64_t first = 0; first < n_columns(); first += columns_per_group) {
            const std::int64_t n_in_group = std::min(columns_per_group, n_columns() - first);
            std::copy_n(target_.values() + first * length, n_in_group * length, group);
            for (std::int64_t k = tile; k < std::min(n, tile + rows_per_tile); ++k) {
                kernels().dots(source_.values() + rows[k] * length, group, n_in_group, length, products);
                for (std::int64_t c = 0; c < n_in_group; ++c)
                    costs[k * n_columns() + first + c] =
                        1.0 - source_.correlation_of_product(products[c], rows[k], target_, first + c);
            }
        }
}

template class CorrelationCost<float>;
template class CorrelationCost<double>;

}  // namespace mot
