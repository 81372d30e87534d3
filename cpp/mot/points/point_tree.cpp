#include "mot/points/point_tree.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mot {
namespace {

double middle(double low, double high) {
    return 0.5 * (low + high);
}

}  // namespace

PointTree::PointTree(const MatrixView<double>& points, Metric metric, double base)
    : n_dimensions_(static_cast<std::size_t>(points.n_columns)),
      metric_(metric),
      base_(base),
      order_(static_cast<std::size_t>(points.n_rows)),
      potential_(order_.size(), 0.0) {
    std::iota(order_.begin(), order_.end(), Node{0});
    boxes_.reserve(4 * order_.size() / index(points_per_leaf) + 1);
    build(0, static_cast<Node>(order_.size()), order_, points);
    points_.reserve(order_.size() * n_dimensions_);
    for (const Node row : order_) points_.insert(points_.end(), points.row(row), points.row(row) + n_dimensions_);
    set_potentials(potential_);
}

void PointTree::build(Node first, Node end, std::vector<Node>& order, const MatrixView<double>& points) {
    const std::size_t here = boxes_.size();
    Box box{first, end, 0, {}, {}, {}, 0.0};
    std::size_t widest = 0;
    for (std::size_t k = 0; k < n_dimensions_; ++k) {
        box.low[k] = std::numeric_limits<double>::infinity();
        box.high[k] = -box.low[k];
        for (Node place = first; place < end; ++place) {
            const double x = points(order[index(place)], static_cast<std::int64_t>(k));
            box.low[k] = std::min(box.low[k], x);
            box.high[k] = std::max(box.high[k], x);
        }
        if (box.high[k] - box.low[k] > box.high[widest] - box.low[widest]) widest = k;
    }
    boxes_.push_back(box);
    if (end - first <= points_per_leaf) return;
    const Node half = first + (end - first) / 2;
    std::nth_element(order.begin() + first, order.begin() + half, order.begin() + end, [&](Node i, Node j) {
        const double x = points(i, static_cast<std::int64_t>(widest));
        const double y = points(j, static_cast<std::int64_t>(widest));
        return x != y ? x < y : i < j;
    });
    build(first, half, order, points);
    boxes_[here].second = boxes_.size();
    build(half, end, order, points);
}

double PointTree::cost(const double* x, Node place) const {
    const double* const y = point(place);
    double sum = 0.0;
    switch (metric_) {
        case Metric::squared_euclidean:
        case Metric::euclidean:
            for (std::size_t k = 0; k < n_dimensions_; ++k) sum += (x[k] - y[k]) * (x[k] - y[k]);
            return metric_ == Metric::euclidean ? std::sqrt(sum) : sum;
        case Metric::cityblock:
            for (std::size_t k = 0; k < n_dimensions_; ++k) sum += std::abs(x[k] - y[k]);
            return sum;
        case Metric::product:
            break;
    }
    for (std::size_t k = 0; k < n_dimensions_; ++k) sum += x[k] * y[k];
    return base_ - sum;
}

double PointTree::extent() const {
    double sum = 0.0;
    for (std::size_t k = 0; k < n_dimensions_; ++k) {
        const double side = boxes_.front().high[k] - boxes_.front().low[k];
        sum += metric_ == Metric::cityblock ? side : side * side;
    }
    return metric_ == Metric::euclidean ? std::sqrt(sum) : sum;
}

void PointTree::set_potentials(const std::vector<double>& potentials) {
    potential_ = potentials;
    double largest = 0.0;
    for (const double potential : potentials) largest = std::max(largest, std::abs(potential));
    slack_ = 64 * std::numeric_limits<double>::epsilon() * largest;
    for (Box& box : boxes_) fit_plane(box);
}

