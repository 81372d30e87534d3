#include "mot/solve/partial.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <type_traits>
#include <utility>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/magnification.hpp"
#include "mot/solve/reachable_arcs.hpp"
#include "mot/solve/with_spare_units.hpp"
#include "mot/types/double_double.hpp"

namespace mot {
namespace {

template <class Cost>
constexpr bool is_given = std::is_same_v<Cost, GivenCost<double>> || std::is_same_v<Cost, GivenCost<float>>;

/// Whether costs are known to the last bit, so that an answer can be, too.
template <class Cost>
constexpr bool is_known_exactly =
    is_given<Cost> || std::is_same_v<Cost, PointCost<double>> || std::is_same_v<Cost, SparseCost>;

/// Walks on which few arcs are tight at once gather arcs once or twice.
constexpr std::int64_t ordinary_fillings = 4;

/// How many arcs may be known by lower bounds alone when they come first: each is looked at once.
template <class Cost>
std::int64_t most_resolved(const Cost& cost) {
    if constexpr (is_known_exactly<Cost>)
        return 0;
    else
        return Cost::is_exact ? 0 : cost.most_within_margin();
}

/// Gives units without mass the largest potential that surely leaves no arc violated, and none more than it pays.
template <class Cost>
void complete_partial(const Cost& cost, const PartialProblem& problem, PartialPlan& plan, Interrupt& interrupt) {
    Potentials with_price = plan.potentials;
    for (double& v : with_price.v) v += plan.price;
    complete(cost, with_price, interrupt);
    const auto take = [](std::vector<double>& potentials, const std::vector<double>& found,
                         const std::vector<double>& kept, double price, double price_in_found) {
        for (std::size_t k = 0; k < potentials.size(); ++k) {
            const double rounding = 4 * unit_roundoff<double> * (std::abs(found[k]) + std::abs(price));
            if (!std::isfinite(potentials[k])) potentials[k] = found[k] - price_in_found - rounding;
            potentials[k] = std::min(potentials[k], kept[k]);
        }
    };
    take(plan.potentials.u, with_price.u, problem.kept.u, plan.price, 0.0);
    take(plan.potentials.v, with_price.v, problem.kept.v, plan.price, plan.price);
}

/// In the unit of the masses.
double most_carried(const PartialProblem& problem) {
    return std::min(sum_of(problem.masses.source), sum_of(problem.masses.target));
}

/// In the caller's unit, and in order; every unit gets a potential. `asked` is the most that was to be carried.
template <class Cost>
Solution finish_partial(const Cost& cost, const PartialProblem& problem, PartialPlan plan, double asked,
                        Interrupt& interrupt) {
    constexpr double mass_tolerance = 1e-9;
    const double unit = problem.masses.unit;
    plan.mass *= unit;
    for (std::vector<double>* masses : {&plan.carried.mass, &plan.left_at_source, &plan.left_at_target})
        for (double& mass : *masses) mass *= unit;
    plan.carried = sorted(std::move(plan.carried));
    complete_partial(cost, problem, plan, interrupt);

    Solution solution;
    solution.certificate = certify_partial(cost, problem, plan, interrupt);
    if (interrupt.requested()) return {};
    SumOfProducts carried;
    for (std::size_t k = 0; k < plan.carried.size(); ++k)
        carried.add(plan.carried.mass[k], cost.exact(plan.carried.source[k], plan.carried.target[k]));
    solution.cost = rounded(carried.value());
    // Beside all mass that is left behind, the certificate might not see that some is missing from what is carried.
    // What rounding of the units' masses can hide is not missing.
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    const auto n_units = static_cast<double>(problem.masses.source.size() + problem.masses.target.size());
    const double rounding = 4 * epsilon * n_units * problem.masses.unit * most_carried(problem);
    const bool is_all =
        std::abs(sum_of(plan.carried.mass) - plan.mass) <= mass_tolerance * std::max(asked, plan.mass) + rounding;
    const bool is_proven = is_all && solution.certificate.is_optimal() && std::isfinite(solution.cost);
    solution.status = is_proven ? Status::optimal : Status::not_proven;
    solution.plan = std::move(plan.carried);
    solution.potentials = std::move(plan.potentials);
    solution.price = plan.price;
    solution.left_at_source = std::move(plan.left_at_source);
    solution.left_at_target = std::move(plan.left_at_target);
    return solution;
}

Solution unsolved(Status status) {
    Solution solution;
    solution.status = status;
    return solution;
}

/// Walks to a goal, with ever new arcs, which may be gathered so many times.
template <class Cost, class Real>
PartialStop walk_to(PartialPath<Real>& engine, ReachableArcs<Cost>& arcs, const PartialGoal& goal,
                    std::int64_t& fillings_left, Interrupt& interrupt) {
    PartialStop stop = engine.advance(goal.mass, goal.price, interrupt);
    while (stop == PartialStop::needs_arcs) {
        if (fillings_left-- == 0) return PartialStop::long_way;
        arcs.refill(engine);
        if (interrupt.requested()) return PartialStop::interrupted;
        stop = engine.advance(goal.mass, goal.price, interrupt);
    }
    return stop;
}

Status status_of(PartialStop stop) {
    switch (stop) {
        case PartialStop::at_mass:
        case PartialStop::at_price:
            return Status::optimal;
        case PartialStop::without_arc:
            return Status::infeasible;
        case PartialStop::undecided:
            return Status::undecided;
        case PartialStop::interrupted:
            return Status::interrupted;
        default:
            return Status::not_proven;
    }
}

/// Counted in the unit of the masses. Where these are whole numbers, so is a mass that rounding alone sets apart from
/// one: 0.7 of ten units are seven of them.
double in_units(double mass, const Masses& masses) {
    constexpr double rounding = 1e-12;
    const double counted = mass / masses.unit;
    if (!std::isfinite(counted) || !has_whole_masses(masses)) return counted;
    const double whole = std::round(counted);
    return std::abs(counted - whole) <= rounding * counted ? whole : counted;
}

template <class Real, class Cost>
std::vector<Solution> walk(const Cost& cost, const PartialProblem& problem, const std::vector<PartialGoal>& goals,
                           Interrupt& interrupt, PartialCurve* curve,
                           std::int64_t most_work = std::numeric_limits<std::int64_t>::max()) {
    constexpr double mass_tolerance = 1e-9;
    const double most = most_carried(problem);
    PartialPath<Real> engine(problem, [&](Node i, Node j) { return cost.exact(i, j); }, most_resolved(cost));
    std::int64_t fillings_left = std::numeric_limits<std::int64_t>::max();
    if (most_work < fillings_left) {
        engine.allow_work(most_work);
        fillings_left = ordinary_fillings;
    }
    ReachableArcs<Cost> arcs(cost, interrupt);
    arcs.refill(engine);
    std::vector<Solution> solutions;
    Status status = Status::optimal;
    for (PartialGoal goal : goals) {
        if (status == Status::optimal) {
            goal.mass = std::min(in_units(goal.mass, problem.masses), most);
            status = status_of(walk_to(engine, arcs, goal, fillings_left, interrupt));
            if (status == Status::infeasible && goal.mass - engine.mass() <= mass_tolerance * goal.mass)
                status = Status::optimal;
        }
        solutions.push_back(status == Status::optimal ? finish_partial(cost, problem, engine.plan(),
                                                                       goal.mass * problem.masses.unit, interrupt)
                                                      : unsolved(status));
    }
    if (curve) {
        *curve = {engine.breakpoints(), engine.source_prices(), engine.target_prices(), status};
        for (Breakpoint& breakpoint : curve->breakpoints) breakpoint.mass *= problem.masses.unit;
    }
    return solutions;
}

/// Whether flows of the lighter side keep their digits beside the mass of both.
bool are_comparable(const Masses& masses) {
    constexpr double most_times = 4;
    const double at_sources = sum_of(masses.source), at_targets = sum_of(masses.target);
    return has_whole_masses(masses) ||
           std::max(at_sources, at_targets) <= most_times * std::min(at_sources, at_targets);
}

/// Where very many arcs are tight at once the walk takes many pivots that move nothing, which a full transport does
/// not. Of given costs, which can be copied, a single plan is found by one then.
template <class Cost>
std::vector<Solution> walk_unless_it_is_long(const Cost& cost, const PartialProblem& problem,
                                             const std::vector<PartialGoal>& goals, Interrupt& interrupt,
                                             PartialCurve* curve, std::int64_t most_work) {
    if constexpr (is_given<Cost>) {
        constexpr std::int64_t small = 1 << 13;  // entries of costs on which any walk is short
        const bool has_one_end = std::isfinite(goals.front().mass) != std::isfinite(goals.front().price);
        if (!curve && goals.size() == 1 && has_one_end && are_comparable(problem.masses)) {
            std::vector<Solution> found = walk<double>(cost, problem, goals, interrupt, curve,
                                                       most_work * (cost.n_rows() * cost.n_columns() + small));
            if (found.front().status != Status::not_proven) return found;
            PartialGoal goal = goals.front();
            goal.mass = std::min(in_units(goal.mass, problem.masses), most_carried(problem));
            PartialPlan plan;
            const Status status = solve_with_spare_units(cost, problem, goal, interrupt, plan);
            if (status != Status::optimal) return {unsolved(status)};
            return {finish_partial(cost, problem, std::move(plan), goal.mass * problem.masses.unit, interrupt)};
        }
    }
    return walk<double>(cost, problem, goals, interrupt, curve);
}

/// Whether nothing but rounding of the answer is left.
bool is_settled(const Solution& solution) {
    constexpr double settled = 1e-12;
    if (solution.status == Status::interrupted || solution.status == Status::infeasible) return true;
    const Certificate& certificate = solution.certificate;
    return solution.status == Status::optimal &&
           certificate.duality_gap <= settled * certificate.cost_scale + 0x1p-1050;
}

/// Masses of a unit beyond twice what the whole other side has are left behind in any case, and the rest would be
/// rounded away beside them.
struct WithinReach {
    PartialProblem problem;
    std::vector<double> beyond_at_source, beyond_at_target;  // not in the unit of the masses

