#include "mot/costs/screened_cost.hpp"

#include <cmath>

#include "mot/costs/rounded_units.hpp"
#include "mot/costs/row_search.hpp"

namespace mot {
namespace {

/// Rows that are computed together: they and the blocks that they meet stay in cache.
constexpr std::int64_t most_rows_per_panel = 128;
constexpr std::int64_t least_rows_per_panel = 16;
constexpr std::int64_t blocks_per_strip = 12;
/// Rows of which all costs are as good as a sample.
constexpr std::int64_t few_rows = 32;
/// Bytes that panels of all workers may take whatever the limit is: narrow ones would be slow.
constexpr std::int64_t always_room = std::int64_t{1} << 20;

/// Whether finding so many exact costs takes less time than single-precision products instead of those of bytes.
bool saves_time(const StandardizedLayer& source, const StandardizedLayer& target, double n_exact) {
    // In multiply-adds of single precision, as measured: an exact cost, with the lists and the table that it goes
    // through, and with the way from memory of units that no cache holds; and what a searched cost saves.
    constexpr std::int64_t most_cached = std::int64_t{1} << 20;
    const std::int64_t n_values = (source.n_units() + target.n_units()) * source.n_stimuli();
    const auto n_stimuli = static_cast<double>(source.n_stimuli());
    const double per_exact_cost = 4 * n_stimuli + (n_values <= most_cached ? 4000 : 16000);
    const double per_searched_cost = (1 - source.rounded()->products().share) * n_stimuli + 40;
    const auto n_searched = static_cast<double>(source.n_units() * target.n_units());
    return n_exact * per_exact_cost <= n_searched * per_searched_cost;
}

}  // namespace

bool ScreenedCost::is_possible(const StandardizedLayer& source, const StandardizedLayer& target) {
    // Places of the cheapest costs are counted in 16 bits, in steps of one for every lane of a row.
    constexpr std::int64_t most_units = std::int64_t{1} << 20;
    return source.rounded() && target.rounded() && &source.rounded()->products() == &target.rounded()->products() &&
           std::max(source.n_units(), target.n_units()) <= most_units;
}

bool ScreenedCost::may_be_worthwhile(const StandardizedLayer& source, const StandardizedLayer& target) {
    return saves_time(source, target, static_cast<double>(std::max(source.n_units(), target.n_units())));
}

ScreenedCost::ScreenedCost(const StandardizedLayer& source, const StandardizedLayer& target, Workspace& workspace,
                           Interrupt& interrupt)
    : source_(source),
      target_(target),
      workspace_(workspace),
      interrupt_(interrupt),
      exact_(source, target, workspace, interrupt),
      column_margin_(target.rounded()->error()),
      column_scale_(target.rounded()->scale()),
      n_workers_(workspace.workers.n()),
      rows_per_panel_(most_rows_per_panel) {
    // A searched cost is rounded to half a unit; single precision, and norms that are 1 up to rounding, add little.
    constexpr double of_costs = 0.5 * fixed_cost_unit + 2e-6;
    const double largest_error = *std::max_element(column_margin_.begin(), column_margin_.end());
    row_margin_ = source.rounded()->error();
    for (double& error : row_margin_) error = error * (1 + largest_error + 1e-6) + of_costs;
    for (float& scale : column_scale_) scale = static_cast<float>(scale / fixed_cost_unit);

    const std::int64_t n_costs = n_rows() * n_columns();
    const std::int64_t room = workspace.most_stored * static_cast<std::int64_t>(sizeof(float));
    is_stored_ = n_costs * static_cast<std::int64_t>(sizeof(FixedCost)) <= room;
    if (is_stored_) {
        costs_ = workspace.costs.reserve<FixedCost>(n_costs);
        is_computed_.assign(static_cast<std::size_t>(n_rows()), 0);
    } else {
        const std::int64_t row_bytes =
            n_columns() * static_cast<std::int64_t>(sizeof(FixedCost)) + row_stride(source.rounded()->depth());
        const std::int64_t n_rows_at_once = std::max(room, always_room) / row_bytes;
        n_workers_ = static_cast<int>(std::clamp<std::int64_t>(n_rows_at_once / least_rows_per_panel, 1, n_workers_));
        rows_per_panel_ = std::clamp(n_rows_at_once / n_workers_, least_rows_per_panel, most_rows_per_panel);
        costs_ = workspace.costs.reserve<FixedCost>(n_workers_ * rows_per_panel_ * n_columns());
    }
    if (workspace.panels.size() < static_cast<std::size_t>(n_workers_))
        workspace.panels.resize(static_cast<std::size_t>(n_workers_));
}

MatrixView<FixedCost> ScreenedCost::stored() const {
    if (!is_stored_) return {nullptr, n_rows(), n_columns()};
    for_each_row_in_groups(
        interrupt_, [](std::int64_t) { return false; }, [](const RowVisit&, std::int64_t, const FixedCost*) {});
    return {costs_, n_rows(), n_columns()};
}

bool ScreenedCost::is_worthwhile() const {
    const std::int64_t n_sampled = std::clamp(n_rows() / 8, std::min(std::int64_t{4}, n_rows()), std::int64_t{16});
    std::vector<std::int64_t> rows;
    for (std::int64_t k = 0; k < n_sampled; ++k) rows.push_back(k * n_rows() / n_sampled);
    // Products of few rows take as long as those of all rows of a small layer, which are kept.
    std::vector<FixedCost> sampled;
    const MatrixView<FixedCost> all = n_rows() <= few_rows ? stored() : MatrixView<FixedCost>{nullptr, 0, 0};
    if (!all.data) {
        sampled.resize(static_cast<std::size_t>(n_sampled * n_columns()));
        compute(rows, 0, sampled.data());
    }

    // The cheapest cost of a row stands for potentials, which are not known yet.
    const RowSearch<FixedCost> search(column_margin_);
    std::vector<Node> open(static_cast<std::size_t>(n_columns()));
    std::int64_t n_open = 0;
    for (std::int64_t k = 0; k < n_sampled; ++k) {
        const FixedCost* const row =
            all.data ? all.row(rows[static_cast<std::size_t>(k)]) : sampled.data() + k * n_columns();
        const double least = cost_of(*std::min_element(row, row + n_columns()));
        n_open += search.find(row, least + row_margin(rows[static_cast<std::size_t>(k)]), open.data());
    }
    // Potentials bring more arcs within the margins than the cheapest costs do.
    const double n_exact = 1.5 * static_cast<double>(n_open * n_rows()) / static_cast<double>(n_sampled);
    // Far less than are allowed once the pair is nearly solved.
    constexpr std::int64_t promising_per_unit = 16;
    const std::int64_t most_promising = promising_per_unit * (n_rows() + n_columns());
    return n_exact <= static_cast<double>(most_promising) && saves_time(source_, target_, n_exact);
}

const FixedCost* ScreenedCost::compute(const std::vector<std::int64_t>& rows, int worker) const {
    FixedCost* const costs = costs_ + (is_stored_ ? rows.front() : worker * rows_per_panel_) * n_columns();
    compute(rows, worker, costs);
    if (is_stored_)
        for (const std::int64_t i : rows) is_computed_[static_cast<std::size_t>(i)] = 1;
    return costs;
}

void ScreenedCost::compute(const std::vector<std::int64_t>& rows, int worker, FixedCost* costs) const {
    Workspace::Panel& panel = workspace_.panels[static_cast<std::size_t>(worker)];
    const RoundedUnits& source = *source_.rounded();
    const RoundedUnits& target = *target_.rounded();
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t depth = source.depth();

    const std::int8_t* units = source.row(rows.front());
    if (rows.back() - rows.front() + 1 != n) {
        auto* const gathered = panel.rows.reserve<std::int8_t>(rows_per_panel_ * row_stride(depth));
        for (std::int64_t k = 0; k < n; ++k)
            std::copy_n(source.row(rows[static_cast<std::size_t>(k)]), row_stride(depth),
                        gathered + k * row_stride(depth));
        units = gathered;
    }
    constexpr std::int64_t stride = blocks_per_strip * vectors_per_block;
    auto* const products = panel.products.reserve<std::int32_t>(most_rows_per_panel * stride);
    for (std::int64_t block = 0; block < target.n_blocks(); block += blocks_per_strip) {
        const std::int64_t n_blocks = std::min(blocks_per_strip, target.n_blocks() - block);
        source.products().multiply(units, n, target.block(block), n_blocks, depth, products, stride);
        const std::int64_t first = block * vectors_per_block;
        for (std::int64_t k = 0; k < n; ++k) {
            const std::int64_t i = rows[static_cast<std::size_t>(k)];
            kernels().fixed_costs(products + k * stride, source.correction(i),
                                  source.scale()[static_cast<std::size_t>(i)], column_scale_.data() + first,
                                  std::min(n_blocks * vectors_per_block, n_columns() - first),
                                  costs + k * n_columns() + first);
        }
    }
}

}  // namespace mot
