#include "mot/engines/auction.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The share of a typical unit's mass that is not worth a bid.
constexpr double negligible_share = 1e-9;
/// Width of a bidder's near arcs: the others need no scan before prices have risen by many epsilons.
constexpr double near_width_in_epsilons = 16;
/// Bids for each unit of the larger side after which a round is given up. Rounds with scaled epsilons take far fewer:
/// the arcs have no room for all mass, or a few bidders outbid one another by little for ever (a price war).
constexpr std::int64_t most_bids_per_unit = 64;
/// Where there are more targets for every source than this, targets bid.
constexpr std::size_t targets_per_source = 4;
/// Work on a bid, and on every holding that it outbids, in the steps of an interrupt.
constexpr std::int64_t steps_per_bid = 32;

bool has_far_more_targets(const Masses& masses) {
    return masses.target.size() > targets_per_source * masses.source.size();
}

}  // namespace

Auction::Auction(const Masses& masses, const std::vector<Arc>& arcs)
    : targets_bid_(has_far_more_targets(masses)),
      choices_(targets_bid_ ? masses.target.size() : masses.source.size()),
      mass_left_(targets_bid_ ? masses.target : masses.source),
      room_(targets_bid_ ? masses.source : masses.target),
      holdings_(room_.size()) {
    has_mass_.resize(mass_left_.size());
    std::transform(mass_left_.begin(), mass_left_.end(), has_mass_.begin(), [](double mass) { return mass > 0; });
    near_end_.assign(mass_left_.size(), 0);
    near_limit_.assign(mass_left_.size(), 0.0);
    is_active_.assign(mass_left_.size(), false);
    potentials_.u.assign(mass_left_.size(), -infinity);
    potentials_.v.assign(room_.size(), infinity);
    total_mass_ = std::accumulate(mass_left_.begin(), mass_left_.end(), 0.0);
    // The sums of the two sides may differ by rounding: such a difference is not worth a bid either.
    const double rounding =
        std::numeric_limits<double>::epsilon() * static_cast<double>(mass_left_.size() + room_.size());
    negligible_ = total_mass_ * std::max(negligible_share / static_cast<double>(mass_left_.size()), rounding);
    add_arcs(arcs);
    constexpr std::size_t usual_holders = 4;
    for (std::vector<Holding>& holdings : holdings_) holdings.reserve(usual_holders);
    for (const Arc& arc : arcs) {
        double& v = potentials_.v[index(oriented(arc).target)];
        v = std::min(v, arc.cost);
    }
    for (std::size_t j = 0; j < room_.size(); ++j) {
        if (potentials_.v[j] == infinity) potentials_.v[j] = 0.0;
        if (!(room_[j] > 0)) potentials_.v[j] = -infinity;
    }
}

void Auction::add_arcs(const std::vector<Arc>& arcs) {
    choices_ = CompressedRows<Choice>(mass_left_.size(), [&](auto visit) {
        for (std::size_t i = 0; i < mass_left_.size(); ++i)
            for (const Choice& known : choices_.row(i)) visit(i, known);
        for (const Arc& arc : arcs) {
            const Arc bidding = oriented(arc);
            visit(index(bidding.source), Choice{bidding.target, bidding.cost});
        }
    });
}

void Auction::set_prices(const Potentials& potentials) {
    const std::vector<double>& prices = targets_bid_ ? potentials.u : potentials.v;
    for (std::size_t j = 0; j < room_.size(); ++j)
        if (room_[j] > 0) potentials_.v[j] = prices[j];
}

bool Auction::has_cheap_bids() const {
    constexpr std::size_t few = 32;
    return choices_.size() <= few * mass_left_.size() && room_.size() <= few;
}