    explicit WithinReach(const PartialProblem& whole) : problem(whole) {
        const auto cap = [&](std::vector<double>& masses, double most) {
            std::vector<double> beyond;
            for (double& mass : masses) {
                const double kept = std::min(mass, most);
                beyond.push_back((mass - kept) * whole.masses.unit);
                mass = kept;
            }
            return beyond;
        };
        beyond_at_source = cap(problem.masses.source, 2 * sum_of(whole.masses.target));
        beyond_at_target = cap(problem.masses.target, 2 * sum_of(whole.masses.source));
    }

    void add_beyond(Solution& solution) const {
        for (std::size_t i = 0; i < solution.left_at_source.size(); ++i)
            solution.left_at_source[i] += beyond_at_source[i];
        for (std::size_t j = 0; j < solution.left_at_target.size(); ++j)
            solution.left_at_target[j] += beyond_at_target[j];
    }
};

/// What all sources pay at least, and all targets, is a price of mass: in its place potentials stay as small as costs.
class CommonPrices {
public:
    explicit CommonPrices(PartialProblem& problem)
        : of_sources_(take(problem.kept.u)), of_targets_(take(problem.kept.v)) {}

    double sum() const { return of_sources_ + of_targets_; }

    /// Where all mass of a side was carried at a lower price than the goal's, that one is as good.
    void give_back(Solution& solution, double price_of_goal, bool are_sources_fewer) const {
        for (double& u : solution.potentials.u) u += of_sources_;
        for (double& v : solution.potentials.v) v += of_targets_;
        solution.price -= sum();
        if (!std::isfinite(price_of_goal) || !(solution.price < price_of_goal)) return;
        for (double& potential : are_sources_fewer ? solution.potentials.u : solution.potentials.v)
            potential -= price_of_goal - solution.price;
        solution.price = price_of_goal;
    }

private:
    static double take(std::vector<double>& kept) {
        const double least = kept.empty() ? 0.0 : *std::min_element(kept.begin(), kept.end());
        for (double& price : kept) price -= least;
        return least;
    }

