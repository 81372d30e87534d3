#include "mot/solve/low_dimensional.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/costs/point_cost.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/sparse_augmenting_path.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/points/point_auction.hpp"
#include "mot/points/point_levels.hpp"
#include "mot/points/point_tree.hpp"
#include "mot/solve/finish.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// A search for violated pairs returns at most so many of a source, the lowest ones.
constexpr std::size_t most_per_source = 32;
constexpr std::int64_t points_per_piece = 256;
constexpr std::int64_t steps_per_search = 1024;

/// The points of one side that have mass, in the order of their rows.
struct Side {
    Side(const MatrixView<double>& all, const std::vector<double>& masses_of_all) {
        for (std::int64_t i = 0; i < all.n_rows; ++i) {
            if (!(masses_of_all[static_cast<std::size_t>(i)] > 0)) continue;
            rows.push_back(static_cast<Node>(i));
            coordinates.insert(coordinates.end(), all.row(i), all.row(i) + all.n_columns);
        }
        points = {coordinates.data(), static_cast<std::int64_t>(rows.size()), all.n_columns};
    }
    std::vector<Node> rows;
    std::vector<double> coordinates;
    MatrixView<double> points;
};

/// Finds pairs that potentials leave violated, and knows those that an engine has.
class BoxPricing {
public:
    BoxPricing(const PointTree& source, PointTree& target, const Workers& workers, const std::vector<Arc>& known)
        : source_(source), target_(target), workers_(workers), known_(static_cast<std::size_t>(source.size())) {
        for (const Arc& arc : known) known_[index(arc.source)].push_back(arc.target);
    }

    std::vector<Arc> find_violated(const Potentials& potentials, Interrupt& interrupt) {
        const double tolerance = rounding_of(potentials);
        target_.set_potentials(potentials.v);
        const std::int64_t n = source_.size();
        const std::int64_t n_pieces = (n + points_per_piece - 1) / points_per_piece;
        std::vector<std::vector<Arc>> parts(static_cast<std::size_t>(n_pieces));
        std::atomic<bool> is_stopped{false};
        workers_.share(n_pieces, [&](std::int64_t piece, int worker) {
            if (is_stopped) return;
            const auto end = static_cast<Node>(std::min(n, (piece + 1) * points_per_piece));
            for (auto i = static_cast<Node>(piece * points_per_piece); i < end; ++i)
                search(i, potentials, tolerance, parts[static_cast<std::size_t>(piece)]);
            if (worker == 0 && interrupt.requested_after(steps_per_search * points_per_piece)) is_stopped = true;
        });
        std::vector<Arc> found;
        for (const std::vector<Arc>& part : parts) found.insert(found.end(), part.begin(), part.end());
        for (const Arc& arc : found) known_[index(arc.source)].push_back(arc.target);
        return found;
    }

private:
    void search(Node i, const Potentials& potentials, double tolerance, std::vector<Arc>& found) const {
        struct Violated {
            double value;
            Arc arc;
        };
        std::vector<Violated> of_source;
        const double limit = potentials.u[index(i)] - tolerance;
        const std::vector<Node>& known = known_[index(i)];
        target_.for_each_below(source_.point(i), limit, [&](Node j, double cost) {
            if (std::find(known.begin(), known.end(), j) != known.end()) return;
            of_source.push_back({cost - potentials.v[index(j)], {i, j, cost}});
        });
        if (of_source.size() > most_per_source) {
            std::nth_element(of_source.begin(), of_source.begin() + most_per_source, of_source.end(),
                             [](const Violated& x, const Violated& y) {
                                 return x.value != y.value ? x.value < y.value : x.arc.target < y.arc.target;
                             });
            of_source.resize(most_per_source);
        }
        for (const Violated& each : of_source) found.push_back(each.arc);
    }

    /// Bounds the rounding of sums of a few costs, at potentials as large as these.
    static double rounding_of(const Potentials& potentials) {
        double largest = 0;
        for (const std::vector<double>* side : {&potentials.u, &potentials.v})
            for (const double potential : *side) largest = std::max(largest, std::abs(potential));
        return 128 * std::numeric_limits<double>::epsilon() * largest;
    }

    const PointTree& source_;
    PointTree& target_;
    const Workers& workers_;
    std::vector<std::vector<Node>> known_;  // targets of every source
};

struct Optimum {
    Status status = Status::interrupted;
    Plan plan;
    Potentials potentials;
};

template <class Engine>
Optimum run(Engine& engine, BoxPricing& pricing, Interrupt& interrupt) {
    while (true) {
        const Status status = engine.optimize(0.0, interrupt);
        if (status != Status::optimal) return {status, {}, {}};
        const std::vector<Arc> violated = pricing.find_violated(engine.potentials(), interrupt);
        if (interrupt.requested()) return {};
        if (violated.empty()) return {Status::optimal, engine.plan(), engine.potentials()};
        engine.add_arcs(violated);
    }
}

