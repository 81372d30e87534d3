#include "mot/engines/auction.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Of a typical unit's mass.
constexpr double negligible_share = 1e-9;
/// Arcs that no bid has looked at for many raises are not scanned at each.
constexpr double near_width_in_epsilons = 8;
/// Of the side that has more. Far more than scaled rounds take: the arcs have no room for all mass, or a price war is
/// on.
constexpr std::int64_t most_bids_per_unit = 64;
/// Where there are so many targets for every source, it is they who bid.
constexpr std::size_t targets_per_source = 4;
/// A bid, and every holding it takes from, against reading one cost.
constexpr std::int64_t steps_per_bid = 32;

bool has_far_more_targets(const Masses& masses) {
    return masses.target.size() > targets_per_source * masses.source.size();
}

}  // namespace

Auction::Auction(const Masses& masses, const std::vector<Arc>& arcs)
    : is_exchanged_(has_far_more_targets(masses)),
      supply_(is_exchanged_ ? masses.target : masses.source),
      demand_(is_exchanged_ ? masses.source : masses.target),
      holdings_(demand_.size()) {
    has_mass_.resize(supply_.size());
    std::transform(supply_.begin(), supply_.end(), has_mass_.begin(), [](double mass) { return mass > 0; });
    first_.assign(supply_.size() + 1, 0);
    near_end_.assign(supply_.size(), 0);
    near_limit_.assign(supply_.size(), 0.0);
    is_open_.assign(supply_.size(), false);
    potentials_.u.assign(supply_.size(), -infinity);
    potentials_.v.assign(demand_.size(), infinity);
    const double total = std::accumulate(supply_.begin(), supply_.end(), 0.0);
    // Nor is what the sums of the two sides may differ by.
    const double rounding =
        std::numeric_limits<double>::epsilon() * static_cast<double>(supply_.size() + demand_.size());
    negligible_ = total * std::max(negligible_share / static_cast<double>(supply_.size()), rounding);
    add_arcs(arcs);
    constexpr std::size_t usual_holders = 4;
    for (std::vector<Holding>& holdings : holdings_) holdings.reserve(usual_holders);
    for (const Arc& arc : arcs) {
        double& v = potentials_.v[index(as_seen(arc).target)];
        v = std::min(v, arc.cost);
    }
    for (std::size_t j = 0; j < demand_.size(); ++j) {
        if (potentials_.v[j] == infinity) potentials_.v[j] = 0.0;
        if (!(demand_[j] > 0)) potentials_.v[j] = -infinity;
    }
}

void Auction::add_arcs(const std::vector<Arc>& arcs) {
    std::vector<std::size_t> first(first_.size(), 0);
    for (std::size_t i = 0; i + 1 < first.size(); ++i) first[i + 1] = first_[i + 1] - first_[i];
    for (const Arc& arc : arcs) ++first[index(as_seen(arc).source) + 1];
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    std::vector<HalfArc> merged(first.back());
    std::vector<std::size_t> free(first.begin(), first.end() - 1);
    for (std::size_t i = 0; i < free.size(); ++i) {
        std::copy(arcs_.begin() + static_cast<std::ptrdiff_t>(first_[i]),
                  arcs_.begin() + static_cast<std::ptrdiff_t>(first_[i + 1]),
                  merged.begin() + static_cast<std::ptrdiff_t>(free[i]));
        free[i] += first_[i + 1] - first_[i];
    }
    for (const Arc& arc : arcs) {
        const Arc seen = as_seen(arc);
        merged[free[index(seen.source)]++] = {seen.target, seen.cost};
    }
    arcs_ = std::move(merged);
    first_ = std::move(first);
}

bool Auction::bids_are_cheap() const {
    constexpr std::size_t few = 32;
    return arcs_.size() <= few * supply_.size() && demand_.size() <= few;
}

