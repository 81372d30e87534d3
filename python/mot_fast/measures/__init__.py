"""Numbers about layers and couplings of layers: similarity, scores, hierarchy, noise ceilings."""
