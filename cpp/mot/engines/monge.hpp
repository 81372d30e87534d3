/// Direct answer for costs with the Monge property: cost_ij + cost_kl <= cost_il + cost_kj for all rows i before k and
/// columns j before l, in some order of both. Convex costs of distances on a line have it, products of ranks, sums of
/// anything by rows and columns, and whatever has two rows.
///
/// Method: the north-west corner rule along both orders (Hoffman 1963), whose potentials prove it optimal. Rows are in
/// order of the differences between two columns, and columns of those between two rows: of the outermost ones, as far
/// as they can be told, or else of the sums over either half.
#pragma once

#include <vector>

#include "mot/types/arc.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/masses.hpp"
#include "mot/types/plan.hpp"
#include "mot/types/views.hpp"

namespace mot {

template <class Real>
class Monge {
public:
    /// `masses` and the costs must outlive this object.
    Monge(const Masses& masses, const MatrixView<Real>& cost) : masses_(masses), cost_(cost) {}

    /// Whether a few rows and columns have the property; then all of them may.
    bool is_likely() const;

    /// Optimal, or infeasible where the potentials of no walk prove it: costs have not the property then.
    Status optimize(Interrupt& interrupt);

    const Plan& plan() const { return plan_; }
    const Potentials& potentials() const { return potentials_; }

private:
    using Nodes = std::vector<Node>;

    void walk(const Nodes& rows, const Nodes& columns);
    bool is_proven(Interrupt& interrupt) const;

    const Masses& masses_;
    MatrixView<Real> cost_;
    Plan plan_;
    Potentials potentials_;
};

}  // namespace mot
