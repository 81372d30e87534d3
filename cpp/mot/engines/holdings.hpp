/// Who holds the mass of an object in an auction, and at which prices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mot/types/arc.hpp"

namespace mot {

/// Mass of an object that a bidder holds, and the level to which v may fall before the bidder is outbid.
struct Holding {
    Node bidder;
    double cost;
    double mass;
    double level;
};

inline bool is_lower(const Holding& x, const Holding& y) {
    return x.level < y.level;
}

/// Gives a bidder an object's mass at its level: free room first, then that of the holders whose level is highest, as
/// long as it is above the bid's. What the bidder itself holds there above that level is held at the bid's from then
/// on. `holdings` are a heap, the highest level first. Calls `outbid(bidder)` for every bidder that loses mass; lowers
/// `v` where no room is left. Returns how many holdings went.
template <class Outbid>
std::int64_t take(std::vector<Holding>& holdings, Holding bid, std::vector<double>& mass_left, double& room, double& v,
                  Outbid outbid) {
    double& own_left = mass_left[index(bid.bidder)];
    bid.mass = std::min(own_left, room);
    own_left -= bid.mass;
    room -= bid.mass;
    std::int64_t n_gone = 0;
    while (own_left > 0 && !holdings.empty() && holdings.front().level > bid.level) {
        Holding& highest = holdings.front();
        const bool is_own = highest.bidder == bid.bidder;
        const double mass = is_own ? highest.mass : std::min(own_left, highest.mass);
        highest.mass -= mass;
        bid.mass += mass;
        if (!is_own) {
            own_left -= mass;
            mass_left[index(highest.bidder)] += mass;
            outbid(highest.bidder);
        }
        if (highest.mass > 0) continue;
        std::pop_heap(holdings.begin(), holdings.end(), is_lower);
        holdings.pop_back();
        ++n_gone;
    }
    if (bid.mass > 0) {
        holdings.push_back(bid);
        std::push_heap(holdings.begin(), holdings.end(), is_lower);
    }
    if (!(room > 0)) v = std::min(v, holdings.front().level);
    return n_gone;
}

}  // namespace mot
