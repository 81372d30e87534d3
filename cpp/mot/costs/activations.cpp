#include "mot/costs/activations.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

#include "mot/types/half.hpp"

namespace mot {

template <class Real>
std::optional<Position> first_nonfinite(const ActivationsView<Real>& activations, Interrupt* interrupt) {
    std::vector<double> values(static_cast<std::size_t>(activations.n_units));
    for (std::int64_t t = 0; t < activations.n_stimuli; ++t) {
        if (is_interrupted(interrupt, activations.n_units)) return std::nullopt;
        decode(activations, t, values.data());
        // x - x is 0 for every finite x and NaN otherwise: sums in eight lanes decide about a row.
        double sums[8] = {};
        for (std::size_t unit = 0; unit < values.size(); ++unit) sums[unit % 8] += values[unit] - values[unit];
        if (std::all_of(std::begin(sums), std::end(sums), [](double sum) { return sum == 0.0; })) continue;
        for (std::size_t unit = 0; unit < values.size(); ++unit)
            if (!std::isfinite(values[unit])) return Position{t, static_cast<std::int64_t>(unit)};
    }
    return std::nullopt;
}

template std::optional<Position> first_nonfinite(const ActivationsView<Half>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<float>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<double>&, Interrupt*);

}  // namespace mot