    double of_sources_, of_targets_;
};

template <class Cost>
std::vector<Solution> solve_in_range(const Cost& cost, const PartialProblem& whole, std::vector<PartialGoal> goals,
                                     Interrupt& interrupt, PartialCurve* curve, std::int64_t most_work) {
    WithinReach within(whole);
    PartialProblem& problem = within.problem;
    const CommonPrices common(problem);
    std::vector<double> price_of_goal;
    for (PartialGoal& goal : goals) {
        price_of_goal.push_back(goal.price);
        goal.price += common.sum();
    }
    std::vector<Solution> solutions = walk_unless_it_is_long(cost, problem, goals, interrupt, curve, most_work);
    if constexpr (is_known_exactly<Cost>)
        if (!std::all_of(solutions.begin(), solutions.end(), is_settled))
            solutions = walk<DoubleDouble>(cost, problem, goals, interrupt, curve);
    const bool are_sources_fewer = sum_of(problem.masses.source) <= sum_of(problem.masses.target);
    for (std::size_t k = 0; k < solutions.size(); ++k) {
        within.add_beyond(solutions[k]);
        common.give_back(solutions[k], price_of_goal[k], are_sources_fewer);
    }
    if (curve) curve->lower_prices(common.sum());
    return solutions;
}

/// Solves the problem with costs that were magnified.
template <class Cost>
std::vector<Solution> solve_magnified(const Cost& larger, PartialProblem problem, std::vector<PartialGoal> goals,
                                      Interrupt& interrupt, PartialCurve* curve, std::int64_t most_work) {
    problem.kept = magnified(std::move(problem.kept));
    for (PartialGoal& goal : goals) goal.price *= magnification;
    std::vector<Solution> solutions = solve_in_range(larger, problem, goals, interrupt, curve, most_work);
    for (Solution& solution : solutions) solution = reduced(std::move(solution));
    if (!curve) return solutions;
    for (Breakpoint& breakpoint : curve->breakpoints) breakpoint.price /= magnification;
    for (EntryPrices* prices : {&curve->source_prices, &curve->target_prices})
        for (std::vector<double>* side : {&prices->first, &prices->all})
            for (double& price : *side) price /= magnification;
    return solutions;
}

bool are_tiny(double scale, const Potentials& kept) {
    for (const std::vector<double>* side : {&kept.u, &kept.v})
        for (const double price : *side) scale = std::max(scale, std::abs(price));
    return needs_magnification(scale);
}

}  // namespace

PartialProblem partial_problem(const double* a, std::int64_t n_source, const double* b, std::int64_t n_target) {
    const double sum_a = std::accumulate(a, a + n_source, 0.0);
    const double sum_b = std::accumulate(b, b + n_target, 0.0);
    PartialProblem problem;
    // Sums that differ by rounding are levelled, so that masses that are all alike become whole numbers.
    constexpr double rounding = 1e-12;
    if (std::abs(sum_a - sum_b) <= rounding * sum_a)
        problem.masses = Masses::from_marginals(a, n_source, b, n_target);
    else
        problem.masses = Masses::unbalanced(a, n_source, b, n_target);
    problem.kept.u.assign(static_cast<std::size_t>(n_source), 0.0);
    problem.kept.v.assign(static_cast<std::size_t>(n_target), 0.0);
    return problem;
}

template <class Cost>
std::vector<Solution> solve_partial(const Cost& cost, const PartialProblem& problem,
                                    const std::vector<PartialGoal>& goals, Interrupt& interrupt, PartialCurve* curve,
                                    std::int64_t most_work) {
    if constexpr (std::is_same_v<Cost, GivenCost<double>>) {
        if (are_tiny(cost.scale(), problem.kept)) {
            const std::vector<double> costs = magnified(cost.stored().data, cost.n_rows() * cost.n_columns());
            const GivenCost<double> larger({costs.data(), cost.n_rows(), cost.n_columns()},
                                           cost.scale() * magnification);
            return solve_magnified(larger, problem, goals, interrupt, curve, most_work);
        }
    } else if constexpr (std::is_same_v<Cost, SparseCost>) {
        if (are_tiny(cost.scale(), problem.kept)) {
            SparseView view = cost.view();
            const std::vector<double> costs = magnified(view.costs, view.row_starts[view.n_rows]);
            view.costs = costs.data();
            return solve_magnified(SparseCost(view), problem, goals, interrupt, curve, most_work);
        }
    }
    return solve_in_range(cost, problem, goals, interrupt, curve, most_work);
}

template <class Cost>
Solution solve_towards(const Cost& cost, const Masses& masses, const PartialGoal& goal, Interrupt& interrupt) {
    const bool is_paid = std::isfinite(goal.price);
    const double kept = is_paid ? goal.price / 2 : 0.0;
    const PartialProblem problem{
        masses, {std::vector<double>(masses.source.size(), kept), std::vector<double>(masses.target.size(), kept)}};
    const PartialGoal of_problem{goal.mass, is_paid ? 0.0 : goal.price};
    Solution solution = std::move(solve_partial(cost, problem, {of_problem}, interrupt).front());
    for (double& u : solution.potentials.u) u += solution.price;
    return solution;
}

template std::vector<Solution> solve_partial(const GivenCost<float>&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const GivenCost<double>&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const CorrelationCost<float>&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const CorrelationCost<double>&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const PointCost<float>&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const PointCost<double>&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const ScreenedCost&, const PartialProblem&,
                                             const std::vector<PartialGoal>&, Interrupt&, PartialCurve*, std::int64_t);
template std::vector<Solution> solve_partial(const SparseCost&, const PartialProblem&, const std::vector<PartialGoal>&,
                                             Interrupt&, PartialCurve*, std::int64_t);

template Solution solve_towards(const GivenCost<float>&, const Masses&, const PartialGoal&, Interrupt&);
template Solution solve_towards(const GivenCost<double>&, const Masses&, const PartialGoal&, Interrupt&);
template Solution solve_towards(const CorrelationCost<float>&, const Masses&, const PartialGoal&, Interrupt&);
template Solution solve_towards(const CorrelationCost<double>&, const Masses&, const PartialGoal&, Interrupt&);
template Solution solve_towards(const ScreenedCost&, const Masses&, const PartialGoal&, Interrupt&);

}  // namespace mot
