"""Results as pictures, tables, text, notebook cells and the report's page.

- `layer_plans`, `plan_maps`: pictures of plans; `heat_map` draws the cells.
- `score_plots`, `similarity_plots`, `curves`: pictures of scores, of many networks, of convergence and sub-samples.
- `stability_plots`: pictures of a consensus plan, of plans of single resamples, and of confidences.
- `distributions`: values that chance gives, few or many.
- `axes`, `names`, `point_labels`, `colours`: ticks and axes, names made short, names beside points, all colours.
- `tables`: pandas, xarray, Markdown and aligned text; `text_summary`: an alignment as text for a terminal.
- `notebook`: HTML of results in notebooks; `escaping`: names without markup.
- `report`: pages for a browser.
"""