/// Least squares, which need not be exact: the plane is raised until no potential is above it.
void PointTree::fit_plane(Box& box) const {
    const std::size_t d = n_dimensions_;
    const double n = box.end_point - box.first_point;
    double mean[most_dimensions + 1] = {};
    for (Node place = box.first_point; place < box.end_point; ++place) {
        for (std::size_t k = 0; k < d; ++k) mean[k] += point(place)[k] / n;
        mean[d] += potential_[index(place)] / n;
    }
    double normal[most_dimensions][most_dimensions + 1] = {};
    for (Node place = box.first_point; place < box.end_point; ++place)
        for (std::size_t k = 0; k < d; ++k) {
            const double deviation = point(place)[k] - mean[k];
            for (std::size_t l = 0; l < d; ++l) normal[k][l] += deviation * (point(place)[l] - mean[l]);
            normal[k][d] += deviation * (potential_[index(place)] - mean[d]);
        }
    double trace = 0.0;
    for (std::size_t k = 0; k < d; ++k) trace += normal[k][k];
    for (std::size_t k = 0; k < d; ++k) normal[k][k] += 1e-9 * trace + std::numeric_limits<double>::min();
    for (std::size_t k = 0; k < d; ++k)
        for (std::size_t row = k + 1; row < d; ++row) {
            const double factor = normal[row][k] / normal[k][k];
            for (std::size_t l = k; l <= d; ++l) normal[row][l] -= factor * normal[k][l];
        }
    for (std::size_t k = d; k-- > 0;) {
        double sum = normal[k][d];
        for (std::size_t l = k + 1; l < d; ++l) sum -= normal[k][l] * box.slope[l];
        box.slope[k] = sum / normal[k][k];
        if (!std::isfinite(box.slope[k])) box.slope[k] = 0.0;
    }
    box.top = -std::numeric_limits<double>::infinity();
    for (Node place = box.first_point; place < box.end_point; ++place) {
        double above = potential_[index(place)];
        for (std::size_t k = 0; k < d; ++k) above -= box.slope[k] * (point(place)[k] - middle(box.low[k], box.high[k]));
        box.top = std::max(box.top, above);
    }
}

/// No point of the box has a lower cost less potential. Costs less a plane are sums over the dimensions, except for
/// distances: those are at least as long as their projection on any direction, and as the way to the box.
double PointTree::bound_of(const Box& box, const double* x) const {
    const std::size_t d = n_dimensions_;
    double sum = -box.top - slack_;
    switch (metric_) {
        case Metric::squared_euclidean:
            for (std::size_t k = 0; k < d; ++k) {
                const double y = std::min(std::max(x[k] + 0.5 * box.slope[k], box.low[k]), box.high[k]);
                sum += (x[k] - y) * (x[k] - y) - box.slope[k] * (y - middle(box.low[k], box.high[k]));
            }
            return sum;
        case Metric::cityblock:
            for (std::size_t k = 0; k < d; ++k) {
                const double nearest = box.slope[k] > 1.0    ? box.high[k]
                                       : box.slope[k] < -1.0 ? box.low[k]
                                                             : std::min(std::max(x[k], box.low[k]), box.high[k]);
                sum += std::abs(x[k] - nearest) - box.slope[k] * (nearest - middle(box.low[k], box.high[k]));
            }
            return sum;
        case Metric::product:
            sum += base_;
            for (std::size_t k = 0; k < d; ++k) {
                const double y = x[k] + box.slope[k] > 0.0 ? box.high[k] : box.low[k];
                sum -= x[k] * y + box.slope[k] * (y - middle(box.low[k], box.high[k]));
            }
            return sum;
        case Metric::euclidean:
            break;
    }
    double to_middle = 0.0;
    double to_box = 0.0;
    double along_slope = 0.0;
    for (std::size_t k = 0; k < d; ++k) {
        const double difference = middle(box.low[k], box.high[k]) - x[k];
        to_middle += difference * difference;
        const double outside = std::max({0.0, box.low[k] - x[k], x[k] - box.high[k]});
        to_box += outside * outside;
        along_slope += std::abs(box.slope[k]) * 0.5 * (box.high[k] - box.low[k]);
    }
    to_middle = std::sqrt(to_middle);
    const double nearest = std::sqrt(to_box) - along_slope;
    if (!(to_middle > 0.0)) return sum + nearest;
    double projected = to_middle * (1 - 8 * std::numeric_limits<double>::epsilon());
    for (std::size_t k = 0; k < d; ++k) {
        const double direction = (middle(box.low[k], box.high[k]) - x[k]) / to_middle;
        projected -= std::abs(direction - box.slope[k]) * 0.5 * (box.high[k] - box.low[k]);
    }
    return sum + std::max(nearest, projected);
}

double PointTree::least_value(const double* x) const {
    double least = std::numeric_limits<double>::infinity();
    for_each_below(x, least, [&](Node place, double reached) { least = reached - potential_[index(place)]; });
    return least;
}

}  // namespace mot
