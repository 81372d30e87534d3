/// A tree of boxes over points of few dimensions, which finds those at which the cost from a given point, less their
/// potential, is least.
///
/// Method: a k-d tree (Bentley 1975). Every box bounds the potentials of its points by a plane, fitted to them, plus a
/// number: where mass is carried far, costs and potentials change alike within a box, and only a bound that follows
/// both tells boxes apart. Costs less a plane have their least value over a box in closed form, or for distances a
/// bound on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/costs/points.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/views.hpp"

namespace mot {

class PointTree {
public:
    static constexpr std::int64_t most_dimensions = 8;

    /// Takes over a copy of the points, in the order of the tree: from here on a point is known by its place in it.
    PointTree(const MatrixView<double>& points, Metric metric, double base);

    std::int64_t size() const { return static_cast<std::int64_t>(order_.size()); }
    const double* point(Node place) const { return points_.data() + index(place) * n_dimensions_; }
    MatrixView<double> points() const { return {points_.data(), size(), static_cast<std::int64_t>(n_dimensions_)}; }
    /// The row that the point at a place was given in.
    Node row_of(Node place) const { return order_[index(place)]; }

    /// The bits of `PointPair::cost`, whichever of the two points is the source.
    double cost(const double* x, Node place) const;

    /// What costs differ by at most, about: the cost from one corner of the box around all points to the other.
    double extent() const;

    /// Potentials of the points by their places. Searches are right as long as the potentials have only fallen since.
    void set_potentials(const std::vector<double>& potentials);

    /// Calls `visit(place, cost)` for all points whose cost less potential, as it was set, is below the limit, which a
    /// visit may lower; and for none of those that a box rules out by more than rounding.
    template <class Visit>
    void for_each_below(const double* x, const double& limit, Visit visit) const {
        struct Open {
            double bound;
            std::size_t box;
        };
        Open open[most_depth];
        int n_open = 0;
        open[n_open++] = {bound_of(boxes_.front(), x), 0};
        while (n_open > 0) {
            const Open nearest = open[--n_open];
            if (!(nearest.bound < limit)) continue;
            const Box& box = boxes_[nearest.box];
            if (box.second == 0) {
                for (Node place = box.first_point; place < box.end_point; ++place) {
                    const double reached = cost(x, place);
                    if (reached - potential_[index(place)] < limit) visit(place, reached);
                }
                continue;
            }
            Open halves[2] = {{bound_of(boxes_[nearest.box + 1], x), nearest.box + 1},
                              {bound_of(boxes_[box.second], x), box.second}};
            const bool is_first_nearer = halves[0].bound < halves[1].bound;
            open[n_open++] = halves[is_first_nearer ? 1 : 0];
            open[n_open++] = halves[is_first_nearer ? 0 : 1];
        }
    }

    /// The least cost less potential.
    double least_value(const double* x) const;

private:
    static constexpr Node points_per_leaf = 12;
    static constexpr int most_depth = 96;

    struct Box {
        Node first_point, end_point;
        std::size_t second;  // its second half; the first half comes next; zero for a leaf
        double low[most_dimensions], high[most_dimensions];
        double slope[most_dimensions];  // of the plane, about the middle of the box
        double top;                     // no potential is above the plane by more
    };

    void build(Node first, Node end, std::vector<Node>& order, const MatrixView<double>& points);
    void fit_plane(Box& box) const;
    double bound_of(const Box& box, const double* x) const;

    std::size_t n_dimensions_;
    Metric metric_;
    double base_;
    std::vector<Node> order_;
    std::vector<double> points_;
    std::vector<double> potential_;
    double slack_ = 0.0;  // what rounding may add to a bound
    std::vector<Box> boxes_;
};

}  // namespace mot
