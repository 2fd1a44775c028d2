"""The answers of irrCAC, values and standard errors; runs in an environment of its own, because of its pins.

Reads cases from standard input and prints the same as `packages`. Stands alone.
"""

import json
import sys
import warnings
from importlib.metadata import version

import pandas as pd
from irrCAC.raw import CAC

METHODS = {"gwet": "gwet", "brennan_prediger": "bp", "fleiss": "fleiss", "conger": "conger", "alpha": "krippendorff"}
WEIGHTINGS = ("identity", "linear", "quadratic", "ordinal")


def answers(case):
    """Return value and error of five coefficients under four weightings."""
    if "truth" in case:
        return {}
    found = {}
    for weighting in WEIGHTINGS:
        table = CAC(pd.DataFrame(case["ratings"]), weights=weighting, categories=case["levels"], digits=14)
        for coefficient, method in METHODS.items():
            estimate = getattr(table, method)()["est"]
            found[f"value {coefficient} {weighting}"] = [float(estimate["coefficient_value"])]
            found[f"error {coefficient} {weighting}"] = [float(estimate["se"])]
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    given = json.load(sys.stdin)
    known = {"irrCAC": version("irrCAC")}
    json.dump({"versions": known, "answers": {case["id"]: answers(case) for case in given}}, sys.stdout)
