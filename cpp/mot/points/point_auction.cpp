#include "mot/points/point_auction.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <utility>

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Arcs that a source looks up first, and whenever it needs more.
constexpr std::size_t arcs_at_first = 10;
constexpr std::size_t arcs_at_once = 6;
/// Arcs that a source keeps when it has looked up too many: most of these have fallen behind others.
constexpr std::size_t most_arcs = 40;
constexpr std::size_t kept_arcs = 20;
/// The share of a typical source's mass that is not worth a bid.
constexpr double negligible_share = 1e-9;
/// Bids for each point of the larger side after which a round is given up.
constexpr std::int64_t most_bids_per_point = 256;
/// Searches for each source after which all rounds are given up: where very many arcs are alike the nearest few are no
/// better than any, and it is faster not to look for them.
constexpr std::int64_t most_searches_per_point = 64;
constexpr std::int64_t fewest_points = 100;
/// Work on a bid, on every holding that it outbids, and on looking up arcs, in the steps of an interrupt.
constexpr std::int64_t steps_per_bid = 32;
constexpr std::int64_t steps_per_search = 2048;
/// Searches after which the boxes are fitted to the potentials anew: one for so many targets.
constexpr std::int64_t searches_per_point = 16;
/// Sources that one worker searches for before it takes others.
constexpr std::int64_t points_per_piece = 256;

}  // namespace

PointAuction::PointAuction(const PointTree& source, PointTree& target, const Masses& masses, std::vector<double> v,
                           const Workers& workers, Interrupt& interrupt)
    : source_(source),
      target_(target),
      workers_(workers),
      choices_(masses.source.size()),
      beyond_(masses.source.size(), -infinity),
      mass_left_(masses.source),
      room_(masses.target),
      holdings_(masses.target.size()),
      potentials_{std::vector<double>(masses.source.size()), std::move(v)},
      is_active_(masses.source.size(), 0) {
    const double total = std::accumulate(mass_left_.begin(), mass_left_.end(), 0.0);
    const double rounding =
        std::numeric_limits<double>::epsilon() * static_cast<double>(mass_left_.size() + room_.size());
    negligible_ = total * std::max(negligible_share / static_cast<double>(mass_left_.size()), rounding);

    target_.set_potentials(potentials_.v);
    const std::int64_t n = source.size();
    std::atomic<bool> is_stopped{false};
    workers.share((n + points_per_piece - 1) / points_per_piece, [&](std::int64_t piece, int worker) {
        if (is_stopped) return;
        const auto end = static_cast<Node>(std::min(n, (piece + 1) * points_per_piece));
        for (auto i = static_cast<Node>(piece * points_per_piece); i < end; ++i) look_up(i, arcs_at_first);
        if (worker == 0 && interrupt.requested_after(steps_per_search * points_per_piece)) is_stopped = true;
    });
    if (is_stopped) return;
    update_sources();
    std::vector<double> ranges;
    for (Node i = 0; i < source.size(); ++i) {
        double high = -infinity;
        for (const Choice& choice : choices_[index(i)])
            high = std::max(high, choice.cost - potentials_.v[index(choice.target)]);
        ranges.push_back(high - potentials_.u[index(i)]);
    }
    const auto median = ranges.begin() + static_cast<std::ptrdiff_t>(ranges.size() / 2);
    std::nth_element(ranges.begin(), median, ranges.end());
    // Where most choices are alike the others say how far costs are apart.
    constexpr double least_share_of_mean = 0.1;
    const double mean = std::accumulate(ranges.begin(), ranges.end(), 0.0) / static_cast<double>(ranges.size());
    spread_ = std::max(*median, least_share_of_mean * mean);
    if (!(spread_ > 0)) spread_ = 1.0;
}

/// Adds the n cheapest of the arcs that are not known yet.
void PointAuction::look_up(Node i, std::size_t n) {
    std::vector<Choice>& known = choices_[index(i)];
    struct Found {
        double value;
        Choice choice;
        bool operator<(const Found& other) const {
            return value != other.value ? value < other.value : choice.target < other.choice.target;
        }
    };
    std::vector<Found> found;  // a heap
    found.reserve(n + 1);
    double limit = infinity;
    target_.for_each_below(bidder(i), limit, [&](Node j, double cost) {
        const Found arc{cost - potentials_.v[index(j)], {j, cost}};
        if (found.size() == n && !(arc < found.front())) return;
        if (std::any_of(known.begin(), known.end(), [j](const Choice& each) { return each.target == j; })) return;
        found.push_back(arc);
        std::push_heap(found.begin(), found.end());
        if (found.size() > n) {
            std::pop_heap(found.begin(), found.end());
            found.pop_back();
        }
        if (found.size() == n) limit = found.front().value;
    });
    beyond_[index(i)] = found.size() == n ? found.front().value : infinity;
    for (const Found& each : found) known.push_back(each.choice);
    if (known.size() <= most_arcs) return;
    const auto value = [&](const Choice& choice) { return choice.cost - potentials_.v[index(choice.target)]; };
    const auto end_kept = known.begin() + kept_arcs;
    std::nth_element(known.begin(), end_kept, known.end(), [&](const Choice& x, const Choice& y) {
        return value(x) != value(y) ? value(x) < value(y) : x.target < y.target;
    });
    beyond_[index(i)] = std::min(beyond_[index(i)], value(*end_kept));
    known.erase(end_kept, known.end());
}