double Auction::spread(double scale) const {
    std::vector<double> ranges;
    for (std::size_t i = 0; i < mass_left_.size(); ++i) {
        if (choices_.size(i) == 0) continue;
        double low = infinity;
        double high = -infinity;
        for (const Choice& choice : choices_.row(i)) {
            low = std::min(low, choice.cost);
            high = std::max(high, choice.cost);
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
        const double candidate = choices_[k].cost - v[index(choices_[k].object)];
        // Bit by bit: the compiler would make a branch of it, which processors predict badly.
        const auto all_if_lower = static_cast<std::size_t>(-static_cast<std::ptrdiff_t>(candidate < value));
        best ^= (best ^ k) & all_if_lower;
        second = std::min(second, std::max(value, candidate));
        value = std::min(value, candidate);
    }
    return {value < infinity ? choices_[best] : Choice{no_node, infinity}, value, second};
}

/// Finds the cheapest of all arcs, and brings the near ones to the front.
Auction::Cheapest Auction::find_cheapest_of_all(Node bidder) {
    const std::size_t first = choices_.first(index(bidder));
    const std::size_t end = choices_.end(index(bidder));
    const Cheapest found = find_cheapest(first, end);
    const double limit = found.value + near_width_;
    std::size_t near_end = first;
    for (std::size_t k = first; k < end; ++k)
        if (choices_[k].cost - potentials_.v[index(choices_[k].object)] < limit)
            std::swap(choices_[k], choices_[near_end++]);
    near_end_[index(bidder)] = near_end;
    near_limit_[index(bidder)] = limit;
    return found;
}

/// Finds the cheapest among the near arcs alone, as long as these hold the two cheapest of all.
Auction::Cheapest Auction::find_cheapest_near(Node bidder) {
    const Cheapest found = find_cheapest(choices_.first(index(bidder)), near_end_[index(bidder)]);
    return found.second <= near_limit_[index(bidder)] ? found : find_cheapest_of_all(bidder);
}

void Auction::activate(Node bidder) {
    if (is_active_[index(bidder)]) return;
    is_active_[index(bidder)] = true;
    active_.push_back(bidder);
}

/// Keeps the mass that lies within epsilon of its bidder's cheapest; the rest is to be placed anew.
void Auction::release_holdings(double epsilon) {
    for (std::size_t j = 0; j < holdings_.size(); ++j) {
        const auto is_too_dear = [&](const Holding& holding) { return holding.level > potentials_.v[j]; };
        for (Holding& holding : holdings_[j]) {
            holding.level = holding.cost - potentials_.u[index(holding.bidder)] - epsilon;
            if (!is_too_dear(holding)) continue;
            mass_left_[index(holding.bidder)] += holding.mass;
            room_[j] += holding.mass;
        }
        holdings_[j].erase(std::remove_if(holdings_[j].begin(), holdings_[j].end(), is_too_dear), holdings_[j].end());
        std::make_heap(holdings_[j].begin(), holdings_[j].end(), is_lower);
    }
}

bool Auction::run(double epsilon, Interrupt& interrupt, double patience) {
    near_width_ = near_width_in_epsilons * epsilon;
    update_potentials();
    std::vector<double> limits = potentials_.u;
    for (double& limit : limits) limit += patience;
    release_holdings(epsilon);
    for (std::size_t i = 0; i < mass_left_.size(); ++i)
        if (mass_left_[i] > negligible_) activate(static_cast<Node>(i));

    std::int64_t n_bids_left =
        most_bids_per_unit * static_cast<std::int64_t>(std::max(mass_left_.size(), room_.size()));
    std::vector<Node> bidders;
    bool is_stopped = interrupt.requested_after(std::exchange(n_steps_, 0));
    while (!active_.empty() && n_bids_left > 0 && !is_stopped) {
        bidders.swap(active_);
        active_.clear();
        for (const Node bidder : bidders) {
            is_active_[index(bidder)] = false;
            while (!is_stopped && mass_left_[index(bidder)] > negligible_ && n_bids_left-- > 0) {
                const Cheapest cheapest = find_cheapest_near(bidder);
                if (!(cheapest.value < limits[index(bidder)])) break;
                bid(bidder, epsilon, cheapest);
                is_stopped = interrupt.requested_after(std::exchange(n_steps_, 0));
            }
        }
    }
    for (const Node bidder : active_) is_active_[index(bidder)] = false;
    active_.clear();
    update_potentials();
    return std::none_of(mass_left_.begin(), mass_left_.end(), [this](double mass) { return mass > negligible_; });
}

double Auction::share_left() const {
    return std::accumulate(mass_left_.begin(), mass_left_.end(), 0.0) / total_mass_;
}

void Auction::bid(Node bidder, double epsilon, const Cheapest& cheapest) {
    const std::size_t object = index(cheapest.choice.object);
    const double raise = cheapest.second < infinity ? cheapest.second - cheapest.value : near_width_;
    double& v = potentials_.v[object];
    const Holding own{bidder, cheapest.choice.cost, 0.0, v - raise - epsilon};
    const std::int64_t n_gone =
        take(holdings_[object], own, mass_left_, room_[object], v, [this](Node outbid) { activate(outbid); });
    n_steps_ += steps_per_bid * (1 + n_gone);
}

void Auction::update_potentials() {
    for (std::size_t i = 0; i < mass_left_.size(); ++i)
        if (has_mass_[i]) potentials_.u[i] = find_cheapest_of_all(static_cast<Node>(i)).value;
}

Potentials Auction::potentials() const {
    if (targets_bid_) return {potentials_.v, potentials_.u};
    return potentials_;
}

/// Mass of an object that one bidder holds at several levels is one shipment.
std::vector<Shipment> Auction::shipments() const {
    std::vector<Shipment> shipments;
    std::vector<std::size_t> n_until(mass_left_.size(), 0);  // number of shipments up to each bidder's last one
    for (std::size_t j = 0; j < holdings_.size(); ++j) {
        const std::size_t n_before = shipments.size();
        for (const Holding& holding : holdings_[j]) {
            std::size_t& n = n_until[index(holding.bidder)];
            if (n > n_before) {
                Shipment& shipment = shipments[n - 1];
                shipment.mass += holding.mass;
                shipment.arc.cost = std::min(shipment.arc.cost, holding.cost);
            } else {
                shipments.push_back({oriented({holding.bidder, static_cast<Node>(j), holding.cost}), holding.mass});
                n = shipments.size();
            }
        }
    }
    return shipments;
}

}  // namespace mot
