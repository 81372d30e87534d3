/// Layers on which bounds of correlations may break: each family is drawn alike on every platform.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "oracles/layers.hpp"
#include "support/problems.hpp"

enum class LayerFamily {
    dense,
    spiking,       ///< mostly small, now and then a thousand times larger
    sparse,        ///< zero at nearly all stimuli
    one_spike,     ///< zero at all stimuli but one: as large as any other after the mixing
    some_constant,
    duplicated,
    tiny,
    huge,
    quantised,     ///< three levels
    heavy_tailed,  ///< without a variance
    near_copies,   ///< one signal and a thousandth of noise
    clusters,      ///< near copies of a few units
};

constexpr LayerFamily all_layer_families[] = {
    LayerFamily::dense,         LayerFamily::spiking,    LayerFamily::sparse,    LayerFamily::one_spike,
    LayerFamily::some_constant, LayerFamily::duplicated, LayerFamily::tiny,      LayerFamily::huge,
    LayerFamily::quantised,     LayerFamily::heavy_tailed, LayerFamily::near_copies, LayerFamily::clusters,
};

inline const char* name_of(LayerFamily family) {
    constexpr const char* names[] = {"dense", "spiking",   "sparse",       "one spike",   "some constant", "duplicated",
                                     "tiny",  "huge",      "quantised",    "heavy-tailed", "near copies",  "clusters"};
    return names[static_cast<std::size_t>(family)];
}

/// One unit at one stimulus, for the families whose units are drawn value by value.
inline double draw_activation(Random& random, LayerFamily family) {
    const double value = draw_real(random, -1.0, 1.0);
    switch (family) {
        case LayerFamily::spiking: return draw(random, 0, 99) == 0 ? 1000 * value : value;
        case LayerFamily::sparse: return draw(random, 0, 29) == 0 ? value : 0.0;
        case LayerFamily::tiny: return 1e-300 * value;
        case LayerFamily::huge: return 1e300 * value;
        case LayerFamily::quantised: return draw(random, -1, 1);
        case LayerFamily::heavy_tailed: return 1.0 / (value * value * value + 1e-12);
        default: return value;
    }
}

/// Layers of one family that are drawn with the same `seed` share their signals.
inline Activations draw_layer(Random& random, LayerFamily family, std::size_t n_stimuli, std::size_t n_units,
                              unsigned seed = 1) {
    Activations layer(n_stimuli, n_units);
    for (double& value : layer.values) value = draw_activation(random, family);
    constexpr std::size_t n_signals = 4;
    Random of_signals(seed);
    const Activations signals = random_activations(of_signals, n_stimuli, n_signals);
    for (std::size_t unit = 0; unit < n_units; ++unit) {
        const std::size_t spike = draw_size(random, 0, n_stimuli - 1);
        for (std::size_t t = 0; t < n_stimuli; ++t) {
            double& value = layer(t, unit);
            if (family == LayerFamily::one_spike) value = t == spike ? 1.0 : 0.0;
            if (family == LayerFamily::some_constant && unit % 3 == 0) value = 0.7;
            if (family == LayerFamily::duplicated) value = layer(t, unit - unit % 3);
            if (family == LayerFamily::near_copies) value = signals(t, 0) + 1e-3 * value;
            if (family == LayerFamily::clusters) value = signals(t, unit % n_signals) + 1e-3 * value;
        }
    }
    return layer;
}

/// Every version of the products that this processor runs.
inline std::vector<const mot::IntegerProducts*> all_products() {
    std::vector<const mot::IntegerProducts*> versions;
    for (const mot::IntegerProducts* const* each = mot::available_integer_products(); *each; ++each)
        versions.push_back(*each);
    return versions;
}
