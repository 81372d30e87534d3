/// The walk along the plans of every mass: from any arcs that are complete up to a price, exact or bounded, in steps of
/// mass or of price, the curve is that of shortest residual paths, to the last bit where sums of costs are exact.
#include "mot/engines/partial_path.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "mot/types/double_double.hpp"
#include "oracles/partial_transport.hpp"
#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/partial_problems.hpp"
#include "support/problems.hpp"

namespace {

using mot::KnownArc;
using mot::PartialStop;

constexpr std::int64_t any_number = std::numeric_limits<std::int64_t>::max();

/// Masses in whole numbers, whatever their sums.
mot::PartialProblem problem_of(const PartialCase& given) {
    mot::PartialProblem problem;
    problem.masses.source = to_real(given.a);
    problem.masses.target = to_real(given.b);
    problem.kept = {given.kept_a, given.kept_b};
    return problem;
}

struct ArcChoice {
    double width = infinity;  ///< arcs are given whose reduced cost is below it
    double lowered = 0;       ///< lower bounds of costs are up to so much lower
};

/// An engine with all that it refers to.
template <class Real>
class Walk {
public:
    Walk(const PartialCase& given, ArcChoice choice, std::int64_t most_resolved = any_number)
        : given_(given),
          problem_(problem_of(given)),
          choice_(choice),
          random_(7),
          engine(
              problem_,
              [this](mot::Node i, mot::Node j) {
                  ++n_resolved;
                  return given_.cost(to_index(i), to_index(j));
              },
              most_resolved) {
        fill();
    }
    Walk(const Walk&) = delete;

    PartialStop advance(double mass, double price, mot::Interrupt& interrupt) {
        PartialStop stop = engine.advance(mass, price, interrupt);
        while (stop == PartialStop::needs_arcs) {
            CHECK(engine.price() < price && ++n_fillings_ < 100000);
            fill();
            stop = engine.advance(mass, price, interrupt);
        }
        return stop;
    }
    PartialStop advance(double mass, double price = infinity) {
        NeverInterrupt never;
        return advance(mass, price, never);
    }

    /// Potentials at a price prove what the engine claims: none is violated, and the plan's arcs are tight.
    void check_plan(double price) {
        const mot::PartialPlan plan = engine.plan();
        const mot::Potentials potentials = engine.potentials_at(price);
        const std::vector<double>&u = potentials.u, &v = potentials.v;
        std::vector<double> of_source = plan.left_at_source, of_target = plan.left_at_target;
        double carried = 0;
        for (std::size_t k = 0; k < plan.carried.size(); ++k) {
            const std::size_t i = to_index(plan.carried.source[k]), j = to_index(plan.carried.target[k]);
            CHECK(plan.carried.mass[k] > 0 && u[i] + v[j] == given_.cost(i, j));
            of_source[i] += plan.carried.mass[k];
            of_target[j] += plan.carried.mass[k];
            carried += plan.carried.mass[k];
        }
        CHECK(of_source == to_real(given_.a) && of_target == to_real(given_.b));
        CHECK(plan.mass == carried && engine.mass() == carried && plan.price == engine.price());
        for (std::size_t i = 0; i < u.size(); ++i) {
            CHECK((u[i] == -infinity) == (given_.a[i] == 0) && plan.left_at_source[i] >= 0);
            CHECK(u[i] <= given_.kept_a[i] && (plan.left_at_source[i] == 0 || u[i] == given_.kept_a[i]));
            for (std::size_t j = 0; j < v.size(); ++j) CHECK(u[i] + v[j] <= given_.cost(i, j));
        }
        for (std::size_t j = 0; j < v.size(); ++j) {
            CHECK((v[j] == -infinity) == (given_.b[j] == 0) && plan.left_at_target[j] >= 0);
            CHECK(v[j] - price <= given_.kept_b[j]);
            CHECK(plan.left_at_target[j] == 0 || v[j] - price == given_.kept_b[j]);
        }
    }

private:
    void fill() {
        const double price = std::isfinite(engine.price()) ? engine.price() : 0.0;
        const mot::Potentials potentials = engine.potentials_at(price);
        std::vector<KnownArc> arcs;
        double complete_until = infinity;  // where all are known
        for (std::size_t i = 0; i < given_.a.size(); ++i)
            for (std::size_t j = 0; j < given_.b.size(); ++j) {
                const double cost = given_.cost(i, j);
                const bool is_exact = choice_.lowered == 0 || draw(random_, 0, 3) == 0;
                const double known = is_exact ? cost : cost - on_grid(draw_real(random_, 0, choice_.lowered));
                if (cost == infinity || given_.a[i] == 0 || given_.b[j] == 0) continue;
                if (known - potentials.u[i] - potentials.v[j] < choice_.width)
                    arcs.push_back({static_cast<mot::Node>(i), static_cast<mot::Node>(j), is_exact, known});
                else
                    complete_until = price + choice_.width;
            }
        shuffle(random_, arcs);
        engine.set_arcs(arcs, std::vector<double>(given_.a.size(), complete_until));
    }

