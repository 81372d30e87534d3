/// Transport from few sources: every target moves between them by shortest paths over the sources alone.
///
/// Method: Tokuyama and Nakano (1995). All mass of a target starts at the source where cost less u is least. While a
/// source has more than its own mass, a shortest path leads from one that has too much to one that has too little,
/// where a step from one source to another costs what the target that minds it least pays for the change; heaps hold
/// the targets of every source by what each change costs. Time is about k^2 + k log m for every target that moves,
/// whatever the masses.
///
/// Invariants between paths:
///   (I1) cost_ij - u_i is least, up to rounding, at every source i that serves target j;
///   (I2) sources with less than their own mass have no path from those with more that is shorter than zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

template <class Real>
class FewSources {
public:
    /// `masses` and the costs must outlive this object.
    FewSources(const Masses& masses, const MatrixView<Real>& cost);

    /// Comes first: serves every target from one source alone, at these potentials of the sources. May be called again.
    void serve(std::vector<double> u, Interrupt& interrupt);
    /// The share of all mass that sources send beyond their own.
    double surplus_share() const;

    /// Optimal, or infeasible where rounding of very different masses leads to no end: another engine may find one.
    Status optimize(Interrupt& interrupt);

    Plan plan() const;
    Potentials potentials() const;

private:
    /// A target of one source, and what it pays for each unit of mass that goes to another source instead.
    struct Change {
        double price;
        Node target;
    };
    static bool is_dearer(const Change& x, const Change& y) { return x.price > y.price; }
    struct Step {
        double length;
        Node from;
    };

    double cost(Node i, Node j) const { return static_cast<double>(cost_(i, j)); }
    std::size_t place(Node i, Node j) const { return index(i) * index(n_targets_) + index(j); }
    std::vector<Change>& changes(Node from, Node to) { return changes_[index(from) * index(n_sources_) + index(to)]; }

    void collect_changes(Interrupt& interrupt);
    void add_changes(Node source, Node target);
    const Change* cheapest_change(Node from, Node to);
    Node find_shortest_paths();
    void move_along_path(Node end);
    std::vector<std::size_t> find_cycle(Node source, Node target, const std::vector<Node>& shared) const;
    void break_cycles();

    const Masses& masses_;
    MatrixView<Real> cost_;
    Node n_sources_, n_targets_;
    std::vector<double> mass_;     // that every source sends to every target
    std::vector<double> surplus_;  // what every source sends beyond its own mass
    std::vector<double> u_;
    std::vector<std::vector<Change>> changes_;  // of every source to every other: heaps, the least price first
    std::vector<Step> steps_;                   // the last one of the shortest path to every source
    double negligible_;                         // surplus that is rounding
};

}  // namespace mot
