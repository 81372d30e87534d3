/// Certificates of planted answers: this test links no solver, so that certificates prove to need none.
///
/// A problem is planted by drawing potentials and a plan first. Costs are the sums of the potentials where the plan
/// moves mass, and more elsewhere.
#include <cstddef>
#include <limits>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

/// Mass from every source to two targets.
struct PlantedTransport {
    Matrix cost;
    mot::Masses masses;
    mot::Plan plan;
    mot::Potentials potentials;
    double total = 0;

    PlantedTransport(Random& random, std::size_t n) : cost(n, n) {
        for (std::size_t i = 0; i < n; ++i) {
            potentials.u.push_back(draw(random, -9, 9));
            potentials.v.push_back(draw(random, -9, 9));
        }
        masses.source.assign(n, 0.0);
        masses.target.assign(n, 0.0);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                const bool carries_mass = j == i || j == i + 1;
                cost(i, j) = potentials.u[i] + potentials.v[j] + (carries_mass ? 0 : draw(random, 1, 9));
                if (!carries_mass) continue;
                const double mass = draw(random, 1, 5);
                plan.add(static_cast<mot::Node>(i), static_cast<mot::Node>(j), mass);
                masses.source[i] += mass;
                masses.target[j] += mass;
                total += mass * cost(i, j);
            }
    }

    mot::Certificate certificate() const {
        NeverInterrupt never;
        return mot::certify(as_given(cost), masses, plan, potentials, never);
    }
    /// The same with all arcs listed.
    mot::Certificate sparse_certificate() const {
        const FiniteRows rows(cost);
        NeverInterrupt never;
        return mot::certify(mot::SparseCost(rows.view()), masses, plan, potentials, never);
    }
};

void test_transport(Random& random, std::size_t n) {
    const PlantedTransport planted(random, n);
    for (const mot::Certificate& certificate : {planted.certificate(), planted.sparse_certificate()}) {
        CHECK(certificate.is_optimal());
        CHECK(certificate.primal == planted.total);
        CHECK(certificate.dual_violation == 0 && certificate.slackness == 0 && certificate.duality_gap == 0);
    }
    PlantedTransport worse = planted;
    worse.plan.mass[1] -= 0.5;  // from source 0 to target 1; back again by way of the last source
    worse.plan.mass.back() -= 0.5;
    const auto last = static_cast<mot::Node>(n - 1);
    worse.plan.add(0, last, 0.5);
    worse.plan.add(last, 1, 0.5);
    for (const mot::Certificate& certificate : {worse.certificate(), worse.sparse_certificate()}) {
        CHECK(!certificate.is_optimal());
        CHECK(certificate.marginal_error == 0 && certificate.slackness >= 1 && certificate.duality_gap > 0);
    }
    PlantedTransport infeasible = planted;
    infeasible.potentials.v[0] += 0.25;
    CHECK(infeasible.certificate().dual_violation == 0.25 && !infeasible.certificate().is_optimal());
}

/// Row i takes column i + 1.
struct PlantedMatching {
    Matrix cost;
    std::vector<mot::Node> column_of;
    mot::Potentials potentials;

    PlantedMatching(Random& random, std::size_t n, std::size_t m) : cost(n, m) {
        potentials.v.assign(m, 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            column_of.push_back(static_cast<mot::Node>(i + 1));
            potentials.u.push_back(draw(random, -9, 9));
            potentials.v[i + 1] = draw(random, -9, 0);
        }
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < m; ++j)
                cost(i, j) = potentials.u[i] + potentials.v[j] + (j == i + 1 ? 0 : draw(random, 1, 9));
    }
};

void test_matching(Random& random) {
    const PlantedMatching matching(random, 4, 6);
    const mot::MatrixView<double> view = view_of_cost(matching.cost);
    NeverInterrupt never;
    const auto certify = [&](const std::vector<mot::Node>& column_of, const mot::Potentials& potentials) {
        return mot::certify_matching(view, column_of, potentials, never);
    };
    CHECK(certify(matching.column_of, matching.potentials).is_optimal());
    std::vector<mot::Node> twice = matching.column_of;
    twice[1] = twice[0];
    CHECK(!certify(twice, matching.potentials).is_optimal());
    mot::Potentials high = matching.potentials;
    high.u[2] += 1e-3;
    CHECK(certify(matching.column_of, high).dual_violation > 0);
    CHECK(!certify(matching.column_of, high).is_optimal());
    mot::Potentials shifted = matching.potentials;  // feasible but for the idle row
    for (double& u : shifted.u) u -= 1;
    for (double& v : shifted.v) v += 1;
    CHECK(!certify(matching.column_of, shifted).is_optimal());
    Matrix forbidden = matching.cost;
    forbidden(0, to_index(matching.column_of[0])) = infinity;
    CHECK(!mot::certify_matching(view_of_cost(forbidden), matching.column_of, matching.potentials, never).is_optimal());
    mot::Potentials unknown = matching.potentials;
    unknown.v[0] = std::numeric_limits<double>::quiet_NaN();
    CHECK(!certify(matching.column_of, unknown).is_optimal());
}

}  // namespace

int main() {
    Random random(12);
    for (const std::size_t n : {3u, 5u, 12u}) test_transport(random, n);
    for (int round = 0; round < 10; ++round) test_matching(random);
}
