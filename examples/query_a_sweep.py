"""A notebook of marimo: what to ask of a finished sweep. `marimo edit examples/query_a_sweep.py`."""

import marimo

app = marimo.App(width="medium", app_title="Query a sweep")


@app.cell
def imports():
    from pathlib import Path

    import marimo as mo
    import matplotlib.pyplot as plt

    import pipeline

    return Path, mo, pipeline, plt


@app.cell
def opened(Path, mo, pipeline):
    _words = mo.md(
        """
        # What to ask of a sweep

        This one comes along finished: two prompts x three seeds x two guidance weights. Put the folder or URL of your
        own in its place. Everything below is read from its storage; nothing is changed.
        """
    )
    sweep = pipeline.open(str(Path(__file__).parent / "tiny"))
    mo.vstack([_words, mo.Html(sweep._repr_html_())])
    return (sweep,)


@app.cell
def a_row_a_trial(mo, sweep):
    trials = sweep.trials()
    _columns = [
        "prompt",
        "seed",
        "variant",
        "verdict",
        "metric_coverage",
        "metric_chroma",
        "clip_score",
        "found_geometry",
    ]
    mo.vstack([mo.md("## A row a trial"), mo.ui.table(trials[_columns].round(3), selection=None)])
    return (trials,)


@app.cell
def by_variant(mo, trials):
    means = trials.groupby(["prompt", "variant"])[["clip_score", "metric_chroma", "seconds"]].mean()
    mo.vstack([mo.md("Plain pandas from here on:"), mo.ui.table(means.round(3).reset_index(), selection=None)])
    return (means,)


@app.cell
def steps(mo, plt, sweep):
    history = sweep.history(columns=["prompt", "seed", "variant", "step", "opacity"])
    curves, _axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
    for _axis, (_prompt, _of_prompt) in zip(_axes, history.groupby("prompt"), strict=True):
        for _variant, _colour in (("w20", "tab:blue"), ("w100", "tab:orange")):
            for _, _trial in _of_prompt[_of_prompt["variant"] == _variant].groupby("seed"):
                _smooth = _trial["opacity"].rolling(20, min_periods=1).mean()
                _axis.plot(_trial["step"], _smooth, color=_colour, linewidth=1)
        _axis.set_title(_prompt)
        _axis.set_xlabel("step")
    _axes[0].set_ylabel("mean opacity")
    mo.vstack([mo.md("## How they came about\n\nBlue: guidance 20; orange: guidance 100. A line a seed."), curves])
    return curves, history


@app.cell
def pictures(mo, pipeline, plt, sweep):
    front = sweep.renders("kind == 'color' and view == 0")
    front["picture"] = pipeline.images(front)
    sheet, _axes = plt.subplots(4, 3, figsize=(5, 6.6), layout="constrained")
    for _row, ((_prompt, _variant), _views) in zip(_axes, front.groupby(["prompt", "variant"]), strict=True):
        for _axis, _view in zip(_row, _views.itertuples(), strict=True):
            _axis.imshow(_view.picture)
            _axis.axis("off")
            _axis.set_title(f"{_prompt}\n{_variant}, seed {_view.seed}", fontsize=6)
    mo.vstack([mo.md("## What they look like"), sheet])
    return front, sheet


@app.cell
def one_trial(mo, sweep):
    best = sweep.best()
    trial = sweep.trial(best["trial_id"][0])
    mo.vstack(
        [mo.md("## The best seeds, and one of them"), mo.ui.table(best, selection=None), mo.Html(trial._repr_html_())]
    )
    return best, trial


@app.cell
def seeds(mo, plt, sweep):
    spread = sweep.diversity()
    bars, _axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
    _labels = [f"{row.prompt}, {row.variant}" for row in spread.itertuples()]
    _axis.barh(_labels, spread["geometry_distance"], color="tab:green")
    _axis.axvline(spread["geometry_between"].mean(), color="black", linestyle="--", linewidth=1)
    _axis.set_xlabel("distance of two seeds' shapes; dashed: of two prompts")
    mo.vstack([mo.md("## Are the seeds different?"), bars])
    return bars, spread


@app.cell
def two_weights(mo, sweep):
    compared = sweep.compare("w20", "w100")
    _words = mo.md(
        """
        ## Does the weight make a difference?

        p is the share of all ways to deal the seeds of each prompt among the two weights whose difference is at
        least as large. With three seeds of two prompts there are 400 ways: enough for a hint, not for a claim.
        """
    )
    _columns = ["measure", "first", "second", "difference", "p"]
    mo.vstack([_words, mo.ui.table(compared[_columns].round(3), selection=None)])
    return (compared,)


if __name__ == "__main__":
    app.run()