PointAuction::Cheapest PointAuction::find_cheapest(Node i) {
    const std::vector<double>& v = potentials_.v;
    while (true) {
        const std::vector<Choice>& choices = choices_[index(i)];
        n_steps_ += static_cast<std::int64_t>(choices.size());
        std::size_t best = 0;
        double value = infinity;
        double second = infinity;
        for (std::size_t k = 0; k < choices.size(); ++k) {
            const double candidate = choices[k].cost - v[index(choices[k].target)];
            // Bit by bit: the compiler would make a branch of it, which processors predict badly.
            const auto all_if_lower = static_cast<std::size_t>(-static_cast<std::ptrdiff_t>(candidate < value));
            best ^= (best ^ k) & all_if_lower;
            second = std::min(second, std::max(value, candidate));
            value = std::min(value, candidate);
        }
        if (second <= beyond_[index(i)]) return {choices[best], value, second};
        n_steps_ += steps_per_search;
        // Boxes rule out little where potentials have fallen far since they were set.
        ++n_searches_;
        if (++n_searches_since_fit_ > target_.size() / searches_per_point) {
            n_searches_since_fit_ = 0;
            n_steps_ += steps_per_search * target_.size() / searches_per_point;
            target_.set_potentials(potentials_.v);
        }
        look_up(i, arcs_at_once);
    }
}

bool PointAuction::is_hopeless() const {
    return n_searches_ > most_searches_per_point * std::max(source_.size(), fewest_points);
}

void PointAuction::activate(Node i) {
    if (is_active_[index(i)]) return;
    is_active_[index(i)] = 1;
    active_.push_back(i);
}

/// Keeps the mass that lies within epsilon of its source's cheapest; the rest is to be placed anew.
void PointAuction::release_holdings(double epsilon) {
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

bool PointAuction::run(double epsilon, Interrupt& interrupt) {
    // Of few points spreads are large beside all costs: prices need not rise by more than these differ.
    constexpr double most_of_extent = 1.0 / 16;
    if (target_.extent() > 0) epsilon = std::min(epsilon, most_of_extent * target_.extent());
    target_.set_potentials(potentials_.v);
    update_sources();
    release_holdings(epsilon);
    for (Node i = 0; i < source_.size(); ++i)
        if (mass_left_[index(i)] > negligible_) activate(i);

    std::int64_t n_bids_left = most_bids_per_point * std::max(source_.size(), target_.size());
    std::vector<Node> bidders;
    bool is_stopped = interrupt.requested_after(std::exchange(n_steps_, 0));
    while (!active_.empty() && n_bids_left > 0 && !is_stopped && !is_hopeless()) {
        bidders.swap(active_);
        active_.clear();
        for (const Node i : bidders) {
            is_active_[index(i)] = 0;
            while (!is_stopped && mass_left_[index(i)] > negligible_ && n_bids_left-- > 0 && !is_hopeless()) {
                bid(i, epsilon, find_cheapest(i));
                is_stopped = interrupt.requested_after(std::exchange(n_steps_, 0));
            }
        }
    }
    for (const Node i : active_) is_active_[index(i)] = 0;
    active_.clear();
    update_sources();
    return std::none_of(mass_left_.begin(), mass_left_.end(), [this](double mass) { return mass > negligible_; });
}

void PointAuction::bid(Node i, double epsilon, const Cheapest& cheapest) {
    const std::size_t j = index(cheapest.choice.target);
    const double raise = cheapest.second < infinity ? cheapest.second - cheapest.value : epsilon;
    double& v = potentials_.v[j];
    const Holding own{i, cheapest.choice.cost, 0.0, v - raise - epsilon};
    const std::int64_t n_gone =
        take(holdings_[j], own, mass_left_, room_[j], v, [this](Node outbid) { activate(outbid); });
    n_steps_ += steps_per_bid * (1 + n_gone);
}

void PointAuction::update_sources() {
    for (Node i = 0; i < source_.size(); ++i) potentials_.u[index(i)] = find_cheapest(i).value;
}

std::vector<Arc> PointAuction::arcs() const {
    std::vector<Arc> arcs;
    for (Node i = 0; i < source_.size(); ++i)
        for (const Choice& choice : choices_[index(i)]) arcs.push_back({i, choice.target, choice.cost});
    return arcs;
}

std::vector<Arc> PointAuction::plan() const {
    std::vector<Arc> arcs;
    for (std::size_t j = 0; j < holdings_.size(); ++j) {
        const std::size_t first = arcs.size();
        for (const Holding& holding : holdings_[j]) {
            const auto is_same = [&](const Arc& arc) { return arc.source == holding.bidder; };
            if (std::none_of(arcs.begin() + static_cast<std::ptrdiff_t>(first), arcs.end(), is_same))
                arcs.push_back({holding.bidder, static_cast<Node>(j), holding.cost});
        }
    }
    return arcs;
}

}  // namespace mot