double Auction::spread(double scale) const {
    std::vector<double> ranges;
    for (std::size_t i = 0; i + 1 < first_.size(); ++i) {
        if (first_[i] == first_[i + 1]) continue;
        double low = infinity;
        double high = -infinity;
        for (std::size_t k = first_[i]; k < first_[i + 1]; ++k) {
            low = std::min(low, arcs_[k].cost);
            high = std::max(high, arcs_[k].cost);
        }
        ranges.push_back(high - low);
    }
    const double otherwise = scale > 0 ? scale : 1.0;
    if (ranges.empty()) return otherwise;
    const auto median = ranges.begin() + static_cast<std::ptrdiff_t>(ranges.size() / 2);
    std::nth_element(ranges.begin(), median, ranges.end());
    return *median > 0 ? *median : otherwise;
}

/// The cheapest of some arcs and the value of the next one; infinity where there is none.
Auction::Cheapest Auction::find_cheapest(std::size_t first, std::size_t end) {
    n_steps_ += static_cast<std::int64_t>(end - first);
    const std::vector<double>& v = potentials_.v;
    std::size_t best = first;
    double value = infinity;
    double second = infinity;
    for (std::size_t k = first; k < end; ++k) {
        const double candidate = arcs_[k].cost - v[index(arcs_[k].target)];
        // Bit by bit, for the compiler would make it a branch, which is hard to foresee.
        const auto all_if_lower = static_cast<std::size_t>(-static_cast<std::ptrdiff_t>(candidate < value));
        best ^= (best ^ k) & all_if_lower;
        second = std::min(second, std::max(value, candidate));
        value = std::min(value, candidate);
    }
    return {value < infinity ? arcs_[best] : HalfArc{-1, infinity}, value, second};
}

/// The cheapest of all arcs; brings the near ones to the front.
Auction::Cheapest Auction::find_near_arcs(Node source) {
    const std::size_t first = first_[index(source)];
    const std::size_t end = first_[index(source) + 1];
    const Cheapest found = find_cheapest(first, end);
    const double limit = found.value + near_width_;
    std::size_t near_end = first;
    for (std::size_t k = first; k < end; ++k)
        if (arcs_[k].cost - potentials_.v[index(arcs_[k].target)] < limit) std::swap(arcs_[k], arcs_[near_end++]);
    near_end_[index(source)] = near_end;
    near_limit_[index(source)] = limit;
    return found;
}

Auction::Cheapest Auction::find_cheapest_near(Node source) {
    const Cheapest found = find_cheapest(first_[index(source)], near_end_[index(source)]);
    return found.second <= near_limit_[index(source)] ? found : find_near_arcs(source);
}

void Auction::open(Node source) {
    if (is_open_[index(source)]) return;
    is_open_[index(source)] = true;
    open_.push_back(source);
}

/// Keeps what lies within epsilon of its source's cheapest; the rest is to be placed anew.
void Auction::release_holdings(double epsilon) {
    for (std::size_t j = 0; j < holdings_.size(); ++j) {
        const auto is_too_dear = [&](const Holding& holding) { return holding.level > potentials_.v[j]; };
        for (Holding& holding : holdings_[j]) {
            holding.level = holding.cost - potentials_.u[index(holding.source)] - epsilon;
            if (!is_too_dear(holding)) continue;
            supply_[index(holding.source)] += holding.mass;
            demand_[j] += holding.mass;
        }
        holdings_[j].erase(std::remove_if(holdings_[j].begin(), holdings_[j].end(), is_too_dear), holdings_[j].end());
        std::make_heap(holdings_[j].begin(), holdings_[j].end(), is_lower);
    }
}