    const PartialCase& given_;
    mot::PartialProblem problem_;
    ArcChoice choice_;
    Random random_;
    int n_fillings_ = 0;

public:
    mot::PartialPath<Real> engine;
    int n_resolved = 0;
};

template <class Real>
void check_curve(const SlowCurve& slow, const mot::PartialPath<Real>& engine) {
    CHECK(engine.breakpoints().size() == slow.pieces.size());
    for (std::size_t k = 0; k < slow.pieces.size(); ++k) {
        CHECK(engine.breakpoints()[k].price == slow.pieces[k].price);
        CHECK(engine.breakpoints()[k].mass == static_cast<double>(slow.pieces[k].mass));
    }
}

/// Where no two ways cost the same, which units carry mass first does not depend on how they are found.
template <class Real>
void check_entry_prices(const SlowCurve& slow, const mot::PartialPath<Real>& engine) {
    CHECK(engine.source_prices().first == slow.first_of_source && engine.source_prices().all == slow.all_of_source);
    CHECK(engine.target_prices().first == slow.first_of_target && engine.target_prices().all == slow.all_of_target);
}

template <class Real>
void test_walks(const PartialCase& given, const SlowCurve& slow, ArcChoice choice) {
    // While arcs may be missing, the walk cannot tell that no more mass can be carried.
    const bool knows_all = choice.width == infinity;
    const auto most = static_cast<double>(knows_all ? given.most() : slow.end());
    if (most == 0) return;
    const bool carries_all = static_cast<double>(slow.end()) == most;
    {
        Walk<Real> at_once(given, choice);
        CHECK(at_once.advance(most) == (carries_all ? PartialStop::at_mass : PartialStop::without_arc));
        check_curve(slow, at_once.engine);
        if (slow.end() > 0) at_once.check_plan(at_once.engine.price());
    }
    {
        Walk<Real> by_mass(given, choice);
        const double step = std::max(1.0, std::floor(most / 7));
        for (double mass = step; mass <= static_cast<double>(slow.end()); mass += step) {
            CHECK(by_mass.advance(mass) == PartialStop::at_mass);
            CHECK(by_mass.engine.mass() == mass);
            by_mass.check_plan(by_mass.engine.price());
        }
        by_mass.advance(most);
        check_curve(slow, by_mass.engine);
    }
    Walk<Real> by_price(given, choice);
    const double end = slow.pieces.empty() ? 1.0 : slow.pieces.back().price;
    std::vector<double> prices{end - 1000, end, end + 0x1p-20};
    for (std::size_t k = 0; k < slow.pieces.size(); k += 1 + slow.pieces.size() / 6)
        for (const double above : {0.0, 0x1p-20}) prices.push_back(slow.pieces[k].price + above);
    std::sort(prices.begin(), prices.end());
    for (const double price : prices) {
        const PartialStop stop = by_price.advance(infinity, price);
        CHECK(stop == PartialStop::at_price && by_price.engine.price() == price);
        CHECK(by_price.engine.mass() == static_cast<double>(slow.mass_below(price)));
        by_price.check_plan(price);
    }
    check_curve(slow, by_price.engine);
    if (knows_all) CHECK(by_price.advance(infinity) == PartialStop::without_arc);
}

template <class Real>
void test_bounds(const PartialCase& given, const SlowCurve& slow, ArcChoice choice) {
    const auto end = static_cast<double>(slow.end());
    Walk<Real> walk(given, choice);
    CHECK(walk.advance(end) == PartialStop::at_mass);
    check_curve(slow, walk.engine);
    walk.check_plan(walk.engine.price());
    if (walk.n_resolved == 0) return;
    // One fewer than it takes.
    Walk<Real> undecided(given, choice, walk.n_resolved - 1);
    CHECK(undecided.advance(end) == PartialStop::undecided && undecided.n_resolved == walk.n_resolved - 1);
}

template <class Real>
void test_stops_and_goes_on(const PartialCase& given, const SlowCurve& slow, int step) {
    const auto end = static_cast<double>(slow.end());
    test_stops(step, [&](StopAt& stop) {
        Walk<Real> walk(given, {});
        const PartialStop why = walk.advance(end, infinity, stop);
        CHECK(why == (stop.has_stopped() ? PartialStop::interrupted : PartialStop::at_mass));
        CHECK(walk.advance(end) == PartialStop::at_mass);
        check_curve(slow, walk.engine);
        walk.check_plan(walk.engine.price());
    });
}

void test_case(const PartialCase& given) {
    const SlowCurve slow = curve_by_shortest_paths(given);
    const double scale = given.cost.scale();
    for (const double width : {infinity, on_grid(scale / 3) + 0x1p-20, on_grid(scale / 20) + 0x1p-20}) {
        test_walks<double>(given, slow, {width, 0});
        test_walks<mot::DoubleDouble>(given, slow, {width, 0});
        if (slow.end() == 0) continue;
        test_bounds<double>(given, slow, {width, scale / 50});
        test_bounds<mot::DoubleDouble>(given, slow, {width, scale});
    }
}

PartialCase draw_case(Random& random, Matrix cost, std::size_t round) {
    const MassFamily masses = all_mass_families[round % std::size(all_mass_families)];
    const KeptFamily kept = all_kept_families[round % std::size(all_kept_families)];
    case_name += std::string(", masses ") + name_of(masses) + ", kept " + name_of(kept);
    const auto [a, b] = draw_masses(random, masses, cost.n_rows, cost.n_columns);
    PartialCase given(std::move(cost), a, b);
    draw_kept(random, kept, given);
    return given;
}

void test_shape(Random& random, std::size_t n, std::size_t m) {
    const std::string shape = std::to_string(n) + " x " + std::to_string(m) + ", ";
    std::size_t round = draw_size(random, 0, 99);
    for (const CostFamily family : all_cost_families)
        for (const int percent : {100, 100, 40}) {
            case_name = shape + name_of(family) + ", arcs % " + std::to_string(percent);
            PartialCase given = draw_case(random, on_grid(draw_costs(random, family, n, m)), round++);
            given.cost = some_of(random, std::move(given.cost), percent);
            test_case(given);
        }
    case_name = shape + "all equal";
    test_case(draw_case(random, Matrix(n, m, 0.5), round));
}

void test_entry_prices(Random& random) {
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{1, 1}, {4, 4}, {3, 9}, {12, 7}, {20, 20}})
        for (std::size_t round = 0; round < 20; ++round) {
            case_name = "entry prices, " + std::to_string(n) + " x " + std::to_string(m);
            Matrix cost(n, m);
            for (double& value : cost.values) value = std::ldexp(static_cast<double>(random()), -20);
            const PartialCase given = draw_case(random, std::move(cost), round);
            const SlowCurve slow = curve_by_shortest_paths(given);
            Walk<double> walk(given, {given.cost.scale() / 9, 0});
            CHECK(walk.advance(static_cast<double>(given.most())) == PartialStop::at_mass);
            check_curve(slow, walk.engine);
            check_entry_prices(slow, walk.engine);
        }
}

void test_interrupts(Random& random) {
    for (const CostFamily family : {CostFamily::ranks, CostFamily::ties, CostFamily::clouds}) {
        case_name = std::string("interrupted, ") + name_of(family);
        const PartialCase given = draw_case(random, on_grid(draw_costs(random, family, 25, 25)), 0);
        const SlowCurve slow = curve_by_shortest_paths(given);
        test_stops_and_goes_on<double>(given, slow, 13);
        test_stops_and_goes_on<mot::DoubleDouble>(given, slow, 29);
    }
}

}  // namespace

int main() {
    Random random(34);
    const std::pair<std::size_t, std::size_t> shapes[] = {{1, 1}, {1, 7},   {6, 1},  {2, 2},
                                                          {5, 8}, {14, 14}, {30, 9}, {25, 40}};
    for (const auto& [n, m] : shapes) test_shape(random, n, m);
    test_entry_prices(random);
    test_interrupts(random);
}
