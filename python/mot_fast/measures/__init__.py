"""Numbers about layers, and about couplings of layers: scores, similarities, hierarchy, noise ceilings.

- `standardize`: scaling and centring of activations, for all others and for `layer_pairs`: z-scores are made here.
- `score`: correlations of held-out units with their predictions, and their means.
- `coupling`: layer weights that predictions use: the layer plan and its baselines.
- `hierarchy`: how well a coupling keeps the order of layers.
- `similarity`: RSA, CKA, Procrustes similarity, without plans between units (`mot_fast.baselines`).
- `linear`: ridge regression from one network to the other (`mot_fast.linear`).
- `p_values`: p-values of permutation tests, and their adjustment where there are many.
- `noise_ceiling`: the highest correlation that noise leaves to a prediction.
"""