bool Auction::run(double epsilon, Interrupt& interrupt) {
    near_width_ = near_width_in_epsilons * epsilon;
    update_potentials();
    release_holdings(epsilon);
    for (std::size_t i = 0; i < supply_.size(); ++i)
        if (supply_[i] > negligible_) open(static_cast<Node>(i));

    std::int64_t n_bids_left = most_bids_per_unit * static_cast<std::int64_t>(std::max(supply_.size(), demand_.size()));
    std::vector<Node> bidders;
    bool is_stopped = interrupt.requested_after(std::exchange(n_steps_, 0));
    while (!open_.empty() && n_bids_left > 0 && !is_stopped) {
        bidders.swap(open_);
        open_.clear();
        for (const Node source : bidders) {
            is_open_[index(source)] = false;
            while (!is_stopped && supply_[index(source)] > negligible_ && n_bids_left-- > 0) {
                const Cheapest cheapest = find_cheapest_near(source);
                if (!(cheapest.value < infinity)) break;
                const double raise = cheapest.second < infinity ? cheapest.second - cheapest.value : near_width_;
                ship(source, cheapest.arc, potentials_.v[index(cheapest.arc.target)] - raise - epsilon);
                is_stopped = interrupt.requested_after(std::exchange(n_steps_, 0));
            }
        }
    }
    for (const Node source : open_) is_open_[index(source)] = false;
    open_.clear();
    update_potentials();
    return std::none_of(supply_.begin(), supply_.end(), [this](double supply) { return supply > negligible_; });
}

/// Takes free room first, then that of the holders whose level is highest, as long as it is above the bid's. What the
/// source holds there itself above that level is held at the bid's from then on.
void Auction::ship(Node source, const HalfArc& arc, double level) {
    std::vector<Holding>& holdings = holdings_[index(arc.target)];
    double& supply = supply_[index(source)];
    double& demand = demand_[index(arc.target)];
    Holding own{source, arc.cost, std::min(supply, demand), level};
    supply -= own.mass;
    demand -= own.mass;
    n_steps_ += steps_per_bid;
    while (supply > 0 && !holdings.empty() && holdings.front().level > level) {
        Holding& highest = holdings.front();
        const bool is_own = highest.source == source;
        const double mass = is_own ? highest.mass : std::min(supply, highest.mass);
        highest.mass -= mass;
        own.mass += mass;
        if (!is_own) {
            supply -= mass;
            supply_[index(highest.source)] += mass;
            open(highest.source);
        }
        if (highest.mass > 0) continue;
        std::pop_heap(holdings.begin(), holdings.end(), is_lower);
        holdings.pop_back();
        n_steps_ += steps_per_bid;
    }
    if (own.mass > 0) {
        holdings.push_back(own);
        std::push_heap(holdings.begin(), holdings.end(), is_lower);
    }
    if (demand > 0) return;
    double& v = potentials_.v[index(arc.target)];
    v = std::min(v, holdings.front().level);
}

void Auction::update_potentials() {
    for (std::size_t i = 0; i < supply_.size(); ++i)
        if (has_mass_[i]) potentials_.u[i] = find_near_arcs(static_cast<Node>(i)).value;
}

Potentials Auction::potentials() const {
    if (is_exchanged_) return {potentials_.v, potentials_.u};
    return potentials_;
}

/// What a source holds of a target at several levels is one shipment.
std::vector<Shipment> Auction::shipments() const {
    std::vector<Shipment> shipments;
    std::vector<std::size_t> place(supply_.size(), 0);  // of every source: behind its last shipment
    for (std::size_t j = 0; j < holdings_.size(); ++j) {
        const std::size_t n_before = shipments.size();
        for (const Holding& holding : holdings_[j]) {
            const Arc arc = as_seen({holding.source, static_cast<Node>(j), holding.cost});
            std::size_t& behind = place[index(holding.source)];
            if (behind > n_before) {
                Shipment& shipment = shipments[behind - 1];
                shipment.mass += holding.mass;
                shipment.arc.cost = std::min(shipment.arc.cost, holding.cost);
            } else {
                shipments.push_back({arc, holding.mass});
                behind = shipments.size();
            }
        }
    }
    return shipments;
}

}  // namespace mot
