/// Searches all arcs of the dense problem for those that potentials leave violated, or nearly.
///
/// Every row keeps a lower bound on the reduced costs of its arcs that are not known yet. When potentials move, the
/// bound moves with them, and only the rows in which it is too low are searched again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "mot/costs/row_search.hpp"
#include "mot/types/arc.hpp"
#include "mot/types/compressed_rows.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/plan.hpp"

namespace mot {

template <class Cost>
class Pricing {
public:
    Pricing(const Cost& cost, const std::vector<Arc>& known);

    /// Makes sure that every unknown arc's reduced cost is at least `bound`. Returns the arcs below `width` of the rows
    /// that it had to search for that, which are known from then on; of many in a row they are the lowest few. So only
    /// when none is returned at all is nothing left below `bound`.
    std::vector<Arc> find_near_arcs(const Potentials& potentials, double bound, double width, Interrupt& interrupt);

    /// Known arcs, and where they are kept.
    struct KnownArcs {
        std::vector<Arc> arcs;
        std::vector<std::size_t> places;
    };

    /// The known arcs whose reduced cost is below `bound`: by their searched costs, or by what was learnt since.
    KnownArcs find_known(const Potentials& potentials, double bound) const;

    /// Learns of a known arc that its exact cost is at least this: it is as if a cost higher by the margins had been
    /// searched.
    void learn(std::size_t place, const Arc& arc);

private:
    /// As small as it can be: where units are copies, known arcs take more memory than all else of a pair.
    struct KnownArc {
        Node target;
        std::uint32_t before;  // the one that was added to the row before
        double cost;           // as searched, or learnt
    };
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    void update_bounds(const Potentials& potentials);
    /// What one worker needs to search a row.
    struct Scratch {
        std::vector<std::int64_t> row_of_mark;  // the last row searched in which the arc to each column was known
        std::vector<Node> hits;
    };

    void search_row(std::int64_t i, const typename Cost::Value* row, const RowSearch<typename Cost::Value>& search,
                    const Potentials& potentials, double width, Scratch& scratch, std::vector<Arc>& found);
    /// Visits arcs with their places: those from the start come first, then those that were added.
    template <class Visit>
    void for_each_known(std::size_t row, Visit visit) const {
        for (std::size_t k = known_.first(row); k < known_.end(row); ++k) visit(known_[k], k);
        for (std::uint32_t k = last_added_[row]; k != none; k = added_[k].before) visit(added_[k], known_.size() + k);
    }

    const Cost& cost_;
    CompressedRows<KnownArc> known_;         // from the start
    std::vector<KnownArc> added_;            // since then, in linked lists
    std::vector<std::uint32_t> last_added_;  // head of every row's list
    std::vector<double> bound_;              // lower bound on the reduced costs of every row's unknown arcs
    Potentials last_;                        // the potentials that the bounds are for
    std::vector<Scratch> scratch_;           // of every worker
};

}  // namespace mot
