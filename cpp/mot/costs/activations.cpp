#include "mot/costs/activations.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "mot/types/half.hpp"

namespace mot {
namespace {

/// Whether some numbers are all finite.
template <class Real>
bool is_finite(const Real* values, std::int64_t n) {
    if constexpr (std::is_same_v<Real, Half>) {
        constexpr std::int64_t n_at_once = 1024;
        float wide[n_at_once];
        for (std::int64_t k = 0; k < n; k += n_at_once) {
            const std::int64_t n_here = std::min(n_at_once, n - k);
            kernels().of_layers.widen_halves(&values[k].bits, n_here, wide);
            if (!is_finite(wide, n_here)) return false;
        }
        return true;
    } else {
        return std::isfinite(row_kernels<Real>().largest_magnitude(values, n));
    }
}

}  // namespace

template <class Real>
std::optional<Position> first_nonfinite(const ActivationsView<Real>& activations, Interrupt* interrupt) {
    const std::int64_t n = activations.n_units;
    std::vector<Real> copy(activations.unit_stride == 1 ? 0 : static_cast<std::size_t>(n));
    std::int64_t t = 0;
    if (activations.unit_stride == 1 && activations.stimulus_stride == n && !activations.rows) {
        // Stimuli follow one another: several of a narrow layer are looked at together.
        constexpr std::int64_t values_at_once = 4096;
        const std::int64_t n_at_once = std::max(values_at_once / std::max(n, std::int64_t{1}), std::int64_t{1});
        for (; t + n_at_once <= activations.n_stimuli && is_finite(activations.stimulus(t), n_at_once * n);
             t += n_at_once)
            if (is_interrupted(interrupt, n_at_once * n)) return std::nullopt;
    }
    for (; t < activations.n_stimuli; ++t) {
        if (is_interrupted(interrupt, n)) return std::nullopt;
        const Real* stimulus = activations.stimulus(t);
        if (!copy.empty()) {
            for (std::int64_t unit = 0; unit < n; ++unit)
                copy[static_cast<std::size_t>(unit)] = stimulus[unit * activations.unit_stride];
            stimulus = copy.data();
        }
        if (is_finite(stimulus, n)) continue;
        for (std::int64_t unit = 0; unit < n; ++unit)
            if (!std::isfinite(static_cast<double>(stimulus[unit]))) return Position{t, unit};
    }
    return std::nullopt;
}

template std::optional<Position> first_nonfinite(const ActivationsView<Half>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<float>&, Interrupt*);
template std::optional<Position> first_nonfinite(const ActivationsView<double>&, Interrupt*);

}  // namespace mot
