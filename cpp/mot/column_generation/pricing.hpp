/// Looks over all arcs of the dense problem for those that potentials leave violated, or nearly.
///
/// Every row keeps a bound on the reduced costs of the arcs in it that are not known yet. When potentials move, the
/// bound moves with them, and only the rows in which it says too little are read again.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/types/problem.hpp"

namespace mot {

template <class Cost>
class Pricing {
public:
    Pricing(const Cost& cost, const std::vector<Arc>& known);

    /// Afterwards every unknown arc's reduced cost is at least `certain`. Rows that had to be read for that give away
    /// their arcs below `width`, which are known from then on, and returns them. Of many in a row they are the lowest
    /// few: only when none is returned at all is nothing left below `certain`.
    std::vector<Arc> find_near_arcs(const Potentials& potentials, double certain, double width, Interrupt& interrupt);

    /// Known arcs of which the searched costs do not tell whether they are violated.
    std::int64_t n_within_margin(const Potentials& potentials) const;

    /// Of the known arcs those whose exact reduced cost is below -tolerance, with their exact costs.
    std::vector<Arc> find_violated_exactly(const Potentials& potentials, double tolerance) const;

private:
    struct KnownArc {
        Node target;
        double cost;  // as searched
        std::ptrdiff_t next;
    };
    static constexpr std::ptrdiff_t none = -1;

    void learn(std::size_t row, Node target, double cost);
    void loosen(const Potentials& potentials);
    void read_row(std::int64_t i, const typename Cost::Value* row, const Potentials& potentials, double width,
                  std::vector<Arc>& found);

    const Cost& cost_;
    std::vector<KnownArc> known_;            // in chains, one for each row
    std::vector<std::ptrdiff_t> chain_;      // of every row: the known arc that its chain starts with
    std::vector<double> bound_;              // of every row: no unknown arc's reduced cost is lower
    Potentials last_;                        // the potentials that the bounds are for
    std::vector<std::int64_t> row_of_mark_;  // of every column: the last row in which it was known
    std::vector<Node> hits_;
};

}  // namespace mot
