"""The answers of mlflow's compare_evaluations, ppi-python and judgy; runs in their own environment.

Reads cases from standard input and prints {"versions": ..., "answers": {case: {question: [numbers]}}}. Stands alone:
judgekit is not installed beside them. Every case of two versions is one scorer of one pair of evaluation runs, logged
as traces with feedback and compared by mlflow's public call.
"""

import json
import sys
import tempfile
import warnings
from importlib.metadata import version

import mlflow
import numpy as np
from judgy import estimate_success_rate
from judgy.synthetic import create_example_dataset
from mlflow.entities import AssessmentSource
from ppi_py import ppi_mean_ci

NAMES = ("mlflow", "ppi-python", "judgy", "numpy", "scipy")
MLFLOW_RUN = "mlflow.assessment.sourceRunId"


def compared(cases):
    """Return case -> question -> numbers, for cases of two versions."""
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment("versions")
        runs = {side: logged(cases, side) for side in ("baseline", "candidate")}
        result = mlflow.genai.compare_evaluations(runs["candidate"], runs["baseline"])
    return {case["id"]: said(case, result.scorers[case["id"]]) for case in cases}


def logged(cases, side):
    source = AssessmentSource(source_type="CODE", source_id="oracle")
    with mlflow.start_run() as run:
        for place in range(max(len(case[side]) for case in cases)):
            with mlflow.start_span("input") as span:
                span.set_inputs({"input": place})
            for case in cases:
                if place < len(case[side]):
                    value = bool(case[side][place]) if case["scale"] == "binary" else float(case[side][place])
                    mlflow.log_feedback(
                        trace_id=span.trace_id, name=case["id"], value=value, source=source,
                        metadata={MLFLOW_RUN: run.info.run_id},
                    )  # fmt: skip
    return run.info.run_id


def said(case, found):
    """Return mlflow's figures; the ends of its interval in standard errors from the difference."""
    assert found.status == "ok"
    away = np.subtract(case["candidate"], case["baseline"])
    error = away.std(ddof=1) / np.sqrt(len(away))
    answers = {"paired_mean": [found.diff], found.method: [found.p_value]}
    if case["scale"] != "binary":
        answers["bca"] = [(found.ci_low - found.diff) / error, (found.ci_high - found.diff) / error]
    return answers


def corrected(case):
    """Return ppi-python's interval of a partly labelled mean."""
    human, judged, others = (np.array(case[name], dtype=float) for name in ("human", "judged", "others"))
    low, high = ppi_mean_ci(human, judged, others, alpha=0.05)
    return {"ppi_python": [low.item(), high.item()]}


def judgy_says(case):
    """Return the counts of one of judgy's example problems, and its answer to it."""
    human, judged, others = create_example_dataset(case["judgy"])
    counts = [int(((human == one) & (judged == other)).sum()) for one in (1, 0) for other in (1, 0)]
    np.random.seed(42)
    value, low, high = estimate_success_rate(human, judged, others)
    return {"judgy_counts": [*counts, int(others.sum()), len(others)], "judgy": [value, low, high]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    given = json.load(sys.stdin)
    answers = compared([case for case in given if "baseline" in case])
    answers |= {case["id"]: corrected(case) for case in given if "others" in case}
    answers |= {case["id"]: judgy_says(case) for case in given if "judgy" in case}
    json.dump({"versions": {name: version(name) for name in NAMES}, "answers": answers}, sys.stdout)