/// Solves between the points of two trees, by their places.
Optimum optimize(PointTree& source, PointTree& target, const Masses& masses, const PointPair& points,
                 const Workers& workers, Interrupt& interrupt) {
    PointAuction auction(source, target, masses,
                         starting_potentials(source, target, masses, points.metric, points.base, workers, interrupt),
                         workers, interrupt);
    bool is_placed = false;
    const EpsilonSchedule schedule = schedule_for(points.metric, false);
    for (double epsilon = schedule.first; epsilon >= schedule.last && !interrupt.requested();
         epsilon /= schedule.factor)
        is_placed = auction.run(epsilon * auction.spread(), interrupt);
    if (interrupt.requested()) return {};
    if (auction.is_hopeless()) return {Status::undecided, {}, {}};
    // Prices have fallen far together: about zero they round less.
    Potentials potentials = auction.potentials();
    double shift = 0.0;
    for (const double v : potentials.v) shift += v / static_cast<double>(potentials.v.size());
    for (double& v : potentials.v) v -= shift;
    for (double& u : potentials.u) u += shift;
    const std::vector<Arc> arcs = auction.arcs();
    const std::vector<Arc> plan = auction.plan();
    BoxPricing pricing(source, target, workers, arcs);
    if (is_placed && masses.is_uniform && source.size() == target.size()) {
        SparseAugmentingPath engine(masses, potentials.v, plan, arcs);
        Optimum found = run(engine, pricing, interrupt);
        if (found.status != Status::not_proven) return found;
    }
    const auto cost_of = [&](Node i, Node j) { return target.cost(source.point(i), j); };
    const Basis basis = starting_basis(masses, plan, potentials, arcs, cost_of, interrupt);
    if (interrupt.requested()) return {};
    NetworkSimplex<> simplex(masses, basis);
    simplex.add_arcs(arcs);
    return run(simplex, pricing, interrupt);
}

std::vector<double> by_place(const PointTree& tree, const Side& side, const std::vector<double>& masses) {
    std::vector<double> result;
    for (Node place = 0; place < tree.size(); ++place)
        result.push_back(masses[index(side.rows[index(tree.row_of(place))])]);
    return result;
}

/// Sources that are few beside the targets would bid again and again.
bool has_far_more_targets(const Side& source, const Side& target) {
    constexpr std::size_t targets_per_source = 4;
    return target.rows.size() > targets_per_source * source.rows.size();
}

}  // namespace

Solution solve_low_dimensional(const PointPair& points, const Masses& masses, Workspace& workspace,
                               Interrupt& interrupt) {
    const Side source(points.source, masses.source);
    const Side target(points.target, masses.target);
    const bool is_turned = has_far_more_targets(source, target);
    const Side& bidders = is_turned ? target : source;
    const Side& objects = is_turned ? source : target;
    PointTree bidder_tree(bidders.points, points.metric, points.base);
    PointTree object_tree(objects.points, points.metric, points.base);
    Masses placed = masses;
    placed.source = by_place(bidder_tree, bidders, is_turned ? masses.target : masses.source);
    placed.target = by_place(object_tree, objects, is_turned ? masses.source : masses.target);
    const Optimum found = optimize(bidder_tree, object_tree, placed, points, workspace.workers, interrupt);
    if (found.status != Status::optimal) {
        Solution unsolved;
        unsolved.status = found.status;
        return unsolved;
    }

    const auto row_of = [](const PointTree& tree, const Side& side, Node place) {
        return side.rows[index(tree.row_of(place))];
    };
    Plan plan;
    for (std::size_t k = 0; k < found.plan.size(); ++k) {
        const Node i = row_of(bidder_tree, bidders, found.plan.source[k]);
        const Node j = row_of(object_tree, objects, found.plan.target[k]);
        plan.add(is_turned ? j : i, is_turned ? i : j, found.plan.mass[k]);
    }
    Potentials potentials{std::vector<double>(masses.source.size(), -infinity),
                          std::vector<double>(masses.target.size(), -infinity)};
    std::vector<double>& of_bidders = is_turned ? potentials.v : potentials.u;
    std::vector<double>& of_objects = is_turned ? potentials.u : potentials.v;
    for (Node place = 0; place < bidder_tree.size(); ++place)
        of_bidders[index(row_of(bidder_tree, bidders, place))] = found.potentials.u[index(place)];
    for (Node place = 0; place < object_tree.size(); ++place)
        of_objects[index(row_of(object_tree, objects, place))] = found.potentials.v[index(place)];
    const PointCost<double> cost(points, workspace);
    return settle(cost, masses, finish(cost, masses, std::move(plan), std::move(potentials), interrupt), interrupt);
}

}  // namespace mot
