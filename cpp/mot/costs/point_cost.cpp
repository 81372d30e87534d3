#include "mot/costs/point_cost.hpp"

#include <cmath>
#include <limits>

namespace mot {
namespace {

/// Points of one side with their mean taken off, and their norms.
struct CentredPoints {
    CentredPoints(const MatrixView<double>& points, const std::vector<double>& centre)
        : squared_norm(static_cast<std::size_t>(points.n_rows)) {
        for (std::int64_t i = 0; i < points.n_rows; ++i) {
            double sum = 0.0;
            for (std::int64_t k = 0; k < points.n_columns; ++k) {
                const double x = points(i, k) - centre[static_cast<std::size_t>(k)];
                sum += x * x;
            }
            squared_norm[static_cast<std::size_t>(i)] = sum;
        }
    }
    double greatest() const { return *std::max_element(squared_norm.begin(), squared_norm.end()); }

    std::vector<double> squared_norm;
};

std::vector<double> centre_of(const PointPair& points) {
    std::vector<double> centre(static_cast<std::size_t>(points.n_dimensions()), 0.0);
    if (points.metric == Metric::product) return centre;
    // Differences from the first point, so that sums of points far away do not round.
    const double* const first = points.source.row(0);
    const auto n = static_cast<double>(points.source.n_rows + points.target.n_rows);
    for (const MatrixView<double>* side : {&points.source, &points.target})
        for (std::int64_t i = 0; i < side->n_rows; ++i)
            for (std::int64_t k = 0; k < side->n_columns; ++k)
                centre[static_cast<std::size_t>(k)] += ((*side)(i, k) - first[k]) / n;
    for (std::int64_t k = 0; k < points.n_dimensions(); ++k) centre[static_cast<std::size_t>(k)] += first[k];
    return centre;
}

/// The greatest absolute cost that points in the box around all of them could have.
double greatest_cost_of(const PointPair& points) {
    double squares = 0;
    double sum = 0;
    double products = 0;
    for (std::int64_t k = 0; k < points.n_dimensions(); ++k) {
        double low = points.source(0, k);
        double high = low;
        double largest[2] = {0, 0};
        for (const MatrixView<double>* side : {&points.source, &points.target})
            for (std::int64_t i = 0; i < side->n_rows; ++i) {
                const double x = (*side)(i, k);
                low = std::min(low, x);
                high = std::max(high, x);
                double& magnitude = largest[side == &points.target];
                magnitude = std::max(magnitude, std::abs(x));
            }
        squares += (high - low) * (high - low);
        sum += high - low;
        products += largest[0] * largest[1];
    }
    switch (points.metric) {
        case Metric::squared_euclidean:
            return squares;
        case Metric::euclidean:
            return std::sqrt(squares);
        case Metric::cityblock:
            return sum;
        case Metric::product:
            break;
    }
    return std::abs(points.base) + products;
}

/// Numbers that the panels of a worker may take: about what the second cache holds, and more where rows are long.
constexpr std::int64_t numbers_per_panel = std::int64_t{1} << 19;
constexpr std::int64_t least_rows_per_panel = 64;
constexpr std::int64_t most_rows_per_panel = 256;

constexpr std::int64_t n_blocks_of(std::int64_t n_points) {
    return (n_points + points_per_block - 1) / points_per_block;
}

}  // namespace

template <class Real>
PointCost<Real>::PointCost(const PointPair& points, Workspace& workspace)
    : points_(points), workspace_(workspace), scale_(greatest_cost_of(points)), n_workers_(workspace.workers.n()) {
    depth_ = points.n_dimensions();
    prepare();
    rows_per_panel_ = std::clamp(numbers_per_panel / stride_, least_rows_per_panel, most_rows_per_panel);
    if (workspace.panels.size() < static_cast<std::size_t>(n_workers_))
        workspace.panels.resize(static_cast<std::size_t>(n_workers_));
    // Memory is asked for here: a thread that shares work is no place to run out of it.
    for (int worker = 0; worker < n_workers_; ++worker) {
        Workspace::Panel& panel = workspace.panels[static_cast<std::size_t>(worker)];
        panel.products.reserve<Real>(rows_per_panel_ * stride_);
        panel.rows.reserve<Real>(rows_per_panel_ * depth_);
    }
}

template <class Real>
std::vector<double> PointCost<Real>::find_least_costs(const std::vector<Arc>& arcs) const {
    std::vector<double> costs;
    costs.reserve(arcs.size());
    for (const Arc& arc : arcs) costs.push_back(exact(arc.source, arc.target));
    return costs;
}

/// Lays out the targets in blocks.
template <>
void PointCost<double>::prepare() {
    const std::int64_t n_blocks = n_blocks_of(n_columns());
    stride_ = n_blocks * points_per_block;
    auto* const blocks = target_.reserve<double>(stride_ * depth_);
    for (std::int64_t j = 0; j < stride_; ++j)
        for (std::int64_t k = 0; k < depth_; ++k)
            blocks[((j / points_per_block) * depth_ + k) * points_per_block + j % points_per_block] =
                j < n_columns() ? points_.target(j, k) : 0.0;
}

template <>
const double* PointCost<double>::compute(const std::vector<std::int64_t>& rows, int worker) const {
    Workspace::Panel& panel = workspace_.panels[static_cast<std::size_t>(worker)];
    auto* const costs = panel.products.reserve<double>(rows_per_panel_ * stride_);
    const auto n = static_cast<std::int64_t>(rows.size());
    const double* x = points_.source.row(rows.front());
    if (rows.back() - rows.front() + 1 != n) {
        auto* const gathered = panel.rows.reserve<double>(rows_per_panel_ * depth_);
        for (std::int64_t k = 0; k < n; ++k)
            std::copy_n(points_.source.row(rows[static_cast<std::size_t>(k)]), depth_, gathered + k * depth_);
        x = gathered;
    }
    const PointKernels& of_points = kernels().of_points;
    const PointKernels::Sums sums = points_.metric == Metric::cityblock ? of_points.magnitudes_of_differences
                                    : points_.metric == Metric::product ? of_points.products
                                                                        : of_points.squared_differences;
    sums(x, n, target_.data_as<double>(), stride_ / points_per_block, depth_, costs, stride_);
    if (points_.metric == Metric::euclidean) of_points.roots(costs, n * stride_);
    if (points_.metric == Metric::product) of_points.subtract_from(points_.base, costs, n * stride_);
    return costs;
}

/// A squared distance is the inner product of (-2 x, |x|^2, 1) and (y, 1, |y|^2), and a cost of products that of
/// (-x, base) and (y, 1).
template <>
void PointCost<float>::prepare() {
    const bool is_product = points_.metric == Metric::product;
    const std::int64_t n_dimensions = points_.n_dimensions();
    depth_ = n_dimensions + (is_product ? 1 : 2);
    stride_ = n_columns();
    const std::vector<double> centre = centre_of(points_);
    const CentredPoints source(points_.source, centre);
    const CentredPoints target(points_.target, centre);

    // Bounds the error of a single-precision inner product, whatever the order of its sum (Jeannerod and Rump 2013,
    // Improved error bounds for inner products in floating-point arithmetic), and of the roundings of its operands,
    // relative to the sum of the absolute products; underflow aside, which adds less than `least`.
    const double error = 1.01 * static_cast<double>(depth_ + 6) * 0x1p-24;
    const double least = static_cast<double>(depth_) * 0x1p-120;
    // (|x| + |y|)^2 is at most 2 |x|^2 + 2 |y|^2.
    const auto error_of = [&](double squared_norm) { return 2 * error * squared_norm + least; };
    const bool is_lowered = points_.metric == Metric::euclidean;
    row_margin_.assign(static_cast<std::size_t>(n_rows()), 0.0);
    column_margin_.assign(static_cast<std::size_t>(n_columns()), 0.0);
    const double greatest_target = std::sqrt(target.greatest());
    for (std::size_t i = 0; i < row_margin_.size() && !is_lowered; ++i)
        row_margin_[i] =
            is_product ? error * (std::sqrt(source.squared_norm[i]) * greatest_target + std::abs(points_.base)) + least
                       : error_of(source.squared_norm[i]);
    for (std::size_t j = 0; j < column_margin_.size() && !is_lowered && !is_product; ++j)
        column_margin_[j] = error_of(target.squared_norm[j]);

    const auto fill = [&](const MatrixView<double>& points, const std::vector<double>& squared_norm, double factor,
                          bool is_source, float* prepared) {
        for (std::int64_t i = 0; i < points.n_rows; ++i, prepared += depth_) {
            for (std::int64_t k = 0; k < n_dimensions; ++k)
                prepared[k] = static_cast<float>(factor * (points(i, k) - centre[static_cast<std::size_t>(k)]));
            const double square = squared_norm[static_cast<std::size_t>(i)];
            const auto norm = static_cast<float>(is_lowered ? square - 2 * error_of(square) : square);
            if (is_product) {
                prepared[n_dimensions] = is_source ? static_cast<float>(points_.base) : 1.0f;
            } else {
                prepared[n_dimensions] = is_source ? norm : 1.0f;
                prepared[n_dimensions + 1] = is_source ? 1.0f : norm;
            }
        }
    };
    fill(points_.source, source.squared_norm, is_product ? -1.0 : -2.0, true,
         source_.reserve<float>(n_rows() * depth_));
    fill(points_.target, target.squared_norm, 1.0, false, target_.reserve<float>(n_columns() * depth_));
}

template <>
const float* PointCost<float>::compute(const std::vector<std::int64_t>& rows, int worker) const {
    Workspace::Panel& panel = workspace_.panels[static_cast<std::size_t>(worker)];
    auto* const costs = panel.products.reserve<float>(rows_per_panel_ * stride_);
    const auto n = static_cast<std::int64_t>(rows.size());
    const float* x = source_.data() + rows.front() * depth_;
    if (rows.back() - rows.front() + 1 != n) {
        auto* const gathered = panel.rows.reserve<float>(rows_per_panel_ * depth_);
        for (std::int64_t k = 0; k < n; ++k)
            std::copy_n(source_.data() + rows[static_cast<std::size_t>(k)] * depth_, depth_, gathered + k * depth_);
        x = gathered;
    }
    // Row-major (n, depth) times (m, depth) transposed is, to a column-major BLAS, the second transposed times the
    // first.
    char transposed = 'T';
    char as_is = 'N';
    float one = 1.0f;
    float zero = 0.0f;
    int n_sources = static_cast<int>(n);
    int n_targets = static_cast<int>(n_columns());
    int depth = static_cast<int>(depth_);
    workspace_.sgemm(&transposed, &as_is, &n_targets, &n_sources, &depth, &one, const_cast<float*>(target_.data()),
                     &depth, const_cast<float*>(x), &depth, &zero, costs, &n_targets);
    if (points_.metric == Metric::euclidean) kernels().of_points.scaled_roots(1.0f - 0x1p-22f, costs, n * stride_);
    return costs;
}

template class PointCost<float>;
template class PointCost<double>;

}  // namespace mot
